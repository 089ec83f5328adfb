/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "calls.h"
#include "client.h"
#include "error.h"
#include "listeners.h"
#include "stream.h"

struct wsb_websocket {
    unsigned n_ref;  /* the application's: at 0 nothing of it is called any more */
    unsigned n_hold; /* the library's, while it is at work on it; the memory goes when both are 0 */
    wsb_client *client;
    LIST_ENTRY(wsb_websocket) link;
    SLIST_ENTRY(wsb_websocket) lost_link;
    TAILQ_ENTRY(wsb_websocket) deferred_link;
    bool deferred; /* in the client's list */
    TAILQ_ENTRY(wsb_websocket) line_link;
    bool in_line; /* for the room for a Send */

    /* The object in the service. */
    PendingCall *creating; /* CreateWebSocket */
    char *path;            /* NULL without an object */
    char *owner;           /* the unique name of the service that has it */

    wsb_state state;
    bool error_told; /* in this connection */
    Stream *stream;  /* NULL: messages travel over the bus */
    CallQueue calls;
    Listeners listeners;
    wsb_error last_error;
};

void websocket_hold(wsb_websocket *websocket);
void websocket_release_hold(wsb_websocket *websocket);

/* No listener or callback may run any more. */
bool websocket_is_dropped(const wsb_websocket *websocket);

/* Between "open" and "close". */
bool websocket_is_open(const wsb_websocket *websocket);

/* Asks the service for an object; calls_advance() follows once it is there, calls_fail_all() where it is
 * refused. Nothing to do when that is under way. 0 or a negative errno. */
int websocket_create_object(wsb_websocket *websocket);

/* The object is no longer used; RELEASE says whether the service is to be told, and closes the stream. */
void websocket_forget_object(wsb_websocket *websocket, bool release);

/* Gives up the connection, its object and its calls, without a word to the listeners; callbacks get
 * -ETIMEDOUT. */
void websocket_abandon(wsb_websocket *websocket);

/* Ends what OWNER had (NULL: what anyone had) with MESSAGE. For an open connection: "error", then "close"
 * (1006). */
void websockets_lose(wsb_client *client, const char *owner, const char *message);

/* The same for one whose service sent what is not understood. */
void websocket_lose(wsb_websocket *websocket, const char *message);

/* What was put off while the application was sending, or until the messages of a turn were told. A hold must
 * be had. */
void websocket_run_deferred(wsb_websocket *websocket);

/* Tells the listeners, and keeps the state, for a connection that failed or ended. Holds must be had. */
void websocket_tell_error(wsb_websocket *websocket, const wsb_event *event);
void websocket_tell_close(wsb_websocket *websocket, uint16_t code, const char *reason);
void websocket_tell_loss(wsb_websocket *websocket, const char *message);

/* The WebSocket with an object at PATH, or NULL. */
wsb_websocket *websocket_find(wsb_client *client, const char *path);
