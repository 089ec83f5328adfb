/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "broker.h"
#include "bus.h"
#include "gate.h"

/* What the bus objects have in common. */
typedef struct Objects {
    sd_bus *bus;
    Broker *broker;
    GHashTable *waiting_sends; /* WebSocket → sd_bus_message whose reply waits for room, owned here */
    Gate *gate;                /* NULL before there is one, and after */
    sd_bus_slot *slots[3];
} Objects;

/* EVENTS of every WebSocket go to an Objects, and those of every caller's fence: give it and these tables to the broker
 * and to the keeper of the fences. */
extern const WebSocketEvents objects_events;
extern const FenceEvents objects_fence_events;

/* Must stay where it is: slots refer to it. The broker is set before objects_register(). */
void objects_init(Objects *objects, sd_bus *bus);
void objects_clear(Objects *objects);

/* Puts both interfaces on the bus. A negative errno on failure. */
int objects_register(Objects *objects);

/* NAME has left the bus. Before the broker drops its WebSockets. */
void objects_remove_owner(Objects *objects, const char *name);

/* Keeps CALL, a Send, until WEBSOCKET has room or ends. */
void objects_hold_send(Objects *objects, WebSocket *websocket, sd_bus_message *call);
/* Before WEBSOCKET is dropped: a Send that waits is answered. */
void objects_forget(Objects *objects, WebSocket *websocket);

/* manager-object.c */
int manager_object_register(Objects *objects, sd_bus_slot **ret_slot);

/* websocket-object.c */
int websocket_object_register(Objects *objects, sd_bus_slot **ret_vtable, sd_bus_slot **ret_enumerator);
/* The object path. Free with g_free(). */
char *websocket_object_path(const WebSocket *websocket);
/* Appends the properties as a{sv}. */
int websocket_object_append_properties(sd_bus_message *message, const WebSocket *websocket);
/* How many bytes these are, about. */
gsize websocket_object_properties_size(const WebSocket *websocket);
/* bus-error.c: the D-Bus form of an error of CODED_ERROR: its name, and "CODE: message". A negative errno, for a
 * handler to return. */
int bus_error_set(sd_bus_error *ret_error, const GError *error);
/* The same for arguments of the right types that sd-bus has not read, with R: Parameter. Without it sd-bus answers
 * InconsistentMessage. */
int bus_error_set_unreadable(sd_bus_error *ret_error, int r);
