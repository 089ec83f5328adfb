/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What /proc says of a caller's process. In any doubt the answer is no. */

#include "process.h"

#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024 };

static int
open_process(pid_t pid)
{
    char path[64];

    g_snprintf(path, sizeof(path), "/proc/%d", pid);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The text of a file of the process; NULL when it cannot be read whole, or has a NUL. */
static char *
read_text(int process_fd, const char *name)
{
    g_autofree char *text = g_malloc(FILE_MAX + 1);
    int fd = openat(process_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    gsize length = 0;
    gssize n = -1;

    if (fd < 0)
        return NULL;
    while (length < FILE_MAX) {
        n = read(fd, text + length, FILE_MAX - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        length += (gsize)n;
    }
    close(fd);
    if (n != 0 || memchr(text, '\0', length))
        return NULL;
    text[length] = '\0';
    return g_steal_pointer(&text);
}

/* The effective id in the line KEY of /proc/PID/status: "Uid:\treal\teffective\tsaved\tfile system". */
static gboolean
status_effective_id(const char *status, const char *key, guint *ret_id)
{
    const char *line = strstr(status, key);
    guint real;

    return line && sscanf(line + strlen(key), "%u %u", &real, ret_id) == 2;
}

static gboolean
groups_contain(const Subject *subject, gid_t gid)
{
    for (guint i = 0; i < subject->groups->len; i++) {
        if (g_array_index(subject->groups, gid_t, i) == gid)
            return TRUE;
    }
    return FALSE;
}

static gboolean
credentials_match(int process_fd, const Subject *subject)
{
    g_autofree char *status = read_text(process_fd, "status");
    guint uid, gid;

    return status && status_effective_id(status, "\nUid:", &uid) &&
           status_effective_id(status, "\nGid:", &gid) && uid == subject->uid && groups_contain(subject, gid);
}

/* As systemd tells: a container may have version 2 where its host, whose entries it sees, has version 1. */
static gboolean
cgroups_are_unified(void)
{
    struct statfs filesystem;

    return statfs("/sys/fs/cgroup", &filesystem) == 0 && filesystem.f_type == CGROUP2_SUPER_MAGIC;
}

gboolean
process_identify(pid_t pid, Subject *subject)
{
    int process_fd = open_process(pid);
    g_autofree char *cgroup = NULL;
    gboolean known;

    if (process_fd < 0)
        return FALSE;
    cgroup = read_text(process_fd, "cgroup");
    /* The credentials last, so that they vouch for what was read before. */
    known = cgroup &&
            cgroup_parse(cgroup, cgroups_are_unified(), subject->uid, &subject->unit, &subject->user_unit) &&
            credentials_match(process_fd, subject);
    close(process_fd);
    return known;
}
