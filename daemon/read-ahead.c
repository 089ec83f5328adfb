/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What TLS stands on. GnuTLS asks for five bytes of a record and then for the rest, each time with a system call; here
 * one read brings what the socket has, up to 64 KiB.
 *
 * On purpose it is no GSocketConnection. Below one of those, GIO resumes any session that the process has had with the
 * same server, whoever's it was, without acting upon what is wrong with its certificate: an application would be
 * connected to a server that only another one trusts. It also keeps every session ticket that it learns of, however
 * many a server sends; key-limit.c sees to it that it learns of none.
 *
 * What TLS reads need not bring the reader anything: session tickets, warnings. GIO reads on as long as there are more,
 * in one call, while nobody else's lane runs. So polling ends after READ_SIZE bytes of the socket, as if it had no more,
 * until the reader comes back: it waits for more (create_source), or knows of this stream (read_ahead_begin()). GnuTLS
 * asks twice where a record has begun.
 *
 * Once the WebSocket is open, TLS has no second handshake. GIO would do it in a thread, whose reading nobody in the lane
 * hears of, and there is no use for it that a hostile server would not have too.
 *
 * Invariant: the buffer exists only while it has bytes, so that an idle connection has none. TLS uses the stream from
 * one thread at a time: blocking in a thread of GIO's for the handshake, polling in the lane from then on.
 */

#include "read-ahead.h"

#include <string.h>

enum { READ_SIZE = 64 * 1024 };

#define READ_AHEAD_TYPE_INPUT (read_ahead_input_get_type())
G_DECLARE_FINAL_TYPE(ReadAheadInput, read_ahead_input, READ_AHEAD, INPUT, GInputStream)

struct _ReadAheadInput {
    GInputStream parent;
    GInputStream *base; /* the socket's; pollable */
    GSocket *socket;
    int refuses_handshakes; /* atomic: GIO's threads read it */
    guint8 *data;           /* READ_SIZE bytes, or NULL */
    gsize at, end;
    gsize taken; /* from the base since the reader came */
};

static void read_ahead_input_pollable_init(GPollableInputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE(ReadAheadInput, read_ahead_input, G_TYPE_INPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_INPUT_STREAM,
                                                    read_ahead_input_pollable_init))

/* One read of the base into the buffer; what it returned. */
static gssize
read_ahead_input_refill(ReadAheadInput *self, gboolean blocking, GCancellable *cancellable, GError **error)
{
    gssize length;

    if (!blocking && self->taken >= READ_SIZE) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "others first");
        return -1;
    }
    self->data = g_malloc(READ_SIZE);
    length = g_pollable_stream_read(self->base, self->data, READ_SIZE, blocking, cancellable, error);
    if (length <= 0) {
        g_clear_pointer(&self->data, g_free);
        return length;
    }
    self->at = 0;
    self->end = (gsize)length;
    self->taken += self->end;
    return length;
}

/* From the buffer, or what one read of the base brings into it; BLOCKING says how. */
static gssize
read_ahead_input_take(ReadAheadInput *self, void *buffer, gsize count, gboolean blocking,
                      GCancellable *cancellable, GError **error)
{
    gsize n;

    if (!self->data) {
        gssize length = read_ahead_input_refill(self, blocking, cancellable, error);

        if (length <= 0)
            return length;
    }
    n = MIN(count, self->end - self->at);
    memcpy(buffer, self->data + self->at, n);
    self->at += n;
    if (self->at == self->end)
        g_clear_pointer(&self->data, g_free);
    return (gssize)n;
}

static gssize
read_ahead_input_read(GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable,
                      GError **error)
{
    ReadAheadInput *self = READ_AHEAD_INPUT(stream);

    if (!g_atomic_int_get(&self->refuses_handshakes))
        return read_ahead_input_take(self, buffer, count, /* blocking= */ TRUE, cancellable, error);
    /* Only a handshake reads so. The lane sees the end. */
    (void)g_socket_shutdown(self->socket, /* shutdown_read= */ TRUE, /* shutdown_write= */ FALSE, NULL);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                        "The server asked for another TLS handshake");
    return -1;
}

static gssize
read_ahead_input_read_nonblocking(GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
    return read_ahead_input_take(READ_AHEAD_INPUT(stream), buffer, count, /* blocking= */ FALSE,
                                 /* cancellable= */ NULL, error);
}

static gboolean
read_ahead_input_is_readable(GPollableInputStream *stream)
{
    ReadAheadInput *self = READ_AHEAD_INPUT(stream);

    return self->data || g_pollable_input_stream_is_readable(G_POLLABLE_INPUT_STREAM(self->base));
}

