/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the bus vouches for, read without believing that it is complete: an older bus tells less. */

#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    MAX_GROUPS = 65536, /* NGROUPS_MAX of Linux */
    LABEL_MAX = 4096
};

void
credentials_clear(Credentials *credentials)
{
    g_clear_pointer(&credentials->groups, g_array_unref);
    g_clear_pointer(&credentials->label, g_free);
    if (credentials->pidfd >= 0)
        close(credentials->pidfd);
    credentials->pidfd = -1;
}

static int
read_uint32(sd_bus_message *reply, guint32 *ret_value, gboolean *ret_has)
{
    int r = sd_bus_message_read(reply, "v", "u", ret_value);

    *ret_has = r >= 0;
    return r;
}

static int
read_groups(sd_bus_message *reply, Credentials *credentials)
{
    const void *groups = NULL;
    size_t size = 0;
    int r = sd_bus_message_enter_container(reply, 'v', "au");

    if (r < 0)
        return r;
    r = sd_bus_message_read_array(reply, 'u', &groups, &size);
    if (r < 0)
        return r;
    if (size / sizeof(guint32) > MAX_GROUPS)
        return -E2BIG;
    G_STATIC_ASSERT(sizeof(gid_t) == sizeof(guint32));
    g_array_append_vals(credentials->groups, groups, (guint)(size / sizeof(guint32)));
    credentials->has_groups = TRUE;
    return sd_bus_message_exit_container(reply);
}

/* Bytes with a NUL at their end. */
static int
read_label(sd_bus_message *reply, Credentials *credentials)
{
    const void *bytes = NULL;
    size_t size = 0;
    int r = sd_bus_message_enter_container(reply, 'v', "ay");

    if (r >= 0)
        r = sd_bus_message_read_array(reply, 'y', &bytes, &size);
    if (r < 0)
        return r;
    if (size == 0 || size > LABEL_MAX || memchr(bytes, '\0', size) != (const char *)bytes + size - 1)
        return -EBADMSG;
    g_free(credentials->label);
    credentials->label = g_strndup(bytes, size - 1);
    return sd_bus_message_exit_container(reply);
}

static int
read_pidfd(sd_bus_message *reply, Credentials *credentials)
{
    int fd = -1, r = sd_bus_message_read(reply, "v", "h", &fd);

    if (r < 0)
        return r;
    if (credentials->pidfd >= 0)
        close(credentials->pidfd);
    credentials->pidfd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return credentials->pidfd < 0 ? -errno : 0;
}

static int
read_credential(sd_bus_message *reply, Credentials *credentials)
{
    const char *key = NULL;
    guint32 value = 0;
    int r = sd_bus_message_read(reply, "s", &key);

    if (r < 0)
        return r;
    if (g_str_equal(key, "UnixUserID")) {
        r = read_uint32(reply, &value, &credentials->has_uid);
        credentials->uid = value;
    } else if (g_str_equal(key, "ProcessID")) {
        r = read_uint32(reply, &value, &credentials->has_pid);
        credentials->pid = (pid_t)value;
    } else if (g_str_equal(key, "UnixGroupIDs")) {
        r = read_groups(reply, credentials);
    } else if (g_str_equal(key, "LinuxSecurityLabel")) {
        r = read_label(reply, credentials);
    } else if (g_str_equal(key, "ProcessFD")) {
        r = read_pidfd(reply, credentials);
    } else {
        r = sd_bus_message_skip(reply, "v");
    }
    return r;
}

int
credentials_read(sd_bus_message *reply, Credentials *credentials)
{
    int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

    while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
        r = read_credential(reply, credentials);
        if (r >= 0)
            r = sd_bus_message_exit_container(reply);
    }
    return r;
}
