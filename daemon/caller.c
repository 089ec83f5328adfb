/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From a unique name on the bus to a subject of policy. The bus vouches for uid and groups, which it has from the
 * kernel; the rest is read from the process it names. Whatever does not fit, is missing or comes too late leaves the
 * caller unidentified, which policy treats as nobody, never as somebody of that user.
 */

#include "caller.h"

#include "bus.h"
#include "credentials.h"
#include "process.h"

enum { BUS_TIMEOUT_USEC = 5 * G_USEC_PER_SEC };

/* First the bus is asked, then, for the names of the user and maybe the groups that it tells, the system, and about the
 * process the kernel. */
struct CallerQuestion {
    Identifier *identifier;
    gboolean group_names;
    CallerIdentified callback;
    gpointer user_data;
    sd_bus_slot *slot; /* of the question to the bus */
    UserQuestion *user_question;
    Subject *subject;               /* the user, as far as it is known already */
    Identification *identification; /* of the question about the process */
    Credentials credentials;
};

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

static void
take_policy(Caller *caller, Policy *policy, const BrokerConfig *config)
{
    g_clear_pointer(&caller->access, policy_access_free);
    caller->access = policy_access_new(policy, caller->subject);
    resolve_limits(policy_access_limits(caller->access), config, &caller->limits);
}

Caller *
caller_new(const char *name, uid_t uid, Subject *subject, Policy *policy, const CallerSetup *setup)
{
    Caller *caller = g_new0(Caller, 1);

    caller->name = g_strdup(name);
    caller->uid = uid;
    caller->subject = subject;
    take_policy(caller, policy, setup->config);
    caller->share = share_new_connection(setup->share, uid, policy_access_section(caller->access));
    caller->fence = fence_new(setup->fences, name, caller->share, caller->limits.max_buffered_bytes);
    return caller;
}

void
caller_free(Caller *caller)
{
    fence_free(caller->fence);
    share_unref(caller->share);
    g_free(caller->name);
    subject_free(caller->subject);
    policy_access_free(caller->access);
    g_free(caller);
}

void
caller_set_policy(Caller *caller, Policy *policy, const BrokerConfig *config)
{
    take_policy(caller, policy, config);
    fence_set_signal_window(caller->fence, caller->limits.max_buffered_bytes);
}

gboolean
caller_is_administrator(const Caller *caller)
{
    return caller->uid == 0 || policy_access_is_administrator(caller->access);
}

/* Identification. */

static void
conclude(CallerQuestion *question, Subject *subject)
{
    question->callback(subject ? subject : subject_new_unidentified(), question->credentials.uid,
                       question->user_data);
}

/* USER, which is taken, with all that is known; or NULL. */
static Subject *
complete_subject(Subject *user, const Credentials *credentials, const ProcessFacts *facts)
{
    g_autoptr(Subject) subject = user;

    if (credentials->label && !subject_set_label(subject, credentials->label))
        return NULL;
    return process_complete_subject(facts, subject) ? g_steal_pointer(&subject) : NULL;
}

static void
on_facts(const ProcessFacts *facts, gpointer user_data)
{
    CallerQuestion *question = user_data;

    conclude(question,
             facts ? complete_subject(g_steal_pointer(&question->subject), &question->credentials, facts)
                   : NULL);
}

static void
on_user_named(Subject *subject, const GError *error, gpointer user_data)
{
    CallerQuestion *question = user_data;
    const Credentials *credentials = &question->credentials;

    (void)error;
    question->subject = subject;
    if (subject)
        question->identification = identifier_ask(question->identifier, credentials->pid, credentials->pidfd,
                                                  credentials->uid, on_facts, question);
    else
        conclude(question, NULL);
}

static int
on_credentials(sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    CallerQuestion *question = user_data;
    Credentials *credentials = &question->credentials;

    (void)ret_error;
    /* Only the bus itself is believed, whoever else may have guessed which call this answers. */
    if (g_strcmp0(sd_bus_message_get_sender(reply), "org.freedesktop.DBus") != 0 ||
        sd_bus_message_is_method_error(reply, NULL) || credentials_read(reply, credentials) < 0 ||
        !credentials->has_uid || !credentials->has_pid || !credentials->has_groups || credentials->pid <= 0)
        conclude(question, NULL);
    else
        question->user_question =
            user_names_ask(identifier_get_user_names(question->identifier), credentials->uid,
                           credentials->groups, question->group_names, on_user_named, question);
    return 1;
}

void
caller_question_free(CallerQuestion *question)
{
    sd_bus_slot_unref(question->slot);
    g_clear_pointer(&question->user_question, user_question_free);
    g_clear_pointer(&question->identification, identification_free);
    g_clear_pointer(&question->subject, subject_free);
    credentials_clear(&question->credentials);
    g_free(question);
}

CallerQuestion *
caller_identify(sd_bus *bus, Identifier *identifier, const char *name, gboolean group_names,
                CallerIdentified callback, gpointer user_data)
{
    _cleanup_message_ sd_bus_message *call = NULL;
    CallerQuestion *question = g_new0(CallerQuestion, 1);
    int r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "GetConnectionCredentials");

    question->identifier = identifier;
    question->group_names = group_names;
    question->callback = callback;
    question->user_data = user_data;
    question->credentials = CREDENTIALS_INIT;
    if (r >= 0)
        r = sd_bus_message_append(call, "s", name);
    if (r >= 0)
        r = sd_bus_call_async(bus, &question->slot, call, on_credentials, question, BUS_TIMEOUT_USEC);
    if (r < 0)
        g_clear_pointer(&question, caller_question_free);
    return question;
}
