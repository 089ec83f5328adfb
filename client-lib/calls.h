/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "deadline.h"
#include "error.h"
#include "sends.h"

#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-bus.h>

typedef enum CallType {
    CALL_CONNECT,
    CALL_SEND,
    CALL_CLOSE,
} CallType;

typedef struct Call Call;
typedef TAILQ_HEAD(CallList, Call) CallList;

/* The calls of one WebSocket that have not been answered. */
typedef struct CallQueue {
    CallList waiting;  /* in order; each leaves when all before it have */
    CallList started;  /* with the service, or on their way to it */
    SendList streamed; /* not calls at all: what is sent on a stream (sends.h) */
    bool send_started;
    bool drain_wanted; /* a send was refused for want of room */
    size_t n_sends;    /* of all lists */
    size_t send_bytes;
    size_t n_others;         /* that are no Send */
    Deadline close_deadline; /* when the sends before a Close are dropped */
} CallQueue;

void calls_init(CallQueue *queue);

/* Frees all, tells nobody. */
void calls_drop_all(wsb_websocket *websocket);

/*
 * A call on WEBSOCKET's object, its arguments to be appended to call_message() (borrowed). Submit it or free
 * it. COST: what a Send counts in the queue.
 */
int call_new(wsb_websocket *websocket, CallType type, size_t cost, wsb_callback callback, void *userdata,
             Call **ret);
sd_bus_message *call_message(Call *call);
Call *call_free(Call *call);

/* CALL, a Connect, is to have a stream if it can. */
void call_use_stream(Call *call);

/* Starts CALL or lets it wait for its turn, and takes it over; its callback runs later in any case. On
 * failure (negative errno) it is freed and its callback does not run. */
int call_submit(Call *call);

/* Starts what may start. Only while processing: what cannot be started is told to its callback. */
void calls_advance(wsb_websocket *websocket);

/* End calls with ERROR, while processing: all, or the sends that wait here. */
void calls_fail_all(wsb_websocket *websocket, const wsb_error *error);
void calls_fail_waiting_sends(wsb_websocket *websocket, const wsb_error *error);

/* The callback of the call that has this USERDATA is not to run. */
void calls_forget(CallQueue *queue, const void *userdata);

/* Whether a call of TYPE has been started and not been answered. */
bool calls_has_started(const CallQueue *queue, CallType type);
