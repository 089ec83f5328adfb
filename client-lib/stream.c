/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The data plane: a socket on which messages travel past the bus, both ways.
 *
 * "open", "error" and "close" come over the bus, the messages between them here. So nothing is read before
 * "open" was told, and an end waits in `held_…` or `loss` until the stream has been read to its own end: the
 * listeners hear the same in the same order as over signals.
 *
 * What listeners send while messages are told to them is gathered, and written when the batch is over or
 * GATHER_MESSAGES later; outside of processing every message is written at once. Either way nothing waits in
 * this process while the socket would take it and the application is away.
 */

#include "stream-private.h"

#include "signals.h"
#include "websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Messages told, or bytes sent, after which what was gathered is written. */
#define GATHER_MESSAGES 16
#define GATHER_BYTES ((size_t)64 << 10)

/* ---- Life ---- */

static void
stream_free(Stream *stream)
{
    stream_reader_clear(&stream->reader);
    stream_writer_clear(&stream->writer);
    free(stream);
}

static int
watch(wsb_websocket *websocket, uint32_t events)
{
    Stream *stream = websocket->stream;
    struct epoll_event event = { .events = events, .data.ptr = websocket };
    int epoll_fd = websocket->client->epoll_fd;
    int operation = stream->watched == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

    if (events == stream->watched)
        return 0;
    if (epoll_ctl(epoll_fd, operation, stream->fd, &event) < 0)
        return -errno;
    if (operation == EPOLL_CTL_ADD)
        websocket->client->n_streams++;
    else if (operation == EPOLL_CTL_DEL)
        websocket->client->n_streams--;
    stream->watched = events;
    return 0;
}

void
stream_close(wsb_websocket *websocket)
{
    Stream *stream = websocket->stream;

    if (!stream)
        return;
    stream->request = pending_drop(stream->request);
    stream->limit_request = pending_drop(stream->limit_request);
    stream->held_error = sd_bus_message_unref(stream->held_error);
    stream->held_close = sd_bus_message_unref(stream->held_close);
    free(stream->loss);
    stream->loss = NULL;
    (void)watch(websocket, 0);
    if (stream->fd >= 0)
        close(stream->fd);
    websocket->stream = NULL;
    stream->closed = true;
    if (!stream->dispatching)
        stream_free(stream);
}

void
stream_fail(wsb_websocket *websocket, const char *message)
{
    websocket_forget_object(websocket, /* release= */ true);
    websocket_lose(websocket, message);
}

static int
update_watch(wsb_websocket *websocket)
{
    const Stream *stream = websocket->stream;
    uint32_t events = stream->reading ? EPOLLIN : 0;

    if (!stream_writer_is_done(&stream->writer))
        events |= EPOLLOUT;
    return watch(websocket, stream->ended ? 0 : events);
}

/* ---- Its beginning ---- */

int
stream_start_reading(wsb_websocket *websocket)
{
    websocket->stream->reading = true;
    return update_watch(websocket);
}

void
stream_start(wsb_websocket *websocket)
{
    if (websocket->stream && websocket->stream->fd >= 0 && stream_start_reading(websocket) < 0)
        stream_fail(websocket, "the service's stream cannot be used");
}

/* ---- Its end ---- */

/* Whether there may be messages that have not been told. */
static bool
has_more(const wsb_websocket *websocket)
{
    const Stream *stream = websocket->stream;

    return stream && stream->fd >= 0 && !stream->ended && websocket_is_open(websocket);
}

bool
stream_holds_end(const wsb_websocket *websocket)
{
    const Stream *stream = websocket->stream;

    return stream && (stream->held_error || stream->held_close || stream->loss);
}

bool
stream_hold_signal(wsb_websocket *websocket, sd_bus_message *signal)
{
    Stream *stream = websocket->stream;
    sd_bus_message **held;

    if (!has_more(websocket))
        return false;
    held = sd_bus_message_is_signal(signal, NULL, "Error") ? &stream->held_error : &stream->held_close;
    if (!*held)
        *held = sd_bus_message_ref(signal);
    return true;
}

bool
stream_hold_loss(wsb_websocket *websocket, const char *message)
{
    Stream *stream = websocket->stream;

    if (!has_more(websocket))
        return false;
    if (!stream->loss)
        stream->loss = strdup(message);
    if (!stream->loss)
        return false;
    /* The service cannot end it any more: what is there now is all that comes. */
    (void)shutdown(stream->fd, SHUT_RDWR);
    return true;
}

