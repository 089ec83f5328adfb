/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-bus.h>

/* A method call that is to be answered: it waits for its turn, then for the answer. */
typedef struct PendingCall PendingCall;
typedef TAILQ_HEAD(PendingList, PendingCall) PendingList;

/* Those of one client. */
typedef struct PendingCalls {
    PendingList waiting; /* in order; not on the bus yet */
    PendingList sent;
    unsigned n_sent;
    unsigned n_sends;                 /* calls of Send in both lists */
    TAILQ_HEAD(, wsb_websocket) line; /* not owned: those that wait for the room for a Send */
} PendingCalls;

/* ERROR (NULL: none) is what REPLY says, or why there is none. The call is over, and freed already. */
typedef void (*PendingAnswered)(void *userdata, sd_bus_message *reply, const wsb_error *error);

/* What becomes of a call. */
typedef struct PendingHandler {
    PendingAnswered answered;                /* runs once, while processing, unless the call is dropped */
    void (*unwanted)(sd_bus_message *reply); /* the answer to one that was dropped; may be NULL */
    uint64_t timeout_usec;                   /* from now; UINT64_MAX: none */
    bool is_send;
    bool follows; /* goes out right behind the call before it */
} PendingHandler;

void pending_init(PendingCalls *calls);

/* Sends MESSAGE, of which it takes a reference, when its turn comes: at once where there is room. *ret is
 * valid until the call is answered or dropped. 0, or a negative errno and nothing will happen. */
int pending_call(wsb_client *client, sd_bus_message *message, const PendingHandler *handler, void *userdata,
                 PendingCall **ret);

/* Nobody waits for CALL (NULL is let pass) any more: what was not sent will not be. Returns NULL. */
PendingCall *pending_drop(PendingCall *call);

/* The client's bus is about to be given up: of what was asked on it nothing will be answered. */
void pending_lose_bus(wsb_client *client);

/* ---- The room for Sends ---- */

/* Whether WEBSOCKET may call Send now. Otherwise it stands in line, and is deferred when its turn comes. */
bool pending_take_turn(wsb_websocket *websocket);

/* WEBSOCKET, whose turn may have come, has no Send; or goes. */
void pending_pass_turn(wsb_websocket *websocket);
void pending_leave_line(wsb_websocket *websocket);
