/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The one place where it is decided what a caller may do. The bus objects above translate, the WebSockets below
 * carry out; both ask here, so the order of checks that the interface promises stands in one function for each
 * method. Counts of WebSocket objects are kept for each caller and each user and are zero when they are gone.
 */

#include "broker.h"

#include "audit.h"
#include "coded-error.h"
#include "utf8.h"

#include <string.h>

enum {
    WEBSOCKETS_WITHOUT_PERMISSION = 4,    /* of a caller that may not connect anyway */
    SIGNAL_MESSAGE_MAX = 30 * 1024 * 1024 /* a bus disconnects the sender of a larger message */
};

struct Broker {
    BrokerSetup setup;
    WebSocketEvents events; /* the setup's, with `vet` */
    Policy *policy;
    guint generation;
    GHashTable *callers;     /* unique name → Caller, owned here */
    GHashTable *websockets;  /* &id → WebSocket, owned here */
    GHashTable *user_counts; /* uid → WebSocket objects of it, as pointers */
    guint64 last_id;
    gboolean shutting_down;
};

/* Decisions. */

static gboolean
set_error_from_decision(GError **error, const Decision *decision)
{
    return coded_error_set(error, (wsb_code)decision->code, "%s", decision->explanation);
}

static gboolean
check_permission(const Caller *caller, GError **error)
{
    g_auto(Decision) decision = { 0 };

    if (policy_access_permission(caller->access, &decision))
        return TRUE;
    audit_decision(caller->subject, caller->uid, /* url= */ NULL, &decision);
    return set_error_from_decision(error, &decision);
}

/* Policy is asked of every URL that has an authority, whatever else is wrong with it. */
static gboolean
check_domain(const Caller *caller, const char *url, GError **error)
{
    g_autoptr(Url) authority = NULL;
    g_auto(Decision) decision = { 0 };
    gboolean allowed;

    if (!url_parse_authority(url, &authority))
        return TRUE;
    allowed = policy_access_url(caller->access, authority, &decision);
    audit_decision(caller->subject, caller->uid, authority, &decision);
    return allowed || set_error_from_decision(error, &decision);
}

void
broker_check_access(Broker *broker, const PolicyAccess *access, const char *url, Decision *ret_decision)
{
    g_autoptr(Url) authority = NULL;
    g_autoptr(Url) whole = NULL;
    g_autoptr(GError) error = NULL;

    if (!policy_access_permission(access, ret_decision))
        return;
    if (url_parse_authority(url, &authority)) {
        decision_clear(ret_decision);
        if (!policy_access_url(access, authority, ret_decision))
            return;
    }
    whole = url_parse(url, broker->setup.config->max_url_length, &error);
    if (!whole) {
        decision_clear(ret_decision);
        *ret_decision =
            (Decision){ .allowed = FALSE, .code = WSB_CODE_URL, .explanation = g_strdup(error->message) };
    }
}

static gboolean
on_vet(WebSocket *websocket, GInetAddress *address, gpointer user_data, char **ret_reason)
{
    const Caller *caller = websocket_get_owner(websocket);
    const Url *url = websocket_get_url(websocket);
    g_auto(Decision) decision = { 0 };

    (void)user_data;
    if (policy_access_address(caller->access, url, address, &decision))
        return TRUE;
    audit_decision(caller->subject, caller->uid, url, &decision);
    *ret_reason = g_strdup(decision.explanation);
    return FALSE;
}

/* Callers and their WebSockets. */

Broker *
broker_new(const BrokerSetup *setup, Policy *policy)
{
    Broker *broker = g_new0(Broker, 1);

    broker->setup = *setup;
    broker->events = *setup->events;
    broker->events.vet = on_vet;
    broker->policy = policy;
    broker->generation = 1;
    broker->callers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)caller_free);
    broker->websockets =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)websocket_free);
    broker->user_counts = g_hash_table_new(NULL, NULL);
    audit_policy_loaded(broker->generation);
    return broker;
}

void
broker_free(Broker *broker)
{
    g_hash_table_unref(broker->websockets);
    g_hash_table_unref(broker->callers);
    g_hash_table_unref(broker->user_counts);
    policy_unref(broker->policy);
    g_free(broker);
}

