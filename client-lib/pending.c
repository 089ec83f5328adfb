/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The client's calls that have not been answered. A bus lets one connection wait for 128 answers, and
 * refuses the call after that; so no more than CALLS_MAX are on the bus at a time, and the others wait
 * here, first in, first out. One that goes takes what follows it along, which may be one more.
 *
 * What counts is what the bus counts: a call stays in `sent` until its answer comes, though nobody may
 * wait for it any more because its WebSocket was dropped or its time is over. Hence sd-bus is told no
 * timeout, and time is kept here. It begins when the call is asked for: an application hears within its
 * timeout, however many calls are before this one.
 *
 * The answer to a Send may take as long as a server reads nothing. So Sends have a part of the room, and
 * can never keep back a Connect or a Close. A WebSocket that finds no room for its Send stands in line
 * with the Send still in its own queue, so its calls stay in their order; here a Send waits only behind
 * calls that are soon answered.
 */

#include "pending.h"

#include "websocket.h"

#include <errno.h>
#include <stdlib.h>

/* Leaves a quarter of what a bus permits to the calls of the application's own. */
#define CALLS_MAX 96
#define SENDS_MAX 64

struct PendingCall {
    TAILQ_ENTRY(PendingCall) link;
    wsb_client *client;                 /* NULL: it is the bus's, the client has gone */
    enum { WAITING, SENT, LOST } state; /* LOST: with its bus; it is in no list */
    sd_bus_message *message;            /* while WAITING */
    sd_bus_slot *slot;                  /* once SENT */
    Deadline deadline;
    PendingHandler handler; /* answered NULL: it was dropped */
    void *userdata;
};

void
pending_init(PendingCalls *calls)
{
    TAILQ_INIT(&calls->waiting);
    TAILQ_INIT(&calls->sent);
    TAILQ_INIT(&calls->line);
}

/* ---- The room for Sends ---- */

/* The first in line has its turn, if there is room. */
static void
call_next(PendingCalls *calls)
{
    wsb_websocket *first = TAILQ_FIRST(&calls->line);

    if (first && calls->n_sends < SENDS_MAX)
        client_defer(first);
}

void
pending_leave_line(wsb_websocket *websocket)
{
    PendingCalls *calls = &websocket->client->pending;

    if (!websocket->in_line)
        return;
    websocket->in_line = false;
    TAILQ_REMOVE(&calls->line, websocket, line_link);
    call_next(calls);
}

static bool
has_turn(const wsb_websocket *websocket)
{
    const PendingCalls *calls = &websocket->client->pending;

    return calls->n_sends < SENDS_MAX &&
           (TAILQ_EMPTY(&calls->line) || TAILQ_FIRST(&calls->line) == websocket);
}

bool
pending_take_turn(wsb_websocket *websocket)
{
    if (has_turn(websocket)) {
        pending_leave_line(websocket);
        return true;
    }
    if (!websocket->in_line)
        TAILQ_INSERT_TAIL(&websocket->client->pending.line, websocket, line_link);
    websocket->in_line = true;
    return false;
}

void
pending_pass_turn(wsb_websocket *websocket)
{
    if (websocket->in_line && has_turn(websocket))
        pending_leave_line(websocket);
}

/* ---- The life of a call ---- */

/* CALL is in no list any more. */
static void
pending_free(PendingCall *call)
{
    if (call->client)
        deadline_clear(&call->client->deadlines, &call->deadline);
    sd_bus_slot_unref(call->slot);
    sd_bus_message_unref(call->message);
    free(call);
}

/* Out of its list, and no longer counted. */
static void
take_out(PendingCall *call)
{
    PendingCalls *calls = &call->client->pending;

    if (call->state == WAITING) {
        TAILQ_REMOVE(&calls->waiting, call, link);
    } else if (call->state == SENT) {
        TAILQ_REMOVE(&calls->sent, call, link);
        calls->n_sent--;
    }
    if (call->handler.is_send && call->state != LOST) {
        calls->n_sends--;
        call_next(calls);
    }
}

PendingCall *
pending_drop(PendingCall *call)
{
    if (!call)
        return NULL;
    deadline_clear(&call->client->deadlines, &call->deadline);
    call->handler.answered = NULL;
    if (call->state == SENT)
        return NULL;
    take_out(call);
    pending_free(call);
    return NULL;
}

/* CALL is in no list any more. */
static void
end(PendingCall *call, sd_bus_message *reply, const wsb_error *error)
{
    PendingAnswered answered = call->handler.answered;
    void *userdata = call->userdata;

    pending_free(call);
    answered(userdata, reply, error);
}

