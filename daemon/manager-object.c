/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.wsbroker1.Manager: translates between the bus and the broker, and decides nothing but what is for
 * administrators, which the interface's table says. */

#define G_LOG_DOMAIN "wsbroker"

#include "objects.h"

#include "authority.h"
#include "bus-size.h"
#include "coded-error.h"
#include "gate.h"

#include <string.h>

enum { PATH_SIZE = 128 /* bytes of an entry that has no more than a path, about */ };

static Caller *
current_caller(Objects *objects)
{
    return gate_current_caller(objects->bus, objects->broker);
}

static int
require_administrator(Objects *objects, sd_bus_error *ret_error)
{
    g_autoptr(GError) error = NULL;

    if (caller_is_administrator(current_caller(objects)))
        return 0;
    coded_error_set(&error, WSB_CODE_PERMISSION_DENIED, "This is for administrators");
    return bus_error_set(ret_error, error);
}

static int
method_create_websocket(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    WebSocket *websocket = broker_create_websocket(objects->broker, current_caller(objects), &error);

    if (!websocket)
        return bus_error_set(ret_error, error);
    path = websocket_object_path(websocket);
    return sd_bus_reply_method_return(message, "o", path);
}

static int
reply_access(sd_bus_message *message, Objects *objects, const PolicyAccess *access, const char *url)
{
    g_auto(Decision) decision = { 0 };

    authority_explain(access, url, broker_get_config(objects->broker)->max_url_length, &decision);
    return sd_bus_reply_method_return(message, "bus", (int)decision.allowed, decision.code,
                                      decision.explanation ? decision.explanation : "");
}

static int
method_check_access(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    const char *url = NULL;
    int r = sd_bus_message_read(message, "s", &url);

    if (r < 0)
        return bus_error_set_unreadable(ret_error, r);
    return reply_access(message, objects, current_caller(objects)->access, url);
}

/* The reply to a call that its handler has kept. */
static void
reply_error(sd_bus_message *call, const GError *error)
{
    sd_bus_error reply = SD_BUS_ERROR_NULL;

    (void)bus_error_set(&reply, error);
    (void)sd_bus_reply_method_error(call, &reply);
    sd_bus_error_free(&reply);
}

/* Who was asked about has not called, so it had to be found out who that is. */
static void
on_inquired(sd_bus_message *call, const Subject *subject, const GError *error, gpointer user_data)
{
    Objects *objects = user_data;
    const char *who = NULL, *url = NULL;
    g_autoptr(PolicyAccess) access = NULL;

    if (error) {
        reply_error(call, error);
        return;
    }
    if (sd_bus_message_rewind(call, /* complete= */ TRUE) < 0 ||
        sd_bus_message_read(call, "ss", &who, &url) < 0)
        return;
    access = policy_access_new(broker_get_policy(objects->broker), subject);
    (void)reply_access(call, objects, access, url);
}

static int
method_explain_access(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    const char *who = NULL, *url = NULL;
    g_autoptr(GError) error = NULL;
    Caller *caller;
    int r = sd_bus_message_read(message, "ss", &who, &url);

    if (r < 0)
        return bus_error_set_unreadable(ret_error, r);
    r = require_administrator(objects, ret_error);
    if (r < 0)
        return r;
    caller = broker_find_caller(objects->broker, who);
    if (caller)
        return reply_access(message, objects, caller->access, url);
    if (gate_inquire(objects->gate, who, message, on_inquired, objects))
        return 1;
    coded_error_set(&error, WSB_CODE_LIMIT_EXCEEDED, "Too many are being looked up");
    return bus_error_set(ret_error, error);
}

/* As MaxConnectRate= is written. */
static char *
describe_rate(const ApplicationLimits *limits)
{
    return g_strdup_printf("%u/%s", limits->max_connect_rate,
                           limits->max_connect_interval == G_USEC_PER_SEC ? "s" : "min");
}

static int
append_limits(sd_bus_message *reply, Objects *objects)
{
    const Caller *caller = current_caller(objects);
    const BrokerConfig *config = broker_get_config(objects->broker);
    const CallerLimits *limits = &caller->limits;
    g_autofree char *rate = describe_rate(&limits->application);

    return sd_bus_message_append(
        reply, "a{sv}", 8, "MaxMessageSize", "t", (guint64)limits->max_message_size, "MaxBufferedBytes", "t",
        (guint64)limits->max_buffered_bytes, "MaxUrlLength", "t", (guint64)config->max_url_length,
        "MaxWebSockets", "u", broker_get_max_websockets(objects->broker, caller), "MaxConnectionsPerUser",
        "u", config->max_connections_per_user, "MaxConnections", "u", limits->application.max_connections,
        "MaxConnectRate", "s", rate, "MaxPendingHandshakes", "u", limits->application.max_pending_handshakes);
}

static int
method_who_am_i(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    _cleanup_message_ sd_bus_message *reply = NULL;
    g_autofree char *who = subject_to_string(current_caller(objects)->subject);
    int r = sd_bus_message_new_method_return(message, &reply);

    (void)ret_error;
    /* It may name very many groups. */
    fence_count(current_caller(objects)->fence, FENCE_REPLIES, strlen(who));
    if (r >= 0)
        r = sd_bus_message_append(reply, "s", who);
    if (r >= 0)
        r = append_limits(reply, objects);
    return r < 0 ? r : sd_bus_send(objects->bus, reply, NULL);
}

