/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The method calls of a WebSocket: one queue, first in, first out, so that a Close follows the messages sent
 * before it and a Connect follows the Close. The head waits while the WebSocket has no object yet, and a Send
 * waits while another Send is unanswered.
 *
 * One Send at a time is what the contract permits without doubt: its reply says that the service has room,
 * and a Send that comes while another waits for room is refused and lost. Two in flight would have to be
 * repeated, three could change places. So the rest waits here, bounded in bytes.
 *
 * With a stream a Send is no call at all (sends.c): it comes here only where something is before it, and is
 * written when its turn comes. A Close waits until all that was sent is written.
 *
 * A call's message is built at once, so that a bad argument is told to whoever made the call. Without an
 * object its address is not known yet; then the body is copied to an addressed message when it is. Calls go
 * to the unique name of the service that has the object: another instance may have another's object at that
 * path.
 */

#include "calls.h"

#include "websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct Call {
    TAILQ_ENTRY(Call) link;
    wsb_websocket *websocket;
    CallType type;
    size_t cost;
    bool stream;             /* a Connect that is to have one */
    bool began;              /* a Connect that took the WebSocket to WSB_STATE_CONNECTING */
    sd_bus_message *message; /* until started */
    sd_bus_slot *slot;       /* once started */
    wsb_callback callback;
    void *userdata;
};

static const char *const members[] = {
    [CALL_CONNECT] = "Connect",
    [CALL_SEND] = "Send",
    [CALL_CLOSE] = "Close",
};

void
calls_init(CallQueue *queue)
{
    TAILQ_INIT(&queue->waiting);
    TAILQ_INIT(&queue->started);
    TAILQ_INIT(&queue->streamed);
    queue->close_deadline = UINT64_MAX;
}

Call *
call_free(Call *call)
{
    if (call) {
        sd_bus_slot_unref(call->slot);
        sd_bus_message_unref(call->message);
        free(call);
    }
    return NULL;
}

static void
list_free(CallList *list)
{
    Call *call;

    while ((call = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, call, link);
        call_free(call);
    }
}

void
calls_drop_all(CallQueue *queue)
{
    list_free(&queue->waiting);
    list_free(&queue->started);
    sends_drop_all(&queue->streamed);
    *queue = (CallQueue){ 0 };
    calls_init(queue);
}

bool
calls_has_started(const CallQueue *queue, CallType type)
{
    Call *call;

    TAILQ_FOREACH(call, &queue->started, link)
    {
        if (call->type == type)
            return true;
    }
    return false;
}

void
calls_forget(CallQueue *queue, const void *userdata)
{
    CallList *lists[] = { &queue->waiting, &queue->started };
    Call *call;

    for (size_t i = 0; i < 2; i++) {
        TAILQ_FOREACH(call, lists[i], link)
        {
            if (call->userdata == userdata)
                call->callback = NULL;
        }
    }
    sends_forget(&queue->streamed, userdata);
}

/* ---- Building ---- */

static int
new_message(Call *call, sd_bus_message **ret)
{
    wsb_websocket *websocket = call->websocket;
    sd_bus_message *m = NULL;
    int r;

    r = sd_bus_message_new_method_call(
        websocket->client->bus, &m, websocket->path ? websocket->owner : WSB_BUS_NAME,
        websocket->path ? websocket->path : WSB_MANAGER_PATH, WSB_WEBSOCKET_INTERFACE, members[call->type]);
    /* A Connect may hold passwords: sd-bus wipes it. */
    if (r >= 0 && call->type == CALL_CONNECT)
        r = sd_bus_message_sensitive(m);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    *ret = m;
    return 0;
}

int
call_new(wsb_websocket *websocket, CallType type, size_t cost, wsb_callback callback, void *userdata,
         Call **ret)
{
    Call *call;
    int r;

    r = client_ensure_bus(websocket->client);
    if (r < 0)
        return r;
    call = calloc(1, sizeof(*call));
    if (!call)
        return -ENOMEM;
    *call = (Call){
        .websocket = websocket,
        .type = type,
        .cost = cost,
        .callback = callback,
        .userdata = userdata,
    };
    r = new_message(call, &call->message);
    if (r < 0) {
        call_free(call);
        return r;
    }
    *ret = call;
    return 0;
}

sd_bus_message *
call_message(Call *call)
{
    return call->message;
}

void
call_use_stream(Call *call)
{
    call->stream = true;
}

/* The object may be another than the one that there was, or was not, when the message was built. */
static bool
is_addressed(const Call *call)
{
    return strcmp(sd_bus_message_get_path(call->message), call->websocket->path) == 0 &&
           strcmp(sd_bus_message_get_destination(call->message), call->websocket->owner) == 0;
}