static void
on_time_over(void *userdata)
{
    PendingCall *call = userdata;
    PendingAnswered answered = call->handler.answered;
    void *answered_userdata = call->userdata;
    wsb_error error = { 0 };

    pending_drop(call);
    error_set_errno(&error, -ETIMEDOUT);
    answered(answered_userdata, NULL, &error);
    error_clear(&error);
}

static void advance(wsb_client *client);

static int
on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    PendingCall *call = userdata;
    wsb_client *client = call->client;
    wsb_error error = { 0 };

    (void)ret_error;
    if (!call->handler.answered && call->handler.unwanted)
        call->handler.unwanted(m);
    if (!client)
        return 0; /* sd-bus frees it */
    take_out(call);
    if (!call->handler.answered) {
        pending_free(call);
    } else {
        if (sd_bus_message_is_method_error(m, NULL))
            error_set_answer(&error, m);
        end(call, m, error.result < 0 ? &error : NULL);
        error_clear(&error);
    }
    advance(client);
    return 0;
}

/* ---- Sending ---- */

static bool
may_send(const PendingCall *call)
{
    return call->client->pending.n_sent < CALLS_MAX || call->handler.follows;
}

/* CALL waits; it does so still when that fails. */
static int
send_call(PendingCall *call)
{
    PendingCalls *calls = &call->client->pending;
    int r;

    r = sd_bus_call_async(call->client->bus, &call->slot, call->message, on_answer, call,
                          /* usec= */ UINT64_MAX);
    if (r < 0)
        return r;
    call->message = sd_bus_message_unref(call->message);
    TAILQ_REMOVE(&calls->waiting, call, link);
    call->state = SENT;
    TAILQ_INSERT_TAIL(&calls->sent, call, link);
    calls->n_sent++;
    return 0;
}

/* Sends what there is room for. Only while processing. Nothing on a bus that is being closed, whose loss ends
 * what waits. */
static void
advance(wsb_client *client)
{
    PendingCalls *calls = &client->pending;
    PendingCall *call;

    while (client->bus && sd_bus_is_open(client->bus) > 0 && (call = TAILQ_FIRST(&calls->waiting)) &&
           may_send(call)) {
        wsb_error error = { 0 };
        int r = send_call(call);

        if (r >= 0)
            continue;
        take_out(call);
        error_set_errno(&error, r);
        end(call, NULL, &error);
        error_clear(&error);
    }
}

int
pending_call(wsb_client *client, sd_bus_message *message, const PendingHandler *handler, void *userdata,
             PendingCall **ret)
{
    PendingCalls *calls = &client->pending;
    PendingCall *call = calloc(1, sizeof(*call));
    bool first = TAILQ_EMPTY(&calls->waiting);
    int r = 0;

    if (!call)
        return -ENOMEM;
    call->client = client;
    call->message = sd_bus_message_ref(message);
    call->handler = *handler;
    call->userdata = userdata;
    deadline_init(&call->deadline, on_time_over, call);
    TAILQ_INSERT_TAIL(&calls->waiting, call, link);
    calls->n_sends += handler->is_send;
    if (first && may_send(call))
        r = send_call(call);
    if (r < 0) {
        take_out(call);
        pending_free(call);
        return r;
    }
    deadline_set(&client->deadlines, &call->deadline, handler->timeout_usec);
    *ret = call;
    return 0;
}

/* ---- The loss of the bus ---- */

/* The bus is the application's and may live on, so that what is not wanted can still be given back. */
static void
leave_to_bus(PendingCall *call)
{
    sd_bus_slot *slot = call->slot;

    call->client = NULL;
    call->slot = NULL;
    if (sd_bus_slot_set_destroy_callback(slot, free) >= 0 && sd_bus_slot_set_floating(slot, true) >= 0) {
        sd_bus_slot_unref(slot);
        return;
    }
    (void)sd_bus_slot_set_destroy_callback(slot, NULL);
    sd_bus_slot_unref(slot);
    free(call);
}

static void
lose_list(wsb_client *client, PendingList *list)
{
    bool is_given = client->origin == BUS_GIVEN;
    PendingCall *call;

    while ((call = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, call, link);
        client->pending.n_sends -= call->handler.is_send;
        if (!call->handler.answered && is_given && call->handler.unwanted) {
            leave_to_bus(call);
        } else if (!call->handler.answered) {
            pending_free(call);
        } else {
            call->state = LOST;
            call->slot = sd_bus_slot_unref(call->slot);
            call->message = sd_bus_message_unref(call->message);
        }
    }
}

void
pending_lose_bus(wsb_client *client)
{
    lose_list(client, &client->pending.waiting);
    lose_list(client, &client->pending.sent);
    client->pending.n_sent = 0;
    call_next(&client->pending);
}
