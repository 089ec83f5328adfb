/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The blocking helpers: start the call, then drive the client until it is done or the time is over. A Waiter
 * on the stack hears how it ended; whatever could still reach it is taken back before the function returns.
 */

#include "websocket.h"

#include <errno.h>

typedef struct Waiter {
    bool done;
    wsb_error error;
} Waiter;

static void
on_done(wsb_websocket *websocket, const wsb_error *error, void *userdata)
{
    Waiter *waiter = userdata;

    (void)websocket;
    waiter->done = true;
    if (error)
        error_copy(&waiter->error, error);
}

/* For calls whose answer is the beginning only. */
static void
on_started(wsb_websocket *websocket, const wsb_error *error, void *userdata)
{
    if (error)
        on_done(websocket, error, userdata);
}

static void
on_event_done(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)event;
    on_done(websocket, NULL, userdata);
}

static void
on_event_failed(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Waiter *waiter = userdata;

    (void)websocket;
    if (waiter->done)
        return;
    waiter->done = true;
    error_set(&waiter->error, error_errno_for_code((wsb_code)event->code), (wsb_code)event->code,
              event->message);
}

/* Until WAITER is done: 0, or -ETIMEDOUT, or what made driving impossible. */
static int
wait_until(wsb_client *client, const Waiter *waiter, uint64_t deadline)
{
    while (!waiter->done) {
        uint64_t now = now_usec();
        int r;

        if (now >= deadline)
            return -ETIMEDOUT;
        r = wsb_client_wait(client, deadline == UINT64_MAX ? UINT64_MAX : deadline - now);
        if (r < 0 && r != -EINTR)
            return r;
    }
    return 0;
}

/* The result of a helper: R of waiting, else what WAITER heard; kept as the WebSocket's last error. */
static int
finish(wsb_websocket *websocket, Waiter *waiter, int r)
{
    calls_forget(&websocket->calls, waiter);
    if (r < 0)
        error_set_errno(&websocket->last_error, r);
    else if (waiter->error.result < 0)
        r = error_copy(&websocket->last_error, &waiter->error);
    error_clear(&waiter->error);
    return r;
}

static uint64_t
deadline_for(const wsb_websocket *websocket, uint64_t timeout_usec)
{
    return deadline_after(timeout_usec > 0 ? timeout_usec : websocket->client->timeout_usec);
}

static int
begin(wsb_websocket *websocket)
{
    if (!websocket)
        return -EINVAL;
    if (websocket->client->processing)
        return error_set_errno(&websocket->last_error, -EBUSY);
    wsb_websocket_ref(websocket);
    return 0;
}

int
wsb_websocket_connect_sync(wsb_websocket *websocket, const char *url, const wsb_options *options,
                           uint64_t timeout_usec)
{
    Waiter waiter = { 0 };
    int r = begin(websocket);

    if (r < 0)
        return r;
    r = wsb_websocket_on(websocket, WSB_EVENT_OPEN, on_event_done, &waiter);
    if (r >= 0)
        r = wsb_websocket_on(websocket, WSB_EVENT_ERROR, on_event_failed, &waiter);
    if (r >= 0)
        r = wsb_websocket_connect(websocket, url, options, on_started, &waiter);
    if (r >= 0) {
        r = wait_until(websocket->client, &waiter, deadline_for(websocket, timeout_usec));
        if (r == -ETIMEDOUT)
            websocket_abandon(websocket);
        r = finish(websocket, &waiter, r);
    }
    (void)wsb_websocket_off(websocket, WSB_EVENT_OPEN, on_event_done, &waiter);
    (void)wsb_websocket_off(websocket, WSB_EVENT_ERROR, on_event_failed, &waiter);
    wsb_websocket_unref(websocket);
    return r;
}

/* ---- Send ---- */

typedef int (*SendFunction)(wsb_websocket *websocket, const void *data, size_t length, Waiter *waiter);

static int
start_text(wsb_websocket *websocket, const void *data, size_t length, Waiter *waiter)
{
    return wsb_websocket_send_text(websocket, data, length, on_done, waiter);
}

static int
start_binary(wsb_websocket *websocket, const void *data, size_t length, Waiter *waiter)
{
    return wsb_websocket_send_binary(websocket, data, length, on_done, waiter);
}

/* Starts the send once there is room for it. */
static int
start_with_room(wsb_websocket *websocket, SendFunction start, const void *data, size_t length, Waiter *waiter,
                uint64_t deadline)
{
    int r;

    while ((r = start(websocket, data, length, waiter)) == -EAGAIN) {
        uint64_t now = now_usec();

        if (now >= deadline)
            return error_set_errno(&websocket->last_error, -ETIMEDOUT);
        r = wsb_client_wait(websocket->client, deadline == UINT64_MAX ? UINT64_MAX : deadline - now);
        if (r < 0 && r != -EINTR)
            return error_set_errno(&websocket->last_error, r);
    }
    return r;
}

static int
send_sync(wsb_websocket *websocket, SendFunction start, const void *data, size_t length,
          uint64_t timeout_usec)
{
    Waiter waiter = { 0 };
    uint64_t deadline;
    int r = begin(websocket);

    if (r < 0)
        return r;
    deadline = deadline_for(websocket, timeout_usec);
    r = start_with_room(websocket, start, data, length, &waiter, deadline);
    if (r >= 0)
        r = finish(websocket, &waiter, wait_until(websocket->client, &waiter, deadline));
    wsb_websocket_unref(websocket);
    return r;
}

int
wsb_websocket_send_text_sync(wsb_websocket *websocket, const char *text, size_t length, uint64_t timeout_usec)
{
    return send_sync(websocket, start_text, text, length, timeout_usec);
}

int
wsb_websocket_send_binary_sync(wsb_websocket *websocket, const void *data, size_t length,
                               uint64_t timeout_usec)
{
    return send_sync(websocket, start_binary, data, length, timeout_usec);
}

/* ---- Close ---- */

/* The end of a connecting WebSocket that is cancelled is an error; of an open one it comes before the
 * close. */
static void
on_error_ends(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)event;
    if (wsb_websocket_get_state(websocket) == WSB_STATE_CLOSED)
        on_done(websocket, NULL, userdata);
}

int
wsb_websocket_close_sync(wsb_websocket *websocket, uint16_t code, const char *reason, uint64_t timeout_usec)
{
    Waiter waiter = { 0 };
    int r = begin(websocket);

    if (r < 0)
        return r;
    r = wsb_websocket_on(websocket, WSB_EVENT_CLOSE, on_event_done, &waiter);
    if (r >= 0)
        r = wsb_websocket_on(websocket, WSB_EVENT_ERROR, on_error_ends, &waiter);
    if (r >= 0)
        r = wsb_websocket_close(websocket, code, reason, on_started, &waiter);
    if (r >= 0)
        r = finish(websocket, &waiter,
                   wait_until(websocket->client, &waiter, deadline_for(websocket, timeout_usec)));
    (void)wsb_websocket_off(websocket, WSB_EVENT_CLOSE, on_event_done, &waiter);
    (void)wsb_websocket_off(websocket, WSB_EVENT_ERROR, on_error_ends, &waiter);
    wsb_websocket_unref(websocket);
    return r;
}
