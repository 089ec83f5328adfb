/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How a stream comes to be: OpenStream, Connect and a look at MaxMessageSize go out one after the other,
 * without waiting for an answer. So it costs no round trip, and no message can travel as a signal first.
 *
 * An error instead of a descriptor leaves no stream, and the messages take the bus; what Connect answers is
 * what the application hears. MaxMessageSize is asked because on a stream a message that is too large ends
 * the connection, while over the bus it is refused: here it is refused too, before it is written.
 */

#include "stream-private.h"

#include "websocket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static Stream *
stream_new(void)
{
    Stream *stream = calloc(1, sizeof(*stream));

    if (stream) {
        stream->fd = -1;
        stream->limit = UINT32_MAX;
    }
    return stream;
}

static int
adopt(wsb_websocket *websocket, sd_bus_message *reply)
{
    Stream *stream = websocket->stream;
    int fd, flags, r;

    r = sd_bus_message_read(reply, "h", &fd);
    if (r < 0)
        return r;
    stream->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (stream->fd < 0)
        return -errno;
    flags = fcntl(stream->fd, F_GETFL);
    if (flags < 0 || fcntl(stream->fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return websocket_is_open(websocket) ? stream_start_reading(websocket) : 0;
}

static void
on_stream(void *userdata, sd_bus_message *reply, const wsb_error *error)
{
    wsb_websocket *websocket = userdata;

    websocket_hold(websocket);
    websocket->stream->request = NULL;
    if (!error) {
        if (adopt(websocket, reply) < 0)
            stream_fail(websocket, "the service's stream cannot be used");
    } else if (error->result != -ETIMEDOUT || calls_has_started(&websocket->calls, CALL_CONNECT)) {
        stream_close(websocket);
    } else {
        /* It went with Connect, which was answered: where messages travel now is not known. */
        stream_fail(websocket, "the service has not handed out its stream");
    }
    calls_advance(websocket);
    websocket_release_hold(websocket);
}

static int
call_open_stream(wsb_websocket *websocket, PendingCall **ret)
{
    const PendingHandler handler = {
        .answered = on_stream,
        .timeout_usec = websocket->client->timeout_usec,
    };
    sd_bus_message *m = NULL;
    int r;

    r = sd_bus_message_new_method_call(websocket->client->bus, &m, websocket->owner, websocket->path,
                                       WSB_WEBSOCKET_INTERFACE, "OpenStream");
    if (r >= 0)
        r = sd_bus_message_append(m, "a{sv}", 0);
    if (r >= 0)
        r = pending_call(websocket->client, m, &handler, websocket, ret);
    sd_bus_message_unref(m);
    return r;
}

/* A bus connection ends when a message brings descriptors and this process has none left. */
static bool
has_descriptors_left(void)
{
    int fds[2]; /* the one that comes, and its copy */

    if (pipe2(fds, O_CLOEXEC) < 0)
        return false;
    close(fds[0]);
    close(fds[1]);
    return true;
}

int
stream_request(wsb_websocket *websocket)
{
    int r;

    /* An attempt that was refused has left one for the next. */
    if (websocket->stream)
        return 0;
    if (sd_bus_can_send(websocket->client->bus, 'h') <= 0 || !has_descriptors_left())
        return 0;
    websocket->stream = stream_new();
    if (!websocket->stream)
        return -ENOMEM;
    r = call_open_stream(websocket, &websocket->stream->request);
    if (r < 0)
        stream_close(websocket);
    return r;
}

/* Where it is not told, a message that is too large ends the connection, as it does for whoever has no
 * library. */
static void
on_limit(void *userdata, sd_bus_message *reply, const wsb_error *error)
{
    wsb_websocket *websocket = userdata;
    Stream *stream = websocket->stream;
    uint64_t limit;

    websocket_hold(websocket);
    stream->limit_request = NULL;
    if (!error && sd_bus_message_read(reply, "v", "t", &limit) >= 0)
        stream->limit = limit < UINT32_MAX ? (size_t)limit : UINT32_MAX;
    calls_advance(websocket);
    websocket_release_hold(websocket);
}

int
stream_request_limit(wsb_websocket *websocket)
{
    const PendingHandler handler = {
        .answered = on_limit,
        .timeout_usec = websocket->client->timeout_usec,
        .follows = true, /* Connect: so it is known when the connection opens */
    };
    Stream *stream = websocket->stream;
    sd_bus_message *m = NULL;
    int r;

    if (!stream)
        return 0;
    stream->limit_request = pending_drop(stream->limit_request);
    r = sd_bus_message_new_method_call(websocket->client->bus, &m, websocket->owner, websocket->path,
                                       "org.freedesktop.DBus.Properties", "Get");
    if (r >= 0)
        r = sd_bus_message_append(m, "ss", WSB_WEBSOCKET_INTERFACE, "MaxMessageSize");
    if (r >= 0)
        r = pending_call(websocket->client, m, &handler, websocket, &stream->limit_request);
    sd_bus_message_unref(m);
    return r;
}