/* So that its arguments can be read. */
static int
seal_message(Call *call)
{
    int r;

    r = sd_bus_message_seal(call->message, /* cookie= */ 1, /* timeout_usec= */ 0);
    return r < 0 ? r : sd_bus_message_rewind(call->message, /* complete= */ true);
}

static int
address_message(Call *call)
{
    sd_bus_message *m = NULL;
    int r;

    if (is_addressed(call))
        return 0;
    r = new_message(call, &m);
    if (r < 0)
        return r;
    r = seal_message(call);
    if (r >= 0)
        r = sd_bus_message_copy(m, call->message, /* all= */ true);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    sd_bus_message_unref(call->message);
    call->message = m;
    return 0;
}

/* ---- Ending ---- */

/* A Connect without a callback. */
static void
tell_refusal(wsb_websocket *websocket, const wsb_error *error)
{
    wsb_event event = {
        .type = WSB_EVENT_ERROR,
        .code = (uint32_t)wsb_error_code(error),
        .message = wsb_error_message(error),
        .stage = "",
    };

    listeners_emit(websocket, &event);
}

/* CALL is in no list any more; frees it. ERROR NULL: it went well. The WebSocket may be dropped meanwhile. */
static void
call_end(Call *call, const wsb_error *error)
{
    wsb_websocket *websocket = call->websocket;
    CallQueue *queue = &websocket->calls;

    if (call->type == CALL_SEND) {
        queue->n_sends--;
        queue->send_bytes -= call->cost;
    }
    if (call->callback && !websocket_is_dropped(websocket))
        call->callback(websocket, error, call->userdata);
    else if (error && call->type == CALL_CONNECT)
        tell_refusal(websocket, error);
    call_free(call);
}

static void
end_list(wsb_websocket *websocket, CallList *list, const wsb_error *error)
{
    Call *call;

    while (!websocket_is_dropped(websocket) && (call = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, call, link);
        call_end(call, error);
    }
    list_free(list);
}

void
calls_fail_all(wsb_websocket *websocket, const wsb_error *error)
{
    CallQueue *queue = &websocket->calls;
    CallList list = TAILQ_HEAD_INITIALIZER(list);
    Call *call;

    TAILQ_CONCAT(&list, &queue->started, link);
    TAILQ_CONCAT(&list, &queue->waiting, link);
    queue->send_started = false;
    queue->drain_wanted = false;
    queue->close_deadline = UINT64_MAX;
    /* An answer that is on its way must not find its call in a list that is being ended. */
    TAILQ_FOREACH(call, &list, link)
    {
        call->slot = sd_bus_slot_unref(call->slot);
    }
    sends_fail_all(websocket, error);
    end_list(websocket, &list, error);
}

void
calls_fail_waiting_sends(wsb_websocket *websocket, const wsb_error *error)
{
    CallQueue *queue = &websocket->calls;
    CallList list = TAILQ_HEAD_INITIALIZER(list);
    Call *call = TAILQ_FIRST(&queue->waiting);

    while (call) {
        Call *next = TAILQ_NEXT(call, link);

        if (call->type == CALL_SEND) {
            TAILQ_REMOVE(&queue->waiting, call, link);
            TAILQ_INSERT_TAIL(&list, call, link);
        }
        call = next;
    }
    queue->drain_wanted = false;
    queue->close_deadline = UINT64_MAX;
    sends_fail_all(websocket, error);
    end_list(websocket, &list, error);
    calls_advance(websocket);
}

/* What an answer means for the WebSocket, before the callback hears of it. */
static void
apply_answer(Call *call, const wsb_error *error)
{
    wsb_websocket *websocket = call->websocket;

    if (call->type == CALL_SEND)
        websocket->calls.send_started = false;
    else if (call->type == CALL_CLOSE && !error && websocket->state == WSB_STATE_OPEN)
        websocket->state = WSB_STATE_CLOSING;
    else if (call->began && error && websocket->state == WSB_STATE_CONNECTING)
        websocket->state = WSB_STATE_CLOSED;

    /* A Connect that was not answered in time may still be carried out: not by this object. */
    if (call->type == CALL_CONNECT && wsb_error_errno(error) == -ETIMEDOUT)
        websocket_forget_object(websocket, /* release= */ true);
}

static int
on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Call *call = userdata;
    wsb_websocket *websocket = call->websocket;
    wsb_error error = { 0 };

    (void)ret_error;
    websocket_hold(websocket);
    TAILQ_REMOVE(&websocket->calls.started, call, link);
    if (sd_bus_message_is_method_error(m, NULL))
        error_set_answer(&error, m);
    apply_answer(call, error.result < 0 ? &error : NULL);
    if (error.result == -ESTALE)
        websocket_lose(websocket, "the service no longer has this WebSocket");
    call_end(call, error.result < 0 ? &error : NULL);
    sends_tell_drain(websocket);
    calls_advance(websocket);
    error_clear(&error);
    websocket_release_hold(websocket);
    return 0;
}

