/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Another policy for all callers and their connections, live ones too. It is read aside, and put in force between two
 * turns. Who asks for it while one is being read is not content with that one, as the files may have changed since it
 * began: for all of these together another is read after it.
 */

#include "broker-private.h"

#include "audit.h"
#include "authority.h"
#include "coded-error.h"

enum { REQUESTS_MAX = 64 };

typedef struct ReloadRequest {
    BrokerReloaded reloaded;
    gpointer user_data;
} ReloadRequest;

struct Reloads {
    Broker *broker;
    PolicyReader *reader;
    GArray *current; /* of ReloadRequest: for what is being read */
    GArray *next;    /* for what is read after it */
};

static void
judge_all(Broker *broker)
{
    g_autoptr(GPtrArray) websockets = broker_collect_websockets(broker, /* owner= */ NULL);

    for (guint i = 0; i < websockets->len; i++) {
        WebSocket *websocket = g_ptr_array_index(websockets, i);
        const Caller *caller = websocket_get_owner(websocket);
        g_auto(Decision) decision = { 0 };

        if (!websocket_is_busy(websocket) || authority_judge(websocket, &decision))
            continue;
        (void)audit_decision(caller->subject, caller->uid, &caller->meters, websocket_get_url(websocket),
                             &decision);
        websocket_terminate(websocket, WSB_CLOSE_POLICY_VIOLATION, "",
                            failure_new(STAGE_POLICY, decision.code, decision.explanation));
    }
}

/* POLICY is taken. */
static void
put_in_force(Broker *broker, Policy *policy)
{
    GHashTableIter iter;
    gpointer caller;

    policy_unref(broker->policy);
    broker->policy = policy;
    broker->generation++;
    audit_policy_loaded(broker->generation);
    g_hash_table_iter_init(&iter, broker->callers);
    while (g_hash_table_iter_next(&iter, NULL, &caller)) {
        caller_set_policy(caller, policy, broker->setup.config);
        broker_set_meters(broker, caller);
    }
    judge_all(broker);
}

static char *
join_problems(const Problems *problems)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < problems_count(problems); i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", problems_get(problems, i));
    return g_string_free(text, FALSE);
}

/* REQUESTS is empty then. */
static void
answer(GArray *requests, const GError *error)
{
    for (guint i = 0; i < requests->len; i++) {
        const ReloadRequest *request = &g_array_index(requests, ReloadRequest, i);

        request->reloaded(error, request->user_data);
    }
    g_array_set_size(requests, 0);
}

static void
on_read(Policy *policy, const Problems *problems, gpointer user_data)
{
    Reloads *reloads = user_data;
    g_autoptr(GError) error = NULL;

    if (policy) {
        put_in_force(reloads->broker, policy);
    } else {
        g_autofree char *text = join_problems(problems);

        coded_error_set(&error, WSB_CODE_UNKNOWN, "The policy in force stays: %s", text);
    }
    answer(reloads->current, error);
    if (reloads->next->len > 0) {
        GArray *served = reloads->current;

        reloads->current = reloads->next;
        reloads->next = served;
        policy_reader_start(reloads->reader);
    }
}

Reloads *
reloads_new(Broker *broker)
{
    Reloads *reloads = g_new0(Reloads, 1);

    reloads->broker = broker;
    reloads->reader = policy_reader_new(broker->setup.config_folders, on_read, reloads);
    reloads->current = g_array_new(FALSE, FALSE, sizeof(ReloadRequest));
    reloads->next = g_array_new(FALSE, FALSE, sizeof(ReloadRequest));
    return reloads;
}

void
reloads_free(Reloads *reloads)
{
    g_autoptr(GError) error = NULL;

    coded_error_set(&error, WSB_CODE_UNKNOWN, "The service is stopping");
    policy_reader_free(reloads->reader);
    answer(reloads->current, error);
    answer(reloads->next, error);
    g_array_unref(reloads->current);
    g_array_unref(reloads->next);
    g_free(reloads);
}

gboolean
reloads_pending(const Reloads *reloads)
{
    return policy_reader_is_reading(reloads->reader);
}

gboolean
broker_reload(Broker *broker, BrokerReloaded reloaded, gpointer user_data, GError **error)
{
    Reloads *reloads = broker->reloads;
    const ReloadRequest request = { reloaded, user_data };
    gboolean reading = policy_reader_is_reading(reloads->reader);

    if (reloads->next->len == REQUESTS_MAX)
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED,
                               "Too many reloads are waiting for the one under way");
    g_array_append_val(*(reading ? &reloads->next : &reloads->current), request);
    if (!reading)
        policy_reader_start(reloads->reader);
    return TRUE;
}
