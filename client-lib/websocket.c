/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One WebSocket of the application: its life, its state, and its end.
 *
 * It outlives the service: an object there is made when something is first asked of it (websocket-object.c),
 * so the next connect starts the service by activation.
 *
 * Two counts decide its life. n_ref is the application's; when it falls to zero everything that could call
 * the application is cut at once, even in the middle of an emission. n_hold is the library's, taken wherever
 * it still needs the memory after a listener has run.
 *
 * A connection ends in one place each way: state first, then the sends that can no longer go out, then the
 * listeners. So what a listener starts anew is never taken for a part of the old connection.
 */

#include "websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Sends that no longer go out ---- */

static void
fail_waiting_sends(wsb_websocket *websocket, int result, wsb_code code, const char *message)
{
    wsb_error error = { 0 };

    error_set(&error, result, code, message);
    calls_fail_waiting_sends(websocket, &error);
    error_clear(&error);
}

/* Those before a Close have waited too long. */
static void
drop_waiting_sends(void *userdata)
{
    wsb_websocket *websocket = userdata;

    websocket_hold(websocket);
    stream_drop_output(websocket);
    fail_waiting_sends(websocket, -ETIMEDOUT, WSB_CODE_UNKNOWN,
                       "not sent in time before the closing handshake");
    websocket_release_hold(websocket);
}

/* ---- Life ---- */

int
wsb_websocket_new(wsb_client *client, wsb_websocket **ret)
{
    wsb_websocket *websocket;

    if (!client || !ret)
        return -EINVAL;
    websocket = calloc(1, sizeof(*websocket));
    if (!websocket)
        return -ENOMEM;
    websocket->n_ref = 1;
    websocket->client = wsb_client_ref(client);
    websocket->state = WSB_STATE_CREATED;
    calls_init(&websocket->calls);
    deadline_init(&websocket->calls.close_deadline, drop_waiting_sends, websocket);
    listeners_init(&websocket->listeners);
    LIST_INSERT_HEAD(&client->websockets, websocket, link);
    *ret = websocket;
    return 0;
}

void
websocket_hold(wsb_websocket *websocket)
{
    websocket->n_hold++;
}

void
websocket_release_hold(wsb_websocket *websocket)
{
    wsb_client *client = websocket->client;

    if (--websocket->n_hold > 0 || websocket->n_ref > 0)
        return;
    client_forget_deferred(websocket);
    listeners_clear(&websocket->listeners);
    LIST_REMOVE(websocket, link);
    error_clear(&websocket->last_error);
    free(websocket);
    wsb_client_unref(client);
}

bool
websocket_is_dropped(const wsb_websocket *websocket)
{
    return websocket->n_ref == 0;
}

bool
websocket_is_open(const wsb_websocket *websocket)
{
    return websocket->state == WSB_STATE_OPEN || websocket->state == WSB_STATE_CLOSING;
}

wsb_websocket *
wsb_websocket_ref(wsb_websocket *websocket)
{
    if (websocket)
        websocket->n_ref++;
    return websocket;
}

wsb_websocket *
wsb_websocket_unref(wsb_websocket *websocket)
{
    if (!websocket || --websocket->n_ref > 0)
        return NULL;
    websocket_hold(websocket);
    listeners_clear(&websocket->listeners);
    calls_drop_all(websocket);
    pending_leave_line(websocket);
    websocket_forget_object(websocket, /* release= */ true);
    websocket->creating = pending_drop(websocket->creating);
    websocket->state = WSB_STATE_CLOSED;
    websocket_release_hold(websocket);
    return NULL;
}

wsb_client *
wsb_websocket_get_client(wsb_websocket *websocket)
{
    return websocket ? websocket->client : NULL;
}

wsb_state
wsb_websocket_get_state(wsb_websocket *websocket)
{
    return websocket ? websocket->state : WSB_STATE_CLOSED;
}

const char *
wsb_websocket_get_path(wsb_websocket *websocket)
{
    return websocket ? websocket->path : NULL;
}

const wsb_error *
wsb_websocket_last_error(wsb_websocket *websocket)
{
    return websocket ? &websocket->last_error : NULL;
}

/* ---- The end of a connection ---- */

void
websocket_tell_error(wsb_websocket *websocket, const wsb_event *event)
{
    bool connecting = websocket->state == WSB_STATE_CONNECTING;

    if (!(connecting || websocket_is_open(websocket)) || websocket->error_told)
        return;
    websocket->error_told = true;
    if (connecting) {
        websocket->state = WSB_STATE_CLOSED;
        stream_close(websocket);
        fail_waiting_sends(websocket, -ENOTCONN, WSB_CODE_NOT_CONNECTED, "the connection could not be made");
    }
    listeners_emit(websocket, event);
}

