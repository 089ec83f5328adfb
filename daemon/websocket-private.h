/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "stream.h"
#include "websocket.h"

/* What websocket.c (the state machine) and websocket-stream.c (the application's descriptor) share. */
struct WebSocket {
    Network *network;
    guint64 id;
    gpointer owner;
    const WebSocketEvents *events;
    gpointer user_data;
    WebSocketInfo info;
    Connection *connection; /* while busy */
    gboolean held;          /* the broker wants no more signals */

    Stream *stream; /* of the connection, or of the next one; NULL: messages are signals */
    Stream *former; /* of a connection that has ended, until the application has read it to its end */
    gsize max_buffered_bytes; /* above it nothing more is read from the stream */
    gint64 close_timeout;     /* µs */
    guint16 close_code;       /* the application's, while what it wrote before is on its way */
    char *close_reason;
};

/* Reading from the server pauses while the application has enough unread, however it reads. */
void websocket_update_paused(WebSocket *websocket);

/* websocket-stream.c. Nothing happens in these where there is no stream. */

/* The connection has opened: the application's messages are told from now on. */
void websocket_start_stream(WebSocket *websocket);
/* A turn of the connection is over. */
void websocket_flush_stream(WebSocket *websocket);
/* The connection is over: the application reads to the end of what there is. */
void websocket_end_stream(WebSocket *websocket);
/* FALSE when nothing is left of what the application wrote before its Close; else the connection is closed with
 * CODE and REASON when that is sent. */
gboolean websocket_catch_up_stream(WebSocket *websocket, guint16 code, const char *reason);
