/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Events on their way up: what a WebSocket reports becomes a signal to its owner, and to nobody else. A message that
 * cannot be built or queued is the end of that owner's trust in us, so it is logged; it never stops the service.
 */

#define G_LOG_DOMAIN "wsbroker"

#include "objects.h"

#include "bus-append.h"
#include "coded-error.h"

#include <errno.h>
#include <string.h>

enum {
    SIGNAL_OVERHEAD = 256, /* bytes that a signal costs the bus beside its message, about */
    HEADER_OVERHEAD = 32   /* likewise a header beside its name and value */
};

/* A signal of WEBSOCKET, addressed to its owner. */
static int
signal_new(Objects *objects, const WebSocket *websocket, const char *interface, const char *name,
           sd_bus_message **ret_signal)
{
    g_autofree char *path = websocket_object_path(websocket);
    const Caller *owner = websocket_get_owner(websocket);
    int r = sd_bus_message_new_signal(objects->bus, ret_signal, path, interface, name);

    return r < 0 ? r : sd_bus_message_set_destination(*ret_signal, owner->name);
}

static void
send_signal(Objects *objects, sd_bus_message *signal, int r, const char *name)
{
    if (r >= 0)
        r = sd_bus_send(objects->bus, signal, NULL);
    /* When the bus is gone, there is nobody to tell; see main.c. */
    if (r < 0 && r != -ENOTCONN && r != -ECONNRESET)
        g_warning("A signal %s could not be sent: %s", name, g_strerror(-r));
}

static void
on_state_changed(WebSocket *websocket, gpointer user_data)
{
    Objects *objects = user_data;
    _cleanup_message_ sd_bus_message *signal = NULL;
    const char *state = websocket_state_to_string(websocket_get_info(websocket)->state);
    int r = signal_new(objects, websocket, "org.freedesktop.DBus.Properties", "PropertiesChanged", &signal);

    if (r >= 0)
        r = sd_bus_message_append(signal, "sa{sv}as", WSB_WEBSOCKET_INTERFACE, 1, "State", "s", state, 0);
    send_signal(objects, signal, r, "PropertiesChanged");
}

/* How far owners have read. */

static void
count_signal(const WebSocket *websocket, gsize bytes)
{
    const Caller *owner = websocket_get_owner(websocket);

    fence_count(owner->fence, FENCE_SIGNALS, bytes + SIGNAL_OVERHEAD);
}

static void
on_fence_full(Fence *fence, FenceKind kind, gboolean full, gpointer user_data)
{
    Objects *objects = user_data;

    if (kind == FENCE_SIGNALS)
        broker_pause_caller(objects->broker, fence_get_name(fence), full);
    else if (!full && objects->gate)
        gate_open(objects->gate, fence_get_name(fence));
}

static void
on_fence_dead(Fence *fence, gpointer user_data)
{
    Objects *objects = user_data;

    if (objects->gate && fence_is_full(fence, FENCE_REPLIES))
        gate_refuse(objects->gate, fence_get_name(fence));
    broker_expel_caller(objects->broker, fence_get_name(fence));
}

const FenceEvents objects_fence_events = { .full = on_fence_full, .dead = on_fence_dead };

static gsize
headers_size(const HeaderList *headers)
{
    gsize size = 0;

    for (guint i = 0; i < header_list_length(headers); i++) {
        const Header *header = header_list_get(headers, i);
        size += strlen(header->name) + strlen(header->value) + HEADER_OVERHEAD;
    }
    return size;
}

static void
on_header_receive(WebSocket *websocket, const HeaderList *headers, gpointer user_data)
{
    Objects *objects = user_data;
    _cleanup_message_ sd_bus_message *signal = NULL;
    int r = signal_new(objects, websocket, WSB_WEBSOCKET_INTERFACE, "HeaderReceive", &signal);

    if (r >= 0)
        r = bus_append_headers(signal, headers);
    send_signal(objects, signal, r, "HeaderReceive");
    count_signal(websocket, headers_size(headers));
}

static gboolean
is_owned_by(gpointer websocket, gpointer call, gpointer name)
{
    (void)call;
    return g_str_equal(((const Caller *)websocket_get_owner(websocket))->name, name);
}

void
objects_remove_owner(Objects *objects, const char *name)
{
    (void)g_hash_table_foreach_remove(objects->waiting_sends, is_owned_by, (gpointer)name);
}