Caller *
broker_add_caller(Broker *broker, const char *name, uid_t uid, Subject *subject)
{
    Caller *caller = caller_new(name, uid, subject, broker->policy);

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

void
broker_release(Broker *broker, WebSocket *websocket)
{
    Caller *owner = websocket_get_owner(websocket);
    guint64 id = websocket_get_id(websocket);

    owner->n_websockets--;
    set_user_count(broker, owner->uid, user_count(broker, owner->uid) - 1);
    g_hash_table_remove(broker->websockets, &id);
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
        broker_release(broker, g_ptr_array_index(websockets, i));
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
    websocket = websocket_new(broker->setup.network, *id, caller, broker->setup.config->max_message_size,
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

/* Connect, Send, Close. */

/* An administrator sees another's WebSocket but does not speak through it. */
static gboolean
check_owner(const Caller *caller, const WebSocket *websocket, GError **error)
{
    if (websocket_get_owner(websocket) == caller)
        return TRUE;
    return coded_error_set(error, WSB_CODE_PERMISSION_DENIED, "The WebSocket is another's");
}

static void
fill_limits(const BrokerConfig *config, UpstreamLimits *limits)
{
    limits->max_message_size = MIN(config->max_message_size, (gsize)SIGNAL_MESSAGE_MAX);
    limits->max_backlog = config->max_buffered_bytes + 2 * config->max_message_size;
    limits->close_timeout = config->close_timeout;
    limits->ping_interval = (guint)(config->ping_interval / G_USEC_PER_SEC);
    limits->pong_timeout = (guint)(config->pong_timeout / G_USEC_PER_SEC);
}

/* A user in the URL goes out as Authorization; the application may not set another beside it. */
static gboolean
check_authorization(const char *url, const ConnectOptions *options, GError **error)
{
    g_autoptr(Url) parsed = NULL;
    guint count = 0;

    if (options->headers)
        (void)header_list_find(options->headers, "Authorization", &count);
    if (count == 0)
        return TRUE;
    parsed = url_parse(url, G_MAXSIZE, NULL);
    if (!parsed || !parsed->user)
        return TRUE;
    return coded_error_set(error, WSB_CODE_PARAMETER,
                           "option header: Authorization beside a user in the URL");
}

gboolean
broker_connect(Broker *broker, const Caller *caller, WebSocket *websocket, const char *url,
               ConnectOptions *options, GError **error)
{
    const BrokerConfig *config = broker->setup.config;
    g_auto(ConnectionRequest) request = { .connect_timeout = config->connect_timeout };
    g_autoptr(GError) url_error = NULL;

    if (!check_authorization(url, options, error) || !check_owner(caller, websocket, error) ||
        !check_permission(caller, error) || !check_domain(caller, url, error))
        return FALSE;
    if (websocket_is_busy(websocket))
        return coded_error_set(error, WSB_CODE_CONNECTION_EXISTS, "The WebSocket has a connection already");
    request.url = url_parse(url, config->max_url_length, &url_error);
    if (!request.url)
        return coded_error_set(error, WSB_CODE_URL, "%s", url_error->message);
    if (broker->shutting_down)
        return coded_error_set(error, WSB_CODE_UNKNOWN, "The service is stopping");
    request.headers = g_steal_pointer(&options->headers);
    request.protocols = g_steal_pointer(&options->protocols);
    fill_limits(config, &request.limits);
    if (!websocket_connect(websocket, &request, &url_error))
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED, "%s", url_error->message);
    return TRUE;
}

static gboolean
check_open(const WebSocket *websocket, GError **error)
{
    if (websocket_get_info(websocket)->state == WEBSOCKET_OPEN)
        return TRUE;
    return coded_error_set(error, WSB_CODE_NOT_CONNECTED, "The WebSocket is not connected");
}

static gboolean
has_room(const Broker *broker, const WebSocket *websocket)
{
    return websocket_get_buffered(websocket) <= broker->setup.config->max_buffered_bytes;
}

gboolean
broker_send(Broker *broker, const Caller *caller, WebSocket *websocket, gboolean text, GBytes *data,
            gboolean *ret_waits, GError **error)
{
    gsize length = 0;
    const guint8 *bytes = g_bytes_get_data(data, &length);

    if (length > broker->setup.config->max_message_size)
        return coded_error_set(error, WSB_CODE_PARAMETER, "The message is larger than MaxMessageSize");
    if (text && !utf8_valid(bytes, length))
        return coded_error_set(error, WSB_CODE_PARAMETER, "The text is not UTF-8");
    if (!check_owner(caller, websocket, error) || !check_permission(caller, error) ||
        !check_open(websocket, error))
        return FALSE;
    if (websocket_get_info(websocket)->send_waits)
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED, "A message already waits for room");
    websocket_send(websocket, text, data);
    *ret_waits = !has_room(broker, websocket);
    websocket_set_send_waits(websocket, *ret_waits);
    return TRUE;
}

gboolean
broker_take_room(Broker *broker, WebSocket *websocket)
{
    if (!websocket_get_info(websocket)->send_waits || !has_room(broker, websocket))
        return FALSE;
    websocket_set_send_waits(websocket, FALSE);
    return TRUE;
}

/* RFC 6455 section 7.4: what an endpoint that is a client may send. */
static gboolean
close_code_is_sendable(guint16 code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || (code >= 3000 && code <= 4999);
}

/* The owner with its permission; an administrator without. */
static gboolean
check_may_close(const Caller *caller, const WebSocket *websocket, GError **error)
{
    if (websocket_get_owner(websocket) == caller)
        return check_permission(caller, error);
    return caller_is_administrator(caller) || check_owner(caller, websocket, error);
}

gboolean
broker_close(Broker *broker, const Caller *caller, WebSocket *websocket, guint16 code, const char *reason,
             GError **error)
{
    WebSocketState state = websocket_get_info(websocket)->state;

    (void)broker;
    if (!close_code_is_sendable(code))
        return coded_error_set(error, WSB_CODE_PARAMETER, "The close code %u may not be sent", code);
    if (strlen(reason) > WSB_CLOSE_REASON_MAX)
        return coded_error_set(error, WSB_CODE_PARAMETER, "The reason has more than %d bytes",
                               WSB_CLOSE_REASON_MAX);
    if (!check_may_close(caller, websocket, error))
        return FALSE;
    if (state != WEBSOCKET_CONNECTING && !check_open(websocket, error))
        return FALSE;
    websocket_close(websocket, code, reason);
    return TRUE;
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

/* Reload and the end. */

/* Whether the policy in force still allows what WEBSOCKET is doing. */
static gboolean
judge(WebSocket *websocket, Decision *ret_decision)
{
    const Caller *caller = websocket_get_owner(websocket);
    const char *dialled = websocket_get_info(websocket)->remote_address;
    const Url *url = websocket_get_url(websocket);
    g_autoptr(GSocketConnectable) remote = NULL;
    g_autoptr(GInetAddress) address = NULL;

    if (!policy_access_permission(caller->access, ret_decision))
        return FALSE;
    decision_clear(ret_decision);
    if (!policy_access_url(caller->access, url, ret_decision))
        return FALSE;
    remote = *dialled ? g_network_address_parse(dialled, url->port, NULL) : NULL;
    if (remote)
        address = g_inet_address_new_from_string(g_network_address_get_hostname(G_NETWORK_ADDRESS(remote)));
    if (!address)
        return TRUE;
    decision_clear(ret_decision);
    return policy_access_address(caller->access, url, address, ret_decision);
}

static void
judge_all(Broker *broker)
{
    g_autoptr(GPtrArray) websockets = collect_websockets(broker, /* owner= */ NULL);

    for (guint i = 0; i < websockets->len; i++) {
        WebSocket *websocket = g_ptr_array_index(websockets, i);
        const Caller *caller = websocket_get_owner(websocket);
        g_auto(Decision) decision = { 0 };

        if (!websocket_is_busy(websocket) || judge(websocket, &decision))
            continue;
        audit_decision(caller->subject, caller->uid, websocket_get_url(websocket), &decision);
        websocket_terminate(websocket, WSB_CLOSE_POLICY_VIOLATION, "",
                            failure_new(STAGE_POLICY, decision.code, decision.explanation));
    }
}

static char *
join_problems(const Problems *problems)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < problems_count(problems); i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", problems_get(problems, i));
    return g_string_free(text, FALSE);
}

gboolean
broker_reload(Broker *broker, GError **error)
{
    g_autoptr(Problems) problems = problems_new();
    Policy *policy = policy_load(broker->setup.config_folders, problems);
    GHashTableIter iter;
    gpointer caller;

    if (!policy) {
        g_autofree char *text = join_problems(problems);
        return coded_error_set(error, WSB_CODE_UNKNOWN, "The policy in force stays: %s", text);
    }
    policy_unref(broker->policy);
    broker->policy = policy;
    broker->generation++;
    audit_policy_loaded(broker->generation);
    g_hash_table_iter_init(&iter, broker->callers);
    while (g_hash_table_iter_next(&iter, NULL, &caller))
        caller_set_policy(caller, policy);
    judge_all(broker);
    return TRUE;
}

void
broker_shut_down(Broker *broker)
{
    g_autoptr(GPtrArray) websockets = collect_websockets(broker, /* owner= */ NULL);

    broker->shutting_down = TRUE;
    for (guint i = 0; i < websockets->len; i++)
        websocket_terminate(g_ptr_array_index(websockets, i), WSB_CLOSE_GOING_AWAY, "",
                            websocket_get_info(g_ptr_array_index(websockets, i))->state ==
                                    WEBSOCKET_CONNECTING
                                ? failure_new(STAGE_CANCELLED, /* code= */ 0, "The service is stopping")
                                : NULL);
}
