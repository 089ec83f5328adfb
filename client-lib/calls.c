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
 * What is started here may still wait for its turn among the calls of all WebSockets (pending.c), in the same
 * order. A Send is not even started before there is room for it.
 */

#include "calls.h"

#include "call.h"
#include "websocket.h"

#include <errno.h>

/* How many a WebSocket may have unanswered, Sends aside, which are counted by their bytes. */
#define OTHERS_MAX 32

void
calls_init(CallQueue *queue)
{
    TAILQ_INIT(&queue->waiting);
    TAILQ_INIT(&queue->started);
    TAILQ_INIT(&queue->streamed);
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
calls_drop_all(wsb_websocket *websocket)
{
    CallQueue *queue = &websocket->calls;

    list_free(&queue->waiting);
    list_free(&queue->started);
    sends_drop_all(&queue->streamed);
    deadline_clear(&websocket->client->deadlines, &queue->close_deadline);
    queue->send_started = queue->drain_wanted = false;
    queue->n_sends = queue->n_others = queue->send_bytes = 0;
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
    } else {
        queue->n_others--;
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
    deadline_clear(&websocket->client->deadlines, &queue->close_deadline);
    /* An answer that is on its way must not find its call in a list that is being ended. */
    TAILQ_FOREACH(call, &list, link)
    {
        call->pending = pending_drop(call->pending);
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
    deadline_clear(&websocket->client->deadlines, &queue->close_deadline);
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

static void
on_answer(void *userdata, sd_bus_message *reply, const wsb_error *error)
{
    Call *call = userdata;
    wsb_websocket *websocket = call->websocket;

    (void)reply;
    websocket_hold(websocket);
    call->pending = NULL;
    TAILQ_REMOVE(&websocket->calls.started, call, link);
    apply_answer(call, error);
    if (wsb_error_errno(error) == -ESTALE)
        websocket_lose(websocket, "the service no longer has this WebSocket");
    call_end(call, error);
    sends_tell_drain(websocket);
    calls_advance(websocket);
    websocket_release_hold(websocket);
}

/* ---- Starting ---- */

/* Whether nothing but the calls before it keeps a call of TYPE back. Where it is true the call is started. */
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
    if (queue->send_started || stream_is_pending(websocket) ||
        (websocket->stream && calls_has_started(queue, CALL_CLOSE)))
        return false;
    return websocket->stream || pending_take_turn(websocket);
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
    const PendingHandler handler = {
        .answered = on_answer,
        .timeout_usec = call->type == CALL_SEND ? UINT64_MAX : websocket->client->timeout_usec,
        .is_send = call->type == CALL_SEND,
    };
    bool idle = websocket->state == WSB_STATE_CREATED || websocket->state == WSB_STATE_CLOSED;
    int r;

    call->began = call->type == CALL_CONNECT && idle;
    r = call_address(call);
    if (r >= 0 && call->began && call->stream)
        r = stream_request(websocket);
    if (r >= 0)
        r = pending_call(websocket->client, call->message, &handler, call, &call->pending);
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

    r = call_seal(call);
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
    wsb_client *client = websocket->client;

    TAILQ_INSERT_TAIL(&queue->waiting, call, link);
    if (call->type == CALL_CLOSE && !deadline_is_set(&queue->close_deadline))
        deadline_set(&client->deadlines, &queue->close_deadline, client->timeout_usec);
}

int
call_submit(Call *call)
{
    wsb_websocket *websocket = call->websocket;
    CallQueue *queue = &websocket->calls;
    int r = 0;

    if (call->type != CALL_SEND && queue->n_others == OTHERS_MAX) {
        r = -EDQUOT;
    } else if (TAILQ_EMPTY(&queue->waiting) && may_start(websocket, call->type)) {
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
    } else {
        queue->n_others++;
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
            deadline_clear(&websocket->client->deadlines, &queue->close_deadline);
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
