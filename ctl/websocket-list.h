/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call.h"
#include "output.h"
#include "value.h"

#include <glib.h>

/* One WebSocket as ListWebSockets tells it. Both are owned. */
typedef struct WebSocketEntry {
    char *path;
    Dictionary properties;
} WebSocketEntry;

/* Reads REPLY, an answer of call_list(): a GArray of WebSocketEntry in the order of their IDs. 0, or a
 * negative errno after saying that it is not understood. Free with g_array_unref(). */
int websocket_list_read(sd_bus_message *reply, GArray **ret);

/* The end of ENTRY's path. */
const char *websocket_entry_id(const WebSocketEntry *entry);

/* In JSON: "Path":…, and its properties. */
void websocket_entry_print_json(const WebSocketEntry *entry);

/* The colour in which a state is shown. */
Colour websocket_state_colour(const char *state);

/* Says on stderr that a caller who is no administrator does not see all, if CLIENT is one. */
void websocket_list_note_absence(wsb_client *client);
