/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libsoup reads 1 KiB a call for as long as bytes arrive and cannot pause. This stream reads up to 64 KiB a call
 * from the transport, runs the frame scanner over them, and tells a budget of messages a turn, so that a flooding server
 * cannot keep the process; what libsoup reads from it are the control frames between them. All of it happens in
 * libsoup's turns: when it is paused, the transport is not even watched, and TCP carries the pressure to
 * the server.
 *
 * Invariants: a byte that the scanner refused is never handed on, nor one of a Close frame or after it (those are
 * read and dropped, so that the end of the stream is seen). Readiness is a flag that prepare() looks at: a ready time would
 * cost a write to an eventfd.
 */

#include "flow-input.h"

#include "message-reader.h"

#include <glib-unix.h>
#include <string.h>

enum {
    READ_SIZE = 64 * 1024,
    TURN_BUDGET = 64 * 1024, /* bytes handed on a turn; a quarter of that costs speed, more costs fairness */
    TURN_BUDGET_MIN = 1024,
    TURN_FRAMES = 256 /* about so many a turn: the smallest cost as much work each as larger ones */
};

struct _FlowInput {
    GInputStream parent;
    GPollableInputStream *transport;
    GSource *transport_source; /* NULL while paused, at the end, or while nobody waits */
    int fd;            /* the transport's, or -1 for TLS, which may have bytes that no descriptor shows */
    gboolean readable; /* the transport may have bytes */
    gboolean last;
    gboolean stopped;
    guint pauses; /* of FlowPause */
    void (*turn)(gpointer user_data);
    gpointer user_data;

    void (*message)(gboolean text, GBytes *data, gpointer user_data);
    FrameScanner scanner;
    MessageReader reader;
    FrameFault fault;
    guint8 *data; /* READ_SIZE bytes while there are any to hand on, else NULL */
    gsize at, end;
    gsize budget;     /* bytes that may still be handed on this turn */
    gsize frame_size; /* of what was read last, on the average */
    gboolean ended;
    GError *error;
    guint n_waiting; /* sources of ours that somebody waits on */
};

static void flow_input_pollable_init(GPollableInputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE(FlowInput, flow_input, G_TYPE_INPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_INPUT_STREAM, flow_input_pollable_init))

static gboolean
flow_input_has_bytes(const FlowInput *self)
{
    return self->at < self->end;
}

static gboolean
flow_input_at_end(const FlowInput *self)
{
    return self->ended || self->error != NULL;
}

static gboolean
flow_input_ready(const FlowInput *self)
{
    if (self->pauses != 0 || self->stopped)
        return FALSE;
    return flow_input_has_bytes(self) || self->readable || flow_input_at_end(self);
}

static void
flow_input_unwatch(FlowInput *self)
{
    if (self->transport_source)
        g_source_destroy(self->transport_source);
    g_clear_pointer(&self->transport_source, g_source_unref);
}

static gboolean
flow_input_note_readable(FlowInput *self)
{
    self->readable = TRUE;
    if (self->n_waiting > 0)
        return G_SOURCE_CONTINUE;
    /* Nobody would read, and the descriptor stays readable: watch it again when somebody waits. */
    g_clear_pointer(&self->transport_source, g_source_unref);
    return G_SOURCE_REMOVE;
}

static gboolean
on_fd_readable(int fd, GIOCondition condition, gpointer user_data)
{
    (void)fd, (void)condition;
    return flow_input_note_readable(user_data);
}

static gboolean
on_transport_readable(GObject *stream, gpointer user_data)
{
    (void)stream;
    return flow_input_note_readable(user_data);
}

static void
flow_input_watch(FlowInput *self)
{
    if (self->transport_source || self->pauses != 0 || self->stopped || flow_input_at_end(self))
        return;
    /* The stream's own source has another inside, which writes to an eventfd at each dispatch. */
    if (self->fd >= 0) {
        self->transport_source = g_unix_fd_source_new(self->fd, G_IO_IN);
        g_source_set_callback(self->transport_source, G_SOURCE_FUNC(on_fd_readable), self, NULL);
    } else {
        self->transport_source =
            g_pollable_input_stream_create_source(self->transport, /* cancellable= */ NULL);
        g_source_set_callback(self->transport_source, G_SOURCE_FUNC(on_transport_readable), self, NULL);
    }
    g_source_set_can_recurse(self->transport_source, TRUE);
    g_source_attach(self->transport_source, g_main_context_get_thread_default());
}