static int
append_websocket(sd_bus_message *reply, const WebSocket *websocket, gboolean with_properties)
{
    g_autofree char *path = websocket_object_path(websocket);
    int r = sd_bus_message_open_container(reply, 'r', "oa{sv}");

    if (r >= 0)
        r = sd_bus_message_append(reply, "o", path);
    if (r >= 0)
        r = with_properties ? websocket_object_append_properties(reply, websocket)
                            : sd_bus_message_append(reply, "a{sv}", 0);
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static gsize
websockets_size(const GPtrArray *websockets)
{
    gsize size = 0;

    for (guint i = 0; i < websockets->len; i++)
        size += websocket_object_properties_size(g_ptr_array_index(websockets, i));
    return size;
}

/* Where a bus would not carry all of it, what the largest have to say is left out: what is not used of the equal shares
 * goes to those behind. */
static int
append_websockets(sd_bus_message *reply, const Caller *caller, const GPtrArray *websockets)
{
    gboolean all = websockets_size(websockets) <= BUS_MESSAGE_MAX;
    gsize left = BUS_MESSAGE_MAX;
    int r = 0;

    for (guint i = 0; r >= 0 && i < websockets->len; i++) {
        const WebSocket *websocket = g_ptr_array_index(websockets, i);
        gsize size = websocket_object_properties_size(websocket);
        gboolean fits = all || size <= left / (websockets->len - i);

        if (!fits)
            size = MIN(PATH_SIZE, left);
        left -= size;
        fence_count(caller->fence, FENCE_REPLIES, size);
        r = append_websocket(reply, websocket, fits);
    }
    return r;
}

static int
method_list_websockets(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    _cleanup_message_ sd_bus_message *reply = NULL;
    const Caller *caller = current_caller(objects);
    g_autoptr(GPtrArray) websockets = broker_list_websockets(objects->broker, caller);
    int r = sd_bus_message_new_method_return(message, &reply);

    (void)ret_error;
    if (r >= 0)
        r = sd_bus_message_open_container(reply, 'a', "(oa{sv})");
    if (r >= 0)
        r = append_websockets(reply, caller, websockets);
    if (r >= 0)
        r = sd_bus_message_close_container(reply);
    return r < 0 ? r : sd_bus_send(objects->bus, reply, NULL);
}

static void
on_reloaded(const GError *error, gpointer user_data)
{
    sd_bus_message *call = user_data;

    if (error) {
        /* Whoever looks for it later is not who called. */
        g_message("%s", error->message);
        reply_error(call, error);
    } else {
        (void)sd_bus_reply_method_return(call, NULL);
    }
    sd_bus_message_unref(call);
}

static int
method_reload_policy(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    g_autoptr(GError) error = NULL;
    int r = require_administrator(objects, ret_error);

    if (r < 0)
        return r;
    if (!broker_reload(objects->broker, on_reloaded, message, &error))
        return bus_error_set(ret_error, error);
    sd_bus_message_ref(message);
    return 1;
}

static int
property_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                 sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    (void)bus, (void)path, (void)interface, (void)property, (void)user_data, (void)ret_error;
    return sd_bus_message_append(reply, "s", WSBROKER_VERSION);
}

static int
property_policy_generation(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;

    (void)bus, (void)path, (void)interface, (void)property, (void)ret_error;
    return sd_bus_message_append(reply, "u", broker_get_policy_generation(objects->broker));
}

static int
property_websockets(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    g_autoptr(GPtrArray) websockets = broker_list_websockets(objects->broker, current_caller(objects));

    (void)bus, (void)path, (void)interface, (void)property, (void)ret_error;
    return sd_bus_message_append(reply, "u", websockets->len);
}

/* In the words of dbus/org.wsbroker1.Manager.xml; a test compares them. */
static const sd_bus_vtable manager_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("CreateWebSocket", SD_BUS_NO_ARGS, SD_BUS_RESULT("o", websocket),
                            method_create_websocket, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("CheckAccess", SD_BUS_ARGS("s", url),
                            SD_BUS_RESULT("b", allowed, "u", code, "s", explanation), method_check_access,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ExplainAccess", SD_BUS_ARGS("s", subject, "s", url),
                            SD_BUS_RESULT("b", allowed, "u", code, "s", explanation), method_explain_access,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("WhoAmI", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", subject, "a{sv}", limits),
                            method_who_am_i, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ListWebSockets", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(oa{sv})", websockets),
                            method_list_websockets, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ReloadPolicy", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_reload_policy,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Version", "s", property_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("PolicyGeneration", "u", property_policy_generation, 0, 0),
    SD_BUS_PROPERTY("WebSockets", "u", property_websockets, 0, 0),
    SD_BUS_VTABLE_END,
};

int
manager_object_register(Objects *objects, sd_bus_slot **ret_slot)
{
    return sd_bus_add_object_vtable(objects->bus, ret_slot, WSB_MANAGER_PATH, WSB_MANAGER_INTERFACE,
                                    manager_vtable, objects);
}
