/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "connection.h"

/* What an application holds: at most one connection at a time, and what is known of the last one. */
typedef struct WebSocket WebSocket;

typedef enum {
    WEBSOCKET_CREATED,
    WEBSOCKET_CONNECTING,
    WEBSOCKET_OPEN,
    WEBSOCKET_CLOSING,
    WEBSOCKET_CLOSED,
} WebSocketState;

/* "created", "connecting", … */
const char *websocket_state_to_string(WebSocketState state);

/* What the properties show. Strings are never NULL and owned by the WebSocket. */
typedef struct WebSocketInfo {
    WebSocketState state;
    char *url; /* without user and password */
    char *protocol;
    char *extensions;
    char *remote_address;
    char *tls_version;
    char *tls_cipher;
    guint64 bytes_sent, bytes_received; /* payload */
    guint64 messages_sent, messages_received;
    guint64 connected_at; /* µs since the epoch; 0: not yet */
    guint64 max_message_size;
    gboolean send_waits; /* a Send is unanswered until there is room: the broker's to set */
} WebSocketInfo;

/*
 * The one table through which events go up. Each is told the WebSocket and the table's user_data; what is handed over
 * is valid during the call. A callee may free the WebSocket from `error`, `close` and `abandoned` only, but may start
 * anything. With a stream, messages travel there and none is told.
 */
typedef struct WebSocketEvents {
    gboolean (*vet)(WebSocket *websocket, GInetAddress *address, gboolean proxy, gpointer user_data,
                    char **ret_reason);
    void (*state_changed)(WebSocket *websocket, gpointer user_data);
    void (*header_receive)(WebSocket *websocket, const HeaderList *headers, gpointer user_data);
    void (*open)(WebSocket *websocket, gpointer user_data);
    void (*message)(WebSocket *websocket, gboolean text, GBytes *data, gpointer user_data);
    void (*progress)(WebSocket *websocket, gpointer user_data);
    void (*error)(WebSocket *websocket, const Failure *failure, gpointer user_data);
    void (*close)(WebSocket *websocket, guint16 code, const char *reason, gpointer user_data);
    /* The application closed its end of the stream: the WebSocket is to be dropped, within the call. */
    void (*abandoned)(WebSocket *websocket, gpointer user_data);
} WebSocketEvents;

/* OWNER is whose it is, to be had again by websocket_get_owner(); ID is its number. EVENTS outlives it. */
WebSocket *websocket_new(Network *network, guint64 id, gpointer owner, gsize max_message_size,
                         const WebSocketEvents *events, gpointer user_data);

/* Drops it: no event follows, an open connection is closed with 1001 in the background. */
void websocket_free(WebSocket *websocket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebSocket, websocket_free)

guint64 websocket_get_id(const WebSocket *websocket);
gpointer websocket_get_owner(const WebSocket *websocket);
const WebSocketInfo *websocket_get_info(const WebSocket *websocket);

/* Bytes that wait to be written to the server, those in the stream among them. */
gsize websocket_get_buffered(const WebSocket *websocket);

/* Where the connection goes, or the attempt; NULL without one. Owned by the WebSocket. */
const Url *websocket_get_url(const WebSocket *websocket);
/* By which way; likewise. */
const Route *websocket_get_route(const WebSocket *websocket);

/* Whether a connection is being made, is open or is closing. */
gboolean websocket_is_busy(const WebSocket *websocket);

/* Starts to connect; what REQUEST owns is taken. Not while busy. FALSE and an error when descriptors have run out. */
gboolean websocket_connect(WebSocket *websocket, ConnectionRequest *request, GError **error);

/* Notes whether a Send waits for room; forgotten with the connection. */
void websocket_set_send_waits(WebSocket *websocket, gboolean waits);

/* From now until the connection, or the next attempt if there is none, has ended, messages travel over *ret_fd, which
 * is the caller's to close. Not while closing nor with a stream. FALSE and an error when descriptors have run out. */
gboolean websocket_open_stream(WebSocket *websocket, int *ret_fd, GError **error);
gboolean websocket_has_stream(const WebSocket *websocket);
/* Takes the stream back: nothing more is delivered there, either way. */
void websocket_drop_stream(WebSocket *websocket);

/* Sends one message. Only while open. */
void websocket_send(WebSocket *websocket, gboolean text, GBytes *data);

/* The application closes. Only while connecting (cancels) or open. */
void websocket_close(WebSocket *websocket, guint16 code, const char *reason);

/* The service ends whatever is going on: `error` with FAILURE (taken; NULL: none) and, if it was open, `close` with
 * CODE, within the call. Nothing happens when not busy. */
void websocket_terminate(WebSocket *websocket, guint16 code, const char *reason, Failure *failure);

/* Stops handing on messages as events, or goes on. */
void websocket_set_paused(WebSocket *websocket, gboolean paused);
