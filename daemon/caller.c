/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From a unique name on the bus to a subject of policy. The bus vouches for uid and groups, which it has from the
 * kernel; the rest is read from the process it names. Whatever does not fit, is missing or comes too late leaves the
 * caller unidentified, which policy treats as nobody, never as somebody of that user.
 */

#include "caller.h"

#include "process.h"

#include <errno.h>
#include <string.h>

enum {
    BUS_TIMEOUT_USEC = 5 * G_USEC_PER_SEC,
    MAX_GROUPS = 65536, /* NGROUPS_MAX of Linux */
    LABEL_MAX = 4096
};

/* What GetConnectionCredentials says. */
typedef struct Credentials {
    gboolean has_uid, has_pid, has_groups;
    uid_t uid;
    pid_t pid;
    GArray *groups; /* of gid_t */
    char *label;    /* as the bus gives it; "" for none */
} Credentials;

typedef struct Question {
    CallerIdentified callback;
    gpointer user_data;
} Question;

Caller *
caller_new(const char *name, uid_t uid, Subject *subject, Policy *policy, const BrokerConfig *config)
{
    Caller *caller = g_new0(Caller, 1);

    caller->name = g_strdup(name);
    caller->uid = uid;
    caller->subject = subject;
    caller_set_policy(caller, policy, config);
    return caller;
}

void
caller_free(Caller *caller)
{
    g_free(caller->name);
    subject_free(caller->subject);
    policy_access_free(caller->access);
    g_free(caller);
}

static void
resolve_limits(const PolicyLimits *policy, const BrokerConfig *config, CallerLimits *ret_limits)
{
    ApplicationLimits *application = &ret_limits->application;

    application->max_connections = (guint)policy_limit_resolve(&policy->connections, config->max_connections);
    application->max_connect_rate = config->max_connect_rate;
    application->max_connect_interval = config->max_connect_interval;
    policy_limit_resolve_rate(&policy->connect_rate, &application->max_connect_rate,
                              &application->max_connect_interval);
    application->max_pending_handshakes =
        (guint)policy_limit_resolve(&policy->pending_handshakes, config->max_pending_handshakes);
    ret_limits->max_message_size = policy_limit_resolve(&policy->message_size, config->max_message_size);
    ret_limits->max_buffered_bytes =
        policy_limit_resolve(&policy->buffered_bytes, config->max_buffered_bytes);
}

void
caller_set_policy(Caller *caller, Policy *policy, const BrokerConfig *config)
{
    g_clear_pointer(&caller->access, policy_access_free);
    caller->access = policy_access_new(policy, caller->subject);
    resolve_limits(policy_access_limits(caller->access), config, &caller->limits);
}

gboolean
caller_is_administrator(const Caller *caller)
{
    return caller->uid == 0 || policy_access_is_administrator(caller->access);
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
    } else {
        r = sd_bus_message_skip(reply, "v");
    }
    return r;
}

static int
read_credentials(sd_bus_message *reply, Credentials *credentials)
{
    int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

    while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
        r = read_credential(reply, credentials);
        if (r >= 0)
            r = sd_bus_message_exit_container(reply);
    }
    return r;
}

static Subject *
subject_from_credentials(const Credentials *credentials)
{
    g_autoptr(Subject) subject = NULL;

    if (!credentials->has_uid || !credentials->has_pid || !credentials->has_groups || credentials->pid <= 0)
        return subject_new_unidentified();
    subject = subject_new_for_uid(credentials->uid);
    g_array_append_vals(subject->groups, credentials->groups->data, credentials->groups->len);
    if ((credentials->label && !subject_set_label(subject, credentials->label)) ||
        !process_identify(credentials->pid, subject))
        return subject_new_unidentified();
    return g_steal_pointer(&subject);
}

static int
on_credentials(sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    Question *question = user_data;
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    Credentials credentials = { .uid = (uid_t)-1, .groups = groups };
    g_autofree char *label = NULL;
    Subject *subject;

    (void)ret_error;
    if (sd_bus_message_is_method_error(reply, NULL) || read_credentials(reply, &credentials) < 0)
        subject = subject_new_unidentified();
    else
        subject = subject_from_credentials(&credentials);
    label = credentials.label;
    question->callback(subject, credentials.has_uid ? credentials.uid : (uid_t)-1, question->user_data);
    return 1;
}

int
caller_identify(sd_bus *bus, const char *name, CallerIdentified callback, gpointer user_data,
                sd_bus_slot **ret_slot)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *call = NULL;
    __attribute__((cleanup(sd_bus_slot_unrefp))) sd_bus_slot *slot = NULL;
    Question *question;
    int r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "GetConnectionCredentials");

    if (r >= 0)
        r = sd_bus_message_append(call, "s", name);
    if (r < 0)
        return r;
    question = g_new0(Question, 1);
    question->callback = callback;
    question->user_data = user_data;
    r = sd_bus_call_async(bus, &slot, call, on_credentials, question, BUS_TIMEOUT_USEC);
    if (r < 0) {
        g_free(question);
        return r;
    }
    r = sd_bus_slot_set_destroy_callback(slot, g_free);
    if (r < 0)
        return r;
    *ret_slot = g_steal_pointer(&slot);
    return 0;
}