/* Scans the N bytes behind `end` and keeps those that may be handed on. */
static gsize
flow_input_scan(FlowInput *self, gsize n)
{
    gsize accepted = 0;

    if (self->fault == FRAME_FAULT_NONE && !self->scanner.close_seen)
        self->fault = frame_scanner_feed(&self->scanner, self->data + self->end, n, &accepted);
    self->end += accepted;
    return accepted;
}

/* One read from the transport. Returns whether another should follow at once. */
static gboolean
flow_input_read_transport(FlowInput *self)
{
    gsize room = READ_SIZE - self->end;
    g_autoptr(GError) error = NULL;
    gssize n = g_pollable_input_stream_read_nonblocking(self->transport, self->data + self->end, room,
                                                        /* cancellable= */ NULL, &error);

    if (n > 0) {
        gsize accepted = flow_input_scan(self, (gsize)n);

        /* A socket that gave less than it was asked for has no more. */
        if ((gsize)n < room && self->fd >= 0)
            self->readable = FALSE;
        return self->readable && accepted > 0 && self->end < READ_SIZE;
    }
    if (n == 0) {
        self->ended = TRUE;
    } else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
        self->readable = FALSE;
        self->ended = self->last;
    } else {
        self->error = g_steal_pointer(&error);
    }
    return FALSE;
}

static gsize
flow_input_turn_budget(const FlowInput *self)
{
    if (self->frame_size == 0)
        return TURN_BUDGET;
    return CLAMP(self->frame_size * TURN_FRAMES, (gsize)TURN_BUDGET_MIN, (gsize)TURN_BUDGET);
}

static void
flow_input_fill(FlowInput *self)
{
    guint64 frames = self->scanner.n_frames;

    if (!self->data)
        self->data = g_malloc(READ_SIZE);
    self->at = self->end = 0;
    while (flow_input_read_transport(self))
        ;
    frames = self->scanner.n_frames - frames;
    self->frame_size = self->end / MAX(1, frames);
    self->budget = MIN(self->budget, flow_input_turn_budget(self));
    if (flow_input_at_end(self))
        flow_input_unwatch(self);
}

static gboolean
flow_input_may_read(const FlowInput *self)
{
    return self->pauses == 0 && !self->stopped && self->budget > 0;
}

/* Tells messages until a control frame comes, whose bytes are what BUFFER gets. Returns how many; 0 for none yet. */
static gsize
flow_input_hand_on(FlowInput *self, void *buffer, gsize count)
{
    while (flow_input_may_read(self) && flow_input_has_bytes(self)) {
        const guint8 *data = self->data + self->at;
        g_autoptr(GBytes) message = NULL;
        gboolean text = FALSE;
        gsize n = 0;
        MessageReaderResult result = message_reader_take(
            &self->reader, data, MIN(self->budget, self->end - self->at), &n, &message, &text);

        self->at += n;
        self->budget -= n;
        if (result == MESSAGE_READER_CONTROL) {
            g_assert(n <= count); /* libsoup reads a KiB a call, and no control frame has as much */
            memcpy(buffer, data, n);
            return n;
        }
        if (result == MESSAGE_READER_MESSAGE)
            self->message(text, message, self->user_data);
    }
    return 0;
}

static gssize
flow_input_read_nonblocking(GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
    FlowInput *self = FLOW_INPUT(stream);
    gboolean may_read;

    for (;;) {
        gsize n;

        if (flow_input_may_read(self) && !flow_input_has_bytes(self) && self->readable &&
            !flow_input_at_end(self))
            flow_input_fill(self);
        if (!flow_input_may_read(self) || !flow_input_has_bytes(self))
            break;
        n = flow_input_hand_on(self, buffer, count);
        if (n > 0)
            return (gssize)n;
    }
    may_read = flow_input_may_read(self);
    if (!flow_input_has_bytes(self))
        g_clear_pointer(&self->data, g_free);
    if (may_read && self->ended)
        return 0;
    if (may_read && self->error)
        g_propagate_error(error, g_error_copy(self->error));
    else
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "nothing to read yet");
    return -1;
}

/* GInputStream wants one; nobody reads from this stream but by polling. */
static gssize
flow_input_read(GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    return flow_input_read_nonblocking(G_POLLABLE_INPUT_STREAM(stream), buffer, count, error);
}

/* The source that the reader waits on. */
typedef struct InputSource {
    GSource source;
    FlowInput *input; /* referenced */
} InputSource;

static gboolean
input_source_check(GSource *source)
{
    return flow_input_ready(((InputSource *)source)->input);
}

static gboolean
input_source_prepare(GSource *source, int *ret_timeout_ms)
{
    *ret_timeout_ms = -1;
    return input_source_check(source);
}

