/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libsoup writes one frame a turn and does not say how much it has queued. This stream takes every frame whole,
 * so that libsoup queues nothing and all that waits is counted here. The first frame of a turn is written through,
 * because a lone message must wait for nothing; those that follow in the same turn are gathered into one write. Who
 * knows where a batch ends says so: then all of it is one write, without waiting for the end of the turn.
 *
 * A server that pings and does not read would have a pong kept for each. While much waits, a pong takes the place of the
 * one before it, as RFC 6455 section 5.5.3 allows: so what a server brings about by itself does not grow.
 *
 * Invariants: while bytes are kept, the end of the batch, that of the turn or the transport's readiness is being waited
 * for, so nothing stays behind. TLS is offered the same bytes again after it refused some, as GIO asks.
 */

#include "flow-output.h"

#include "client-frame.h"

#include <string.h>

enum {
    GATHER_SIZE = 64 * 1024, /* gathered bytes that are written without waiting for the end of the turn */
    KEEP_SIZE = 16 * 1024,   /* capacity that an empty buffer may keep */
    PONGS_SIZE = 64 * 1024,  /* bytes that wait before one pong does for several pings */
    PIECE_SIZE = 64 * 1024,  /* of a long frame; a multiple of the masking key's size */
    TLS_RECORD_MAX = 16 * 1024
};

struct _FlowOutput {
    GOutputStream parent;
    GPollableOutputStream *transport;
    LaneWatch *watch;

    GByteArray *kept;   /* NULL while nothing waits */
    gsize at;           /* of `kept`, already written */
    gsize boundary;     /* of `kept`: where a frame begins, at or before `at` or just behind its frame */
    gsize retry;        /* bytes that the transport refused and wants to see again */
    gsize pong;         /* of `kept`: where its last frame begins, if that is a pong; else NO_PONG */
    gboolean gathering; /* something was written this turn, whose end is waited for */
    gboolean blocked;   /* the transport takes no more, which is waited for */
    gboolean corked;    /* whoever writes will say when it was the last */
    gboolean broken;
    gboolean stopped;
    MaskingKeys masking_keys;
};

#define NO_PONG G_MAXSIZE

static void flow_output_pollable_init(GPollableOutputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE(FlowOutput, flow_output, G_TYPE_OUTPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_OUTPUT_STREAM, flow_output_pollable_init))

static void
flow_output_drop_kept(FlowOutput *self)
{
    self->at = 0;
    self->boundary = 0;
    self->retry = 0;
    self->pong = NO_PONG;
    if (!self->kept)
        return;
    if (self->kept->len > KEEP_SIZE)
        g_clear_pointer(&self->kept, g_byte_array_unref);
    else
        g_byte_array_set_size(self->kept, 0);
}

/* How many of LENGTH bytes the transport took: all, fewer when it would block, none for good when broken. */
static gsize
flow_output_write_transport(FlowOutput *self, const guint8 *data, gsize length)
{
    gsize written = 0;

    while (written < length) {
        g_autoptr(GError) error = NULL;
        gsize offered = self->retry > 0 ? MIN(self->retry, length - written) : length - written;
        gssize n = g_pollable_output_stream_write_nonblocking(self->transport, data + written, offered,
                                                              /* cancellable= */ NULL, &error);

        if (n < 0) {
            self->retry = offered;
            self->broken = !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
            break;
        }
        self->retry = 0;
        written += (gsize)n;
    }
    return written;
}

static void
flow_output_set_blocked(FlowOutput *self, gboolean blocked)
{
    if (self->stopped)
        return;
    self->blocked = blocked;
    lane_watch_want(self->watch, G_IO_OUT, blocked);
}

static void
flow_output_await_end_of_turn(FlowOutput *self)
{
    self->gathering = TRUE;
    lane_watch_raise(self->watch);
}

/* Moves `boundary` to the first beginning of a frame at or behind OFFSET. */
static void
advance_boundary(FlowOutput *self, gsize offset)
{
    while (self->boundary < offset && self->boundary < self->kept->len)
        self->boundary += client_frame_size(self->kept->data + self->boundary);
}

/* Room for LENGTH bytes more, behind those that are kept. */
static guint8 *
flow_output_extend(FlowOutput *self, gsize length)
{
    gsize end;

    if (!self->kept)
        self->kept = g_byte_array_new();
    if (self->at > 0 && self->at >= self->kept->len / 2) {
        advance_boundary(self, self->at);
        self->boundary -= self->at;
        g_byte_array_remove_range(self->kept, 0, (guint)self->at);
        self->at = 0;
    }
    end = self->kept->len;
    g_byte_array_set_size(self->kept, (guint)(end + length));
    self->pong = NO_PONG;
    return self->kept->data + end;
}

/* Where in `kept` that ends which the transport has, or may have looked at. */
static gsize
flow_output_get_begun(const FlowOutput *self)
{
    return self->at + MIN(self->retry, TLS_RECORD_MAX);
}