/* ---- Starting ---- */

/* Whether nothing but the calls before it keeps a call of TYPE back. */
static bool
may_start(wsb_websocket *websocket, CallType type)
{
    const CallQueue *queue = &websocket->calls;

    if (!websocket->path || stream_holds_end(websocket))
        return false;
    if (type == CALL_CLOSE)
        return stream_flush(websocket);
    if (type == CALL_CONNECT)
        return true;
    /* What a Close means for a message on the stream is known when it is answered. */
    return !queue->send_started && !stream_is_pending(websocket) &&
           !(websocket->stream && calls_has_started(queue, CALL_CLOSE));
}

/* Without an object one is asked for; but not while the end of the last one's connection is still awaited. */
static int
ensure_object(wsb_websocket *websocket)
{
    return websocket->path || stream_holds_end(websocket) ? 0 : websocket_create_object(websocket);
}

/* CALL is in no list; on success it is in `started`. */
static int
call_start(Call *call)
{
    wsb_websocket *websocket = call->websocket;
    uint64_t timeout_usec = call->type == CALL_SEND ? UINT64_MAX : websocket->client->timeout_usec;
    bool idle = websocket->state == WSB_STATE_CREATED || websocket->state == WSB_STATE_CLOSED;
    int r;

    call->began = call->type == CALL_CONNECT && idle;
    r = address_message(call);
    if (r >= 0 && call->began && call->stream)
        r = stream_request(websocket);
    if (r >= 0)
        r = sd_bus_call_async(websocket->client->bus, &call->slot, call->message, on_answer, call,
                              timeout_usec);
    if (r < 0)
        return r;
    call->message = sd_bus_message_unref(call->message);
    TAILQ_INSERT_TAIL(&websocket->calls.started, call, link);
    if (call->type == CALL_SEND)
        websocket->calls.send_started = true;
    if (call->began) {
        websocket->state = WSB_STATE_CONNECTING;
        websocket->error_told = false;
        /* Where it cannot be asked for, it is not known. */
        (void)stream_request_limit(websocket);
    }
    return 0;
}

/* CALL, a Send in no list, whose turn has come when there is a stream. Only while processing. */
static void
start_on_stream(Call *call)
{
    wsb_error error = { 0 };
    int r;

    r = seal_message(call);
    if (r < 0)
        error_set_errno(&error, r);
    else
        r = sends_submit_message(call->websocket, call->message, call->callback, call->userdata, &error);
    if (r >= 0)
        call->callback = NULL; /* it is told when the message is written */
    call_end(call, r < 0 ? &error : NULL);
    error_clear(&error);
}

static void
wait_for_turn(Call *call)
{
    wsb_websocket *websocket = call->websocket;
    CallQueue *queue = &websocket->calls;

    TAILQ_INSERT_TAIL(&queue->waiting, call, link);
    if (call->type == CALL_CLOSE && queue->close_deadline == UINT64_MAX) {
        queue->close_deadline = deadline_after(websocket->client->timeout_usec);
        client_add_deadline(websocket->client, queue->close_deadline);
    }
}

int
call_submit(Call *call)
{
    wsb_websocket *websocket = call->websocket;
    CallQueue *queue = &websocket->calls;
    int r = 0;

    if (TAILQ_EMPTY(&queue->waiting) && may_start(websocket, call->type)) {
        if (call->type == CALL_SEND && websocket->stream) {
            wait_for_turn(call);
            client_defer(websocket);
        } else {
            r = call_start(call);
        }
    } else {
        r = ensure_object(websocket);
        if (r >= 0)
            wait_for_turn(call);
    }
    if (r < 0) {
        call_free(call);
        return r;
    }
    if (call->type == CALL_SEND) {
        queue->n_sends++;
        queue->send_bytes += call->cost;
    }
    return 0;
}

void
calls_advance(wsb_websocket *websocket)
{
    CallQueue *queue = &websocket->calls;
    wsb_error error = { 0 };
    Call *call;
    int r = 0;

    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): TAILQ_REMOVE has taken out what was freed
    while ((call = TAILQ_FIRST(&queue->waiting)) && may_start(websocket, call->type)) {
        TAILQ_REMOVE(&queue->waiting, call, link);
        if (call->type == CALL_CLOSE)
            queue->close_deadline = UINT64_MAX;
        if (call->type == CALL_SEND && websocket->stream) {
            start_on_stream(call);
        } else if ((r = call_start(call)) < 0) {
            error_set_errno(&error, r);
            call_end(call, &error);
        }
    }
    if (call && (r = ensure_object(websocket)) < 0) {
        error_set_errno(&error, r);
        calls_fail_all(websocket, &error);
    }
    error_clear(&error);
}
