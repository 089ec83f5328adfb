/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is sent on a stream. A message that is written at once and has no callback leaves no trace; any other
 * is in a list until it is out, and counts as unanswered. Its callback runs while processing, never in the
 * call that sent it.
 */

#include "sends.h"

#include "signals.h"
#include "websocket.h"

#include <errno.h>
#include <stdlib.h>

struct StreamedSend {
    TAILQ_ENTRY(StreamedSend) link;
    size_t cost;
    uint64_t end; /* as stream_send() says; of one that was refused, that of the send before it */
    bool too_large;
    wsb_callback callback;
    void *userdata;
};
typedef struct StreamedSend StreamedSend;

static void
list_free(SendList *list)
{
    StreamedSend *send;

    while ((send = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, send, link);
        free(send);
    }
}

void
sends_drop_all(SendList *list)
{
    list_free(list);
}

void
sends_forget(SendList *list, const void *userdata)
{
    StreamedSend *send;

    TAILQ_FOREACH(send, list, link)
    {
        if (send->userdata == userdata)
            send->callback = NULL;
    }
}

/* ---- Sending ---- */

bool
sends_may_stream(const wsb_websocket *websocket)
{
    return websocket->stream && websocket->state == WSB_STATE_OPEN &&
           TAILQ_EMPTY(&websocket->calls.waiting) && !stream_is_pending(websocket) &&
           !stream_holds_end(websocket) && !calls_has_started(&websocket->calls, CALL_CLOSE);
}

static void
add(wsb_websocket *websocket, StreamedSend *send)
{
    TAILQ_INSERT_TAIL(&websocket->calls.streamed, send, link);
    websocket->calls.n_sends++;
    websocket->calls.send_bytes += send->cost;
    if (send->end <= stream_get_written(websocket))
        client_defer(websocket);
}

int
sends_submit(wsb_websocket *websocket, wsb_message_kind kind, const void *data, size_t length,
             wsb_callback callback, void *userdata)
{
    StreamedSend *send = malloc(sizeof(*send));
    int r = 0;

    if (!send)
        return -ENOMEM;
    *send = (StreamedSend){
        .cost = length + WSB_SEND_COST,
        .end = stream_get_accepted(websocket),
        .too_large = length > stream_get_limit(websocket),
        .callback = callback,
        .userdata = userdata,
    };
    if (!send->too_large)
        r = stream_send(websocket, kind, data, length, &send->end);
    if (r < 0 || (!callback && send->end <= stream_get_written(websocket)))
        free(send);
    else
        add(websocket, send);
    return r;
}

int
sends_submit_message(wsb_websocket *websocket, sd_bus_message *message, wsb_callback callback, void *userdata,
                     wsb_error *error)
{
    wsb_event event = { 0 };
    char *copy = NULL;
    int r;

    if (websocket->state != WSB_STATE_OPEN)
        return error_set(error, -ENOTCONN, WSB_CODE_NOT_CONNECTED, "The WebSocket is not connected");
    r = signal_read_data(message, &event, &copy);
    if (r >= 0)
        r = sends_submit(websocket, event.kind, event.data, event.length, callback, userdata);
    free(copy);
    return r < 0 ? error_set_errno(error, r) : 0;
}

/* ---- Ending ---- */

/* SEND is in no list any more; frees it. */
static void
end(wsb_websocket *websocket, StreamedSend *send, const wsb_error *error)
{
    wsb_error too_large = { 0 };

    websocket->calls.n_sends--;
    websocket->calls.send_bytes -= send->cost;
    if (!error && send->too_large) {
        error_set(&too_large, -EINVAL, WSB_CODE_PARAMETER, "The message is larger than MaxMessageSize");
        error = &too_large;
    }
    if (send->callback && !websocket_is_dropped(websocket))
        send->callback(websocket, error, send->userdata);
    error_clear(&too_large);
    free(send);
}

void
sends_complete(wsb_websocket *websocket)
{
    SendList *list = &websocket->calls.streamed;
    uint64_t written = stream_get_written(websocket);
    StreamedSend *send;

    /* What a callback sends is written later, if only for its turn. */
    while ((send = TAILQ_FIRST(list)) && send->end <= written) {
        TAILQ_REMOVE(list, send, link);
        end(websocket, send, NULL);
    }
}

void
sends_fail_all(wsb_websocket *websocket, const wsb_error *error)
{
    SendList list = TAILQ_HEAD_INITIALIZER(list);
    StreamedSend *send;

    TAILQ_CONCAT(&list, &websocket->calls.streamed, link);
    while (!websocket_is_dropped(websocket) && (send = TAILQ_FIRST(&list))) {
        TAILQ_REMOVE(&list, send, link);
        end(websocket, send, error);
    }
    list_free(&list);
}

/* ---- Room ---- */

void
sends_tell_drain(wsb_websocket *websocket)
{
    CallQueue *queue = &websocket->calls;

    if (!queue->drain_wanted || queue->send_bytes > WSB_SEND_QUEUE_MAX / 2)
        return;
    queue->drain_wanted = false;
    listeners_emit(websocket, &(wsb_event){ .type = WSB_EVENT_DRAIN });
}