void
websocket_tell_close(wsb_websocket *websocket, uint16_t code, const char *reason)
{
    wsb_event event = { .type = WSB_EVENT_CLOSE, .code = code, .message = reason };

    if (!websocket_is_open(websocket))
        return;
    websocket->state = WSB_STATE_CLOSED;
    stream_close(websocket);
    fail_waiting_sends(websocket, -ENOTCONN, WSB_CODE_NOT_CONNECTED, "the connection is closed");
    listeners_emit(websocket, &event);
}

/* "error" where TELL_ERROR says so, and "close" for one that was OPEN. */
static void
tell_lost(wsb_websocket *websocket, bool tell_error, bool open, const char *message)
{
    wsb_event failed = {
        .type = WSB_EVENT_ERROR,
        .code = WSB_CODE_CONNECTION_FAILED,
        .message = message,
        .stage = "service",
    };
    wsb_event closed = { .type = WSB_EVENT_CLOSE, .code = WSB_CLOSE_ABNORMAL, .message = "" };

    if (tell_error)
        listeners_emit(websocket, &failed);
    if (open)
        listeners_emit(websocket, &closed);
}

void
websocket_tell_loss(wsb_websocket *websocket, const char *message)
{
    bool tell_error = !websocket->error_told;

    if (!websocket_is_open(websocket))
        return;
    websocket->state = WSB_STATE_CLOSED;
    stream_close(websocket);
    fail_waiting_sends(websocket, -ECONNRESET, WSB_CODE_UNKNOWN, message);
    tell_lost(websocket, tell_error, /* open= */ true, message);
}

void
websocket_lose(wsb_websocket *websocket, const char *message)
{
    bool held = stream_hold_loss(websocket, message);
    bool open = websocket_is_open(websocket) && !held;
    /* The callback of a Connect that was not answered hears of it instead. */
    bool started =
        websocket->state == WSB_STATE_CONNECTING && !calls_has_started(&websocket->calls, CALL_CONNECT);
    bool tell_error = (open && !websocket->error_told) || started;
    wsb_error error = { 0 };

    websocket_hold(websocket);
    websocket_forget_object(websocket, /* release= */ false);
    websocket->creating = pending_drop(websocket->creating);
    if (!held)
        stream_close(websocket);
    if (!held && websocket->state != WSB_STATE_CREATED)
        websocket->state = WSB_STATE_CLOSED;

    error_set(&error, -ECONNRESET, WSB_CODE_UNKNOWN, message);
    calls_fail_all(websocket, &error);
    error_clear(&error);

    tell_lost(websocket, tell_error, open, message);
    websocket_release_hold(websocket);
}

void
websockets_lose(wsb_client *client, const char *owner, const char *message)
{
    SLIST_HEAD(, wsb_websocket) lost = SLIST_HEAD_INITIALIZER(lost);
    wsb_websocket *websocket;

    /* First collect: a listener may drop any of them. */
    LIST_FOREACH(websocket, &client->websockets, link)
    {
        if (!owner || (websocket->owner && strcmp(websocket->owner, owner) == 0)) {
            websocket_hold(websocket);
            SLIST_INSERT_HEAD(&lost, websocket, lost_link);
        }
    }
    while ((websocket = SLIST_FIRST(&lost))) {
        SLIST_REMOVE_HEAD(&lost, lost_link);
        websocket_lose(websocket, message);
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the hold that it gives up was taken above
        websocket_release_hold(websocket);
    }
}

void
websocket_abandon(wsb_websocket *websocket)
{
    wsb_error error = { 0 };

    websocket_forget_object(websocket, /* release= */ true);
    websocket->state = WSB_STATE_CLOSED;
    error_set_errno(&error, -ETIMEDOUT);
    calls_fail_all(websocket, &error);
    error_clear(&error);
}

/* ---- What was put off ---- */

void
websocket_run_deferred(wsb_websocket *websocket)
{
    if (websocket_is_dropped(websocket))
        return;
    (void)stream_flush(websocket);
    sends_complete(websocket);
    sends_tell_drain(websocket);
    calls_advance(websocket);
    pending_pass_turn(websocket);
    /* What the application has sent meanwhile. */
    (void)stream_flush(websocket);
}