static gboolean
input_source_dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    g_autoptr(FlowInput) input = g_object_ref(((InputSource *)source)->input);
    gboolean keep;

    input->budget = flow_input_turn_budget(input);
    keep = ((GPollableSourceFunc)(void (*)(void))callback)(G_OBJECT(input), user_data);
    if (!input->stopped)
        input->turn(input->user_data);
    return keep;
}

static void
input_source_finalize(GSource *source)
{
    FlowInput *input = ((InputSource *)source)->input;

    input->n_waiting--;
    g_object_unref(input);
}

static GSourceFuncs input_source_funcs = { .prepare = input_source_prepare,
                                           .check = input_source_check,
                                           .dispatch = input_source_dispatch,
                                           .finalize = input_source_finalize };

/* CANCELLABLE is not looked at: libsoup, the only reader, has none. */
static GSource *
flow_input_create_source(GPollableInputStream *stream, GCancellable *cancellable)
{
    FlowInput *self = FLOW_INPUT(stream);
    GSource *source = g_source_new(&input_source_funcs, sizeof(InputSource));

    (void)cancellable;
    ((InputSource *)source)->input = g_object_ref(self);
    g_source_set_static_name(source, "flow input");
    self->n_waiting++;
    flow_input_watch(self);
    return source;
}

static gboolean
flow_input_is_readable(GPollableInputStream *stream)
{
    return flow_input_ready(FLOW_INPUT(stream));
}

FlowInput *
flow_input_new(GPollableInputStream *transport, int fd, GBytes *leftover, guint64 max_message_size,
               void (*message)(gboolean text, GBytes *data, gpointer user_data),
               void (*turn)(gpointer user_data), gpointer user_data)
{
    FlowInput *self = g_object_new(FLOW_TYPE_INPUT, NULL);
    gsize length = leftover ? g_bytes_get_size(leftover) : 0;

    g_assert(length <= READ_SIZE);
    self->transport = g_object_ref(transport);
    self->fd = fd;
    self->readable = TRUE;
    self->message = message;
    self->turn = turn;
    self->user_data = user_data;
    frame_scanner_init(&self->scanner, max_message_size);
    if (length > 0) {
        self->data = g_malloc(READ_SIZE);
        memcpy(self->data, g_bytes_get_data(leftover, NULL), length);
        flow_input_scan(self, length);
    }
    return self;
}

void
flow_input_pause(FlowInput *self, FlowPause reason)
{
    self->pauses |= reason;
    flow_input_unwatch(self);
}

void
flow_input_resume(FlowInput *self, FlowPause reason)
{
    if (!(self->pauses & reason))
        return;
    self->pauses &= ~(guint)reason;
    if (self->pauses == 0) {
        self->readable = TRUE;
        flow_input_watch(self);
    }
}

void
flow_input_set_last(FlowInput *self)
{
    self->last = TRUE;
    self->readable = TRUE;
}

FrameFault
flow_input_get_fault(const FlowInput *self, const char **ret_text)
{
    if (self->fault == FRAME_FAULT_NONE || flow_input_has_bytes(self))
        return FRAME_FAULT_NONE;
    *ret_text = self->scanner.fault_text;
    return self->fault;
}

gboolean
flow_input_get_close(const FlowInput *self, guint16 *ret_code, const char **ret_reason)
{
    if (!self->scanner.close_seen || flow_input_has_bytes(self))
        return FALSE;
    *ret_code = self->scanner.close_code;
    *ret_reason = self->scanner.close_reason;
    return TRUE;
}

void
flow_input_stop(FlowInput *self)
{
    self->stopped = TRUE;
    flow_input_unwatch(self);
}

static void
flow_input_finalize(GObject *object)
{
    FlowInput *self = FLOW_INPUT(object);

    flow_input_unwatch(self);
    frame_scanner_clear(&self->scanner);
    message_reader_clear(&self->reader);
    g_clear_object(&self->transport);
    g_clear_error(&self->error);
    g_free(self->data);
    G_OBJECT_CLASS(flow_input_parent_class)->finalize(object);
}

static void
flow_input_pollable_init(GPollableInputStreamInterface *interface)
{
    interface->is_readable = flow_input_is_readable;
    interface->create_source = flow_input_create_source;
    interface->read_nonblocking = flow_input_read_nonblocking;
}

static void
flow_input_class_init(FlowInputClass *class)
{
    G_OBJECT_CLASS(class)->finalize = flow_input_finalize;
    G_INPUT_STREAM_CLASS(class)->read_fn = flow_input_read;
}

static void
flow_input_init(FlowInput *self)
{
    (void)self;
}