static GSource *
read_ahead_input_create_source(GPollableInputStream *stream, GCancellable *cancellable)
{
    ReadAheadInput *self = READ_AHEAD_INPUT(stream);
    /* The socket need not become readable for what is here already. */
    g_autoptr(GSource) ready =
        self->data ? g_timeout_source_new(0)
                   : g_pollable_input_stream_create_source(G_POLLABLE_INPUT_STREAM(self->base), NULL);

    self->taken = 0;
    return g_pollable_source_new_full(stream, ready, cancellable);
}

static void
read_ahead_input_finalize(GObject *object)
{
    ReadAheadInput *self = READ_AHEAD_INPUT(object);

    g_clear_object(&self->base);
    g_clear_object(&self->socket);
    g_free(self->data);
    G_OBJECT_CLASS(read_ahead_input_parent_class)->finalize(object);
}

static void
read_ahead_input_pollable_init(GPollableInputStreamInterface *interface)
{
    interface->is_readable = read_ahead_input_is_readable;
    interface->create_source = read_ahead_input_create_source;
    interface->read_nonblocking = read_ahead_input_read_nonblocking;
}

static void
read_ahead_input_class_init(ReadAheadInputClass *class)
{
    G_OBJECT_CLASS(class)->finalize = read_ahead_input_finalize;
    G_INPUT_STREAM_CLASS(class)->read_fn = read_ahead_input_read;
}

static void
read_ahead_input_init(ReadAheadInput *self)
{
    (void)self;
}

/* The stream that has both directions. */

#define READ_AHEAD_TYPE_STREAM (read_ahead_stream_get_type())
G_DECLARE_FINAL_TYPE(ReadAheadStream, read_ahead_stream, READ_AHEAD, STREAM, GIOStream)

struct _ReadAheadStream {
    GIOStream parent;
    GIOStream *base;
    ReadAheadInput *input;
};

G_DEFINE_FINAL_TYPE(ReadAheadStream, read_ahead_stream, G_TYPE_IO_STREAM)

static GInputStream *
read_ahead_stream_get_input_stream(GIOStream *stream)
{
    return G_INPUT_STREAM(READ_AHEAD_STREAM(stream)->input);
}

static GOutputStream *
read_ahead_stream_get_output_stream(GIOStream *stream)
{
    return g_io_stream_get_output_stream(READ_AHEAD_STREAM(stream)->base);
}

static gboolean
read_ahead_stream_close(GIOStream *stream, GCancellable *cancellable, GError **error)
{
    return g_io_stream_close(READ_AHEAD_STREAM(stream)->base, cancellable, error);
}

static void
read_ahead_stream_finalize(GObject *object)
{
    ReadAheadStream *self = READ_AHEAD_STREAM(object);

    g_clear_object(&self->input);
    g_clear_object(&self->base);
    G_OBJECT_CLASS(read_ahead_stream_parent_class)->finalize(object);
}

static void
read_ahead_stream_class_init(ReadAheadStreamClass *class)
{
    G_OBJECT_CLASS(class)->finalize = read_ahead_stream_finalize;
    G_IO_STREAM_CLASS(class)->get_input_stream = read_ahead_stream_get_input_stream;
    G_IO_STREAM_CLASS(class)->get_output_stream = read_ahead_stream_get_output_stream;
    G_IO_STREAM_CLASS(class)->close_fn = read_ahead_stream_close;
}

static void
read_ahead_stream_init(ReadAheadStream *self)
{
    (void)self;
}

GIOStream *
read_ahead_new(GIOStream *base, GSocket *socket)
{
    ReadAheadStream *self = g_object_new(READ_AHEAD_TYPE_STREAM, NULL);

    self->base = g_object_ref(base);
    self->input = g_object_new(READ_AHEAD_TYPE_INPUT, NULL);
    self->input->base = g_object_ref(g_io_stream_get_input_stream(base));
    self->input->socket = g_object_ref(socket);
    return G_IO_STREAM(self);
}

gboolean
read_ahead_is_empty(const GIOStream *stream)
{
    return !((const ReadAheadStream *)stream)->input->data;
}

void
read_ahead_begin(GIOStream *stream)
{
    READ_AHEAD_STREAM(stream)->input->taken = 0;
}

gboolean
read_ahead_is_held(const GIOStream *stream)
{
    return ((const ReadAheadStream *)stream)->input->taken >= READ_SIZE;
}

void
read_ahead_refuse_handshakes(GIOStream *stream)
{
    g_atomic_int_set(&READ_AHEAD_STREAM(stream)->input->refuses_handshakes, TRUE);
}