/* Drops what is kept from OFFSET on, where a frame begins behind that. */
static void
flow_output_truncate(FlowOutput *self, gsize offset)
{
    g_byte_array_set_size(self->kept, (guint)offset);
    self->retry = MIN(self->retry, self->kept->len - self->at);
    self->pong = NO_PONG;
}

/* Whether one of the frames that are kept from OFFSET on, where one begins, is a Close. */
static gboolean
flow_output_keeps_close(const FlowOutput *self, gsize offset)
{
    for (; offset < self->kept->len; offset += client_frame_size(self->kept->data + offset))
        if ((self->kept->data[offset] & BITS_OPCODE) == OPCODE_CLOSE)
            return TRUE;
    return FALSE;
}

gboolean
flow_output_discard(FlowOutput *self)
{
    gboolean has_close;

    if (flow_output_get_backlog(self) == 0)
        return FALSE;
    advance_boundary(self, flow_output_get_begun(self));
    if (self->boundary >= self->kept->len)
        return FALSE;
    has_close = flow_output_keeps_close(self, self->boundary);
    flow_output_truncate(self, self->boundary);
    if (flow_output_get_backlog(self) == 0) {
        flow_output_drop_kept(self);
        flow_output_set_blocked(self, FALSE);
    }
    return has_close;
}

void
flow_output_flush(FlowOutput *self)
{
    if (flow_output_get_backlog(self) > 0)
        self->at +=
            flow_output_write_transport(self, self->kept->data + self->at, self->kept->len - self->at);

    if (self->broken || flow_output_get_backlog(self) == 0)
        flow_output_drop_kept(self);
    flow_output_set_blocked(self, flow_output_get_backlog(self) > 0);
}

gboolean
flow_output_turn(FlowOutput *self, GIOCondition condition)
{
    gboolean writable = self->blocked && (condition & (G_IO_OUT | G_IO_ERR | G_IO_HUP));
    gboolean gathered = self->gathering;

    self->gathering = FALSE;
    if (writable || (gathered && !self->blocked))
        flow_output_flush(self);
    return writable || gathered;
}

/* A frame has been kept. LONE says that nothing was before it and that it may be the last. */
static void
flow_output_went(FlowOutput *self, gboolean lone)
{
    if (!self->corked)
        flow_output_await_end_of_turn(self);
    if (!self->blocked && (lone || flow_output_get_backlog(self) >= GATHER_SIZE))
        flow_output_flush(self);
}

static gboolean
flow_output_is_idle(const FlowOutput *self)
{
    return !self->gathering && !self->corked && flow_output_get_backlog(self) == 0;
}

static void
flow_output_keep(FlowOutput *self, FrameOpcode opcode, const guint8 *payload, gsize length, guint32 key)
{
    guint8 header[CLIENT_FRAME_HEADER_MAX];
    gsize size = client_frame_write_header(header, opcode, length, key);
    guint8 *to = flow_output_extend(self, size + length);

    memcpy(to, header, size);
    client_frame_mask(to + size, payload, length, key);
}

/* A long frame goes out in pieces while the transport takes them, and only what it does not take is kept: a buffer for
 * all of it would cost more than the copying. Nothing may be kept before. */
static void
flow_output_send_long(FlowOutput *self, FrameOpcode opcode, const guint8 *payload, gsize length, guint32 key)
{
    guint8 piece[CLIENT_FRAME_HEADER_MAX + PIECE_SIZE];
    gsize size = client_frame_write_header(piece, opcode, length, key);
    gsize masked = 0, taken = 0, written = 0;

    for (;;) {
        gsize n = MIN(length - masked, (gsize)PIECE_SIZE);

        client_frame_mask(piece + size, payload + masked, n, key);
        masked += n;
        size += n;
        taken = flow_output_write_transport(self, piece, size);
        written += taken;
        if (taken < size || masked == length)
            break;
        size = 0;
    }
    if (taken == size || self->broken)
        return;
    memcpy(flow_output_extend(self, size - taken), piece + taken, size - taken);
    client_frame_mask(flow_output_extend(self, length - masked), payload + masked, length - masked, key);
    if (written > 0)
        self->boundary = self->kept->len;
    flow_output_set_blocked(self, TRUE);
}

void
flow_output_send(FlowOutput *self, FrameOpcode opcode, const guint8 *payload, gsize length)
{
    guint32 key = masking_keys_take(&self->masking_keys);
    gboolean lone = flow_output_is_idle(self);

    if (self->broken || self->stopped)
        return;
    if (length > PIECE_SIZE && !self->blocked && flow_output_get_backlog(self) > 0)
        flow_output_flush(self);
    if (length > PIECE_SIZE && flow_output_get_backlog(self) == 0)
        flow_output_send_long(self, opcode, payload, length, key);
    else
        flow_output_keep(self, opcode, payload, length, key);
    flow_output_went(self, lone);
}