/* All has been read. What is held is told, if it is there already. */
static void
reach_end(wsb_websocket *websocket)
{
    Stream *stream = websocket->stream;
    sd_bus_message *error = stream->held_error, *closed = stream->held_close;
    char *loss = stream->loss;

    stream->reading = false;
    stream->ended = true;
    (void)update_watch(websocket);
    stream->held_error = stream->held_close = NULL;
    stream->loss = NULL;
    if (error)
        signal_tell(websocket, error);
    if (closed)
        signal_tell(websocket, closed);
    else if (loss)
        websocket_tell_loss(websocket, loss);
    sd_bus_message_unref(error);
    sd_bus_message_unref(closed);
    free(loss);
}

/* ---- Sending ---- */

bool
stream_is_pending(const wsb_websocket *websocket)
{
    const Stream *stream = websocket->stream;

    return stream && (stream->request || stream->limit_request);
}

size_t
stream_get_limit(const wsb_websocket *websocket)
{
    return websocket->stream ? websocket->stream->limit : SIZE_MAX;
}

uint64_t
stream_get_written(const wsb_websocket *websocket)
{
    return websocket->stream ? websocket->stream->writer.written : 0;
}

uint64_t
stream_get_accepted(const wsb_websocket *websocket)
{
    return websocket->stream ? websocket->stream->writer.accepted : 0;
}

/* The writer has written what it could. */
static void
after_writing(wsb_websocket *websocket)
{
    buffer_pool_take_back(&websocket->client->buffers, &websocket->stream->writer.pending);
    if (update_watch(websocket) < 0)
        stream_writer_break(&websocket->stream->writer);
}

int
stream_send(wsb_websocket *websocket, wsb_message_kind kind, const void *data, size_t length,
            uint64_t *ret_end)
{
    StreamWriter *writer = &websocket->stream->writer;
    bool gather;
    int r;

    buffer_pool_lend(&websocket->client->buffers, &writer->pending);
    gather = websocket->client->processing && !writer->full &&
             buffer_length(&writer->pending) + length < GATHER_BYTES;
    if (gather || writer->full)
        r = stream_writer_add(writer, kind, data, length);
    else
        r = stream_writer_send(writer, websocket->stream->fd, kind, data, length);
    *ret_end = writer->accepted;
    if (gather)
        client_defer(websocket);
    else
        after_writing(websocket);
    return r;
}

bool
stream_flush(wsb_websocket *websocket)
{
    Stream *stream = websocket->stream;

    if (!stream || stream_writer_is_done(&stream->writer))
        return true;
    if (!stream->writer.full) {
        stream_writer_flush(&stream->writer, stream->fd);
        after_writing(websocket);
    }
    return stream_writer_is_done(&stream->writer);
}

void
stream_drop_output(wsb_websocket *websocket)
{
    if (!websocket->stream)
        return;
    stream_writer_break(&websocket->stream->writer);
    after_writing(websocket);
}

/* ---- Driving ---- */

static void
tell_message(wsb_websocket *websocket, const StreamMessage *message)
{
    wsb_event event = {
        .type = WSB_EVENT_MESSAGE,
        .kind = message->kind,
        .data = message->data,
        .length = message->length,
    };

    listeners_emit(websocket, &event);
    listeners_emit(websocket, &(wsb_event){ .type = WSB_EVENT_DATA_END });
}

/* The whole messages that have been read. 0, or what stream_reader_next() said of the rest. */
static int
tell_messages(wsb_websocket *websocket, Stream *stream)
{
    StreamMessage message;
    unsigned n = 0;
    int r;

    while ((r = stream_reader_next(&stream->reader, &message)) > 0) {
        tell_message(websocket, &message);
        if (stream->closed)
            return 0;
        if (++n % GATHER_MESSAGES == 0)
            (void)stream_flush(websocket);
    }
    return r;
}

/* One read, and what it brings. */
static void
read_batch(wsb_websocket *websocket, Stream *stream)
{
    size_t size;
    ssize_t n;
    void *room;
    int r;

    buffer_pool_lend(&websocket->client->buffers, &stream->reader.buffer);
    r = stream_reader_get_room(&stream->reader, &room, &size);
    if (r < 0) {
        stream_fail(websocket, "no memory for a message");
        return;
    }
    n = read(stream->fd, room, size);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        reach_end(websocket);
        return;
    }
    stream_reader_add(&stream->reader, (size_t)n);
    if (tell_messages(websocket, stream) < 0)
        stream_fail(websocket, "the service sent what is not understood");
}

void
stream_dispatch(wsb_websocket *websocket, uint32_t events)
{
    Stream *stream = websocket->stream;

    if (!stream || stream->watched == 0)
        return;
    stream->dispatching = true;
    if (events & EPOLLOUT) {
        stream->writer.full = false;
        (void)stream_flush(websocket);
        client_defer(websocket);
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_batch(websocket, stream);
    stream->dispatching = false;
    buffer_pool_take_back(&websocket->client->buffers, &stream->reader.buffer);
    if (stream->closed)
        stream_free(stream);
}
