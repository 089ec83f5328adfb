/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The set of callers and their WebSockets. The bus objects above translate, the WebSockets below carry out. Counts of
 * WebSocket objects are kept for each caller and each user and are zero when they are gone.
 */

#include "broker-private.h"

#include "audit.h"
#include "authority.h"
#include "coded-error.h"

enum {
    WEBSOCKETS_WITHOUT_PERMISSION = 4 /* of a caller that may not connect anyway */
};

static void put_in_force(Policy *policy, gpointer user_data);

static gboolean
on_vet(WebSocket *websocket, GInetAddress *address, gboolean proxy, gpointer user_data, char **ret_reason)
{
    (void)user_data;
    return authority_vet(websocket, address, proxy, ret_reason);
}

/* Callers and their WebSockets. */

Broker *
broker_new(const BrokerSetup *setup, Policy *policy)
{
    Broker *broker = g_new0(Broker, 1);

    broker->setup = *setup;
    broker->caller_setup = (CallerSetup){ setup->config, setup->fences, share_new() };
    broker->events = *setup->events;
    broker->events.vet = on_vet;
    broker->policy = policy;
    broker->certificates = certificate_reader_new(setup->network->trust_cache);
    broker->generation = 1;
    broker->last_use = g_get_monotonic_time();
    broker->callers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)caller_free);
    broker->websockets =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)websocket_free);
    broker->user_counts = g_hash_table_new(NULL, NULL);
    broker->meters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    broker->policy_reader = policy_reader_new(setup->config_folders, put_in_force, broker);
    audit_policy_loaded(broker->generation);
    return broker;
}

void
broker_free(Broker *broker)
{
    policy_reader_free(broker->policy_reader);
    certificate_reader_free(broker->certificates);
    g_hash_table_unref(broker->websockets);
    g_hash_table_unref(broker->callers);
    share_unref(broker->caller_setup.share);
    g_hash_table_unref(broker->user_counts);
    g_hash_table_unref(broker->meters);
    policy_unref(broker->policy);
    g_free(broker);
}

void
broker_note_call(Broker *broker)
{
    broker->last_use = g_get_monotonic_time();
}

gint64
broker_get_idle_since(const Broker *broker)
{
    return g_hash_table_size(broker->websockets) > 0 || policy_reader_is_reading(broker->policy_reader)
               ? -1
               : broker->last_use;
}

/* NAME is taken. */
static DecisionMeter *
get_meter(Broker *broker, char *name)
{
    g_autofree char *owned = name;
    DecisionMeter *meter = g_hash_table_lookup(broker->meters, name);

    if (!meter) {
        meter = g_new0(DecisionMeter, 1);
        g_hash_table_insert(broker->meters, g_steal_pointer(&owned), meter);
    }
    return meter;
}

/* By the section that grants it something now. */
static void
set_meters(Broker *broker, Caller *caller)
{
    const char *section = policy_access_section(caller->access);

    caller->meters.refusals = get_meter(broker, g_strdup_printf("%u", caller->uid));
    caller->meters.allowances = get_meter(broker, g_strdup_printf("%u %s", caller->uid, section));
}

Caller *
broker_add_caller(Broker *broker, const char *name, uid_t uid, Subject *subject)
{
    Caller *caller = caller_new(name, uid, subject, broker->policy, &broker->caller_setup);

    set_meters(broker, caller);
    g_hash_table_insert(broker->callers, caller->name, caller);
    return caller;
}

Caller *
broker_find_caller(Broker *broker, const char *name)
{
    return g_hash_table_lookup(broker->callers, name);
}

static guint
user_count(const Broker *broker, uid_t uid)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(broker->user_counts, GUINT_TO_POINTER(uid)));
}

static void
set_user_count(Broker *broker, uid_t uid, guint count)
{
    if (count > 0)
        g_hash_table_insert(broker->user_counts, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(count));
    else
        g_hash_table_remove(broker->user_counts, GUINT_TO_POINTER(uid));
}

static void
drop_websocket(Broker *broker, WebSocket *websocket)
{
    Caller *owner = websocket_get_owner(websocket);
    guint64 id = websocket_get_id(websocket);

    owner->n_websockets--;
    set_user_count(broker, owner->uid, user_count(broker, owner->uid) - 1);
    g_hash_table_remove(broker->websockets, &id);
    broker_note_call(broker);
}

void
broker_release(Broker *broker, const Caller *caller, WebSocket *websocket)
{
    if (websocket_get_owner(websocket) != caller)
        websocket_terminate(
            websocket, WSB_CLOSE_GOING_AWAY, "",
            failure_new(STAGE_CANCELLED, /* code= */ 0, "An administrator released the WebSocket"));
    drop_websocket(broker, websocket);
}

/* Those of OWNER; all for NULL. */
static GPtrArray *
collect_websockets(Broker *broker, const Caller *owner)
{
    GPtrArray *found = g_ptr_array_new();
    GHashTableIter iter;
    gpointer websocket;

    g_hash_table_iter_init(&iter, broker->websockets);
    while (g_hash_table_iter_next(&iter, NULL, &websocket)) {
        if (!owner || websocket_get_owner(websocket) == owner)
            g_ptr_array_add(found, websocket);
    }
    return found;
}