void
flow_output_set_corked(FlowOutput *self, gboolean corked)
{
    self->corked = corked;
    if (!corked && !self->blocked && !self->stopped)
        flow_output_flush(self);
    /* So that it is noticed at the end of the turn. */
    if (self->broken && !self->stopped)
        flow_output_await_end_of_turn(self);
}

/* A ping or a pong of libsoup's. */
static void
flow_output_keep_control(FlowOutput *self, const guint8 *frame, gsize length)
{
    gboolean is_pong = length > 0 && frame[0] == (BIT_FIN | OPCODE_PONG);
    guint8 *to;

    if (is_pong && self->pong != NO_PONG && self->pong >= flow_output_get_begun(self) &&
        flow_output_get_backlog(self) >= PONGS_SIZE)
        flow_output_truncate(self, self->pong);
    to = flow_output_extend(self, length);
    client_frame_remask(to, frame, length, masking_keys_take(&self->masking_keys));
    if (is_pong)
        self->pong = (gsize)(to - self->kept->data);
}

static gssize
flow_output_write_nonblocking(GPollableOutputStream *stream, const void *buffer, gsize count, GError **error)
{
    FlowOutput *self = FLOW_OUTPUT(stream);
    gboolean lone = flow_output_is_idle(self);

    (void)error;
    if (self->broken || self->stopped)
        return (gssize)count;
    flow_output_keep_control(self, buffer, count);
    flow_output_went(self, lone);
    return (gssize)count;
}

/* GOutputStream wants one; nobody writes to this stream but by polling. */
static gssize
flow_output_write_blocking(GOutputStream *stream, const void *buffer, gsize count, GCancellable *cancellable,
                           GError **error)
{
    (void)cancellable;
    return flow_output_write_nonblocking(G_POLLABLE_OUTPUT_STREAM(stream), buffer, count, error);
}

static gboolean
flow_output_is_writable(GPollableOutputStream *stream)
{
    (void)stream;
    return TRUE;
}

static gboolean
always_check(GSource *source)
{
    (void)source;
    return TRUE;
}

static gboolean
always_prepare(GSource *source, int *ret_timeout_ms)
{
    *ret_timeout_ms = -1;
    return always_check(source);
}

typedef struct WriterSource {
    GSource source;
    FlowOutput *output; /* referenced */
} WriterSource;

static gboolean
writer_source_dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    return ((GPollableSourceFunc)(void (*)(void))callback)(G_OBJECT(((WriterSource *)source)->output),
                                                           user_data);
}

static void
writer_source_finalize(GSource *source)
{
    g_object_unref(((WriterSource *)source)->output);
}

static GSourceFuncs writer_source_funcs = { .prepare = always_prepare,
                                            .check = always_check,
                                            .dispatch = writer_source_dispatch,
                                            .finalize = writer_source_finalize };

/* The stream can always be written, so its source is always ready. */
static GSource *
flow_output_create_source(GPollableOutputStream *stream, GCancellable *cancellable)
{
    GSource *source = g_source_new(&writer_source_funcs, sizeof(WriterSource));

    (void)cancellable; /* libsoup, the only writer, has none */
    ((WriterSource *)source)->output = g_object_ref(FLOW_OUTPUT(stream));
    g_source_set_static_name(source, "flow output");
    return source;
}

FlowOutput *
flow_output_new(GPollableOutputStream *transport, LaneWatch *watch)
{
    FlowOutput *self = g_object_new(FLOW_TYPE_OUTPUT, NULL);

    self->transport = g_object_ref(transport);
    self->watch = watch;
    return self;
}

gsize
flow_output_get_backlog(const FlowOutput *self)
{
    return self->kept ? self->kept->len - self->at : 0;
}

gboolean
flow_output_is_broken(const FlowOutput *self)
{
    return self->broken;
}

void
flow_output_stop(FlowOutput *self)
{
    flow_output_set_blocked(self, FALSE);
    self->stopped = TRUE;
    self->gathering = FALSE;
    flow_output_drop_kept(self);
}

static void
flow_output_finalize(GObject *object)
{
    FlowOutput *self = FLOW_OUTPUT(object);

    g_clear_pointer(&self->kept, g_byte_array_unref);
    g_clear_object(&self->transport);
    G_OBJECT_CLASS(flow_output_parent_class)->finalize(object);
}

static void
flow_output_pollable_init(GPollableOutputStreamInterface *interface)
{
    interface->is_writable = flow_output_is_writable;
    interface->create_source = flow_output_create_source;
    interface->write_nonblocking = flow_output_write_nonblocking;
}

static void
flow_output_class_init(FlowOutputClass *class)
{
    G_OBJECT_CLASS(class)->finalize = flow_output_finalize;
    G_OUTPUT_STREAM_CLASS(class)->write_fn = flow_output_write_blocking;
}

static void
flow_output_init(FlowOutput *self)
{
    self->pong = NO_PONG;
}