static void
on_open(WebSocket *websocket, gpointer user_data)
{
    Objects *objects = user_data;
    _cleanup_message_ sd_bus_message *signal = NULL;
    Fence *fence = ((const Caller *)websocket_get_owner(websocket))->fence;
    int r = signal_new(objects, websocket, WSB_WEBSOCKET_INTERFACE, "Open", &signal);

    if (r >= 0)
        r = sd_bus_message_append(signal, "us", 101, "Switching Protocols");
    send_signal(objects, signal, r, "Open");
    /* The owner's other WebSockets may have filled its window already. */
    if (fence_is_dead(fence))
        broker_expel_caller(objects->broker, fence_get_name(fence));
    else if (fence_is_full(fence, FENCE_SIGNALS))
        websocket_set_paused(websocket, TRUE);
    count_signal(websocket, 0);
}

static void
on_message(WebSocket *websocket, gboolean text, GBytes *data, gpointer user_data)
{
    Objects *objects = user_data;
    _cleanup_message_ sd_bus_message *signal = NULL;
    int r = signal_new(objects, websocket, WSB_WEBSOCKET_INTERFACE, "Message", &signal);

    if (r >= 0)
        r = bus_append_data(signal, text, data);
    send_signal(objects, signal, r, "Message");
    count_signal(websocket, g_bytes_get_size(data));
}

static void
on_error(WebSocket *websocket, const Failure *failure, gpointer user_data)
{
    Objects *objects = user_data;
    _cleanup_message_ sd_bus_message *signal = NULL;
    int r = signal_new(objects, websocket, WSB_WEBSOCKET_INTERFACE, "Error", &signal);

    if (r >= 0)
        r = sd_bus_message_append(signal, "u", failure->code);
    if (r >= 0)
        r = bus_append_text(signal, failure->message);
    if (r >= 0)
        r = bus_append_details(signal, failure);
    send_signal(objects, signal, r, "Error");
    count_signal(websocket, failure->headers ? headers_size(failure->headers) : 0);
}

static void
on_close(WebSocket *websocket, guint16 code, const char *reason, gpointer user_data)
{
    Objects *objects = user_data;
    _cleanup_message_ sd_bus_message *signal = NULL;
    int r = signal_new(objects, websocket, WSB_WEBSOCKET_INTERFACE, "Close", &signal);

    objects_forget(objects, websocket);
    if (r >= 0)
        r = sd_bus_message_append(signal, "q", code);
    if (r >= 0)
        r = bus_append_text(signal, reason);
    send_signal(objects, signal, r, "Close");
}

static void
on_abandoned(WebSocket *websocket, gpointer user_data)
{
    Objects *objects = user_data;

    objects_forget(objects, websocket);
    broker_release(objects->broker, websocket_get_owner(websocket), websocket);
}

/* The one Send of a WebSocket that waits for room. */

void
objects_hold_send(Objects *objects, WebSocket *websocket, sd_bus_message *call)
{
    g_hash_table_insert(objects->waiting_sends, websocket, sd_bus_message_ref(call));
}

static sd_bus_message *
take_waiting_send(Objects *objects, WebSocket *websocket)
{
    gpointer call = NULL;

    (void)g_hash_table_steal_extended(objects->waiting_sends, websocket, NULL, &call);
    return call;
}

static void
on_progress(WebSocket *websocket, gpointer user_data)
{
    Objects *objects = user_data;
    _cleanup_message_ sd_bus_message *call = NULL;

    if (!broker_take_room(websocket))
        return;
    call = take_waiting_send(objects, websocket);
    (void)sd_bus_reply_method_return(call, NULL);
}

void
objects_forget(Objects *objects, WebSocket *websocket)
{
    _cleanup_message_ sd_bus_message *call = take_waiting_send(objects, websocket);

    if (call)
        (void)sd_bus_reply_method_errorf(call, coded_error_get_dbus_name(WSB_CODE_NOT_CONNECTED),
                                         "%d: The connection ended before there was room",
                                         WSB_CODE_NOT_CONNECTED);
}

const WebSocketEvents objects_events = { .state_changed = on_state_changed,
                                         .header_receive = on_header_receive,
                                         .open = on_open,
                                         .message = on_message,
                                         .progress = on_progress,
                                         .error = on_error,
                                         .close = on_close,
                                         .abandoned = on_abandoned };

void
objects_init(Objects *objects, sd_bus *bus)
{
    *objects = (Objects){ .bus = bus };
    objects->waiting_sends = g_hash_table_new_full(NULL, NULL, NULL, bus_message_unref);
}

int
objects_register(Objects *objects)
{
    int r = manager_object_register(objects, &objects->slots[0]);

    return r < 0 ? r : websocket_object_register(objects, &objects->slots[1], &objects->slots[2]);
}

void
objects_clear(Objects *objects)
{
    for (gsize i = 0; i < G_N_ELEMENTS(objects->slots); i++)
        objects->slots[i] = sd_bus_slot_unref(objects->slots[i]);
    g_hash_table_unref(objects->waiting_sends);
}