void
broker_remove_caller(Broker *broker, const char *name)
{
    Caller *caller = broker_find_caller(broker, name);
    g_autoptr(GPtrArray) websockets = NULL;

    if (!caller)
        return;
    websockets = caller->n_websockets > 0 ? collect_websockets(broker, caller) : g_ptr_array_new();
    for (guint i = 0; i < websockets->len; i++)
        drop_websocket(broker, g_ptr_array_index(websockets, i));
    g_assert(caller->n_websockets == 0);
    g_hash_table_remove(broker->callers, name);
}

/* Those of the caller NAME; empty when there is none. */
static GPtrArray *
websockets_of(Broker *broker, const char *name)
{
    const Caller *caller = broker_find_caller(broker, name);

    return caller ? collect_websockets(broker, caller) : g_ptr_array_new();
}

void
broker_pause_caller(Broker *broker, const char *name, gboolean paused)
{
    g_autoptr(GPtrArray) websockets = websockets_of(broker, name);

    for (guint i = 0; i < websockets->len; i++)
        websocket_set_paused(g_ptr_array_index(websockets, i), paused);
}

void
broker_expel_caller(Broker *broker, const char *name)
{
    g_autoptr(GPtrArray) websockets = websockets_of(broker, name);

    for (guint i = 0; i < websockets->len; i++)
        websocket_terminate(
            g_ptr_array_index(websockets, i), WSB_CLOSE_POLICY_VIOLATION, "",
            failure_new(STAGE_LIMIT, /* code= */ 0, "The application does not read its messages"));
}

guint
broker_get_max_websockets(const Broker *broker, const Caller *caller)
{
    g_auto(Decision) decision = { 0 };

    return policy_access_permission(caller->access, &decision) ? broker->setup.config->max_websockets_per_user
                                                               : WEBSOCKETS_WITHOUT_PERMISSION;
}

static gboolean
check_websocket_quota(Broker *broker, const Caller *caller, GError **error)
{
    const BrokerConfig *config = broker->setup.config;

    if (broker->shutting_down)
        return coded_error_set(error, WSB_CODE_UNKNOWN, "The service is stopping");
    if (caller->n_websockets >= broker_get_max_websockets(broker, caller) ||
        user_count(broker, caller->uid) >= config->max_websockets_per_user)
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED, "The user has as many WebSockets as it may");
    if (g_hash_table_size(broker->websockets) >= config->max_websockets)
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED,
                               "The service has as many WebSockets as it may");
    return TRUE;
}

WebSocket *
broker_create_websocket(Broker *broker, Caller *caller, GError **error)
{
    guint64 *id;
    WebSocket *websocket;

    if (!check_websocket_quota(broker, caller, error))
        return NULL;
    id = g_new(guint64, 1);
    *id = ++broker->last_id;
    websocket = websocket_new(broker->setup.network, *id, caller, caller->limits.max_message_size,
                              &broker->events, broker->setup.events_data);
    g_hash_table_insert(broker->websockets, id, websocket);
    caller->n_websockets++;
    set_user_count(broker, caller->uid, user_count(broker, caller->uid) + 1);
    return websocket;
}

WebSocket *
broker_find_websocket(Broker *broker, const Caller *caller, guint64 id)
{
    WebSocket *websocket = g_hash_table_lookup(broker->websockets, &id);

    if (!websocket || (websocket_get_owner(websocket) != caller && !caller_is_administrator(caller)))
        return NULL;
    return websocket;
}

GPtrArray *
broker_list_websockets(Broker *broker, const Caller *caller)
{
    return collect_websockets(broker, caller_is_administrator(caller) ? NULL : caller);
}

Policy *
broker_get_policy(Broker *broker)
{
    return broker->policy;
}

guint
broker_get_policy_generation(const Broker *broker)
{
    return broker->generation;
}

const BrokerConfig *
broker_get_config(const Broker *broker)
{
    return broker->setup.config;
}

/* Another policy for all, and the end. */

static void
judge_all(Broker *broker)
{
    g_autoptr(GPtrArray) websockets = collect_websockets(broker, /* owner= */ NULL);

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

static void
put_in_force(Policy *policy, gpointer user_data)
{
    Broker *broker = user_data;
    GHashTableIter iter;
    gpointer caller;

    policy_unref(broker->policy);
    broker->policy = policy;
    broker->generation++;
    audit_policy_loaded(broker->generation);
    g_hash_table_iter_init(&iter, broker->callers);
    while (g_hash_table_iter_next(&iter, NULL, &caller)) {
        caller_set_policy(caller, policy, broker->setup.config);
        set_meters(broker, caller);
    }
    judge_all(broker);
}

gboolean
broker_reload(Broker *broker, PolicyAnswered answered, gpointer user_data, GError **error)
{
    return policy_reader_ask(broker->policy_reader, answered, user_data, error);
}

void
broker_shut_down(Broker *broker)
{
    g_autoptr(GPtrArray) websockets = collect_websockets(broker, /* owner= */ NULL);

    broker->shutting_down = TRUE;
    for (guint i = 0; i < websockets->len; i++)
        websocket_terminate(g_ptr_array_index(websockets, i), WSB_CLOSE_GOING_AWAY, "",
                            failure_new(STAGE_CANCELLED, /* code= */ 0, "The service is stopping"));
}
