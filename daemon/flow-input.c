/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libsoup reads 1 KiB a call for as long as bytes arrive and cannot pause. This reads up to 64 KiB a call from the
 * transport when its socket has something, runs the frame scanner over it, and tells a budget of messages a turn, so
 * that a flooding server cannot keep the process. A compressed message is inflated within that budget, before anything
 * behind it is looked at. libsoup gets what its stream is left with: the control frames. While one of them waits for
 * libsoup, what is behind it does too. While it is paused, the socket is not even watched, and TCP carries the pressure
 * to the server.
 *
 * Invariants: a byte that the scanner refused is never handed on, nor one of a Close frame or after it (those are
 * read and dropped, so that the end of the stream is seen). While there are bytes or may be some that no socket shows,
 * the watch is raised.
 */

#include "flow-input.h"

#include "inflater.h"
#include "message-reader.h"
#include "read-ahead.h"

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
    GIOStream *read_ahead; /* below TLS, which may have bytes that the socket does not show; else NULL */
    LaneWatch *watch;
    FlowInputEvents events;
    gpointer user_data;
    gboolean readable; /* the transport may have bytes */
    gboolean last;
    gboolean stopped;
    guint pauses; /* of FlowPause */

    FrameScanner scanner;
    MessageReader reader;
    Inflater *inflater; /* NULL where permessage-deflate was not agreed on */
    FrameFault fault;
    const char *fault_text; /* static */
    guint8 *data;           /* READ_SIZE bytes while there are any to hand on, else NULL */
    gsize at, end;
    gsize control;    /* bytes of a control frame, which end at `at`, for the reader */
    gsize budget;     /* bytes that may still be handed on this turn */
    gsize frame_size; /* of what was read last, on the average */
    gboolean ended;
    GError *error;
};

static void flow_input_pollable_init(GPollableInputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE(FlowInput, flow_input, G_TYPE_INPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_INPUT_STREAM, flow_input_pollable_init))

static gboolean
flow_input_is_inflating(const FlowInput *self)
{
    return self->inflater && inflater_is_busy(self->inflater);
}

static gboolean
flow_input_has_bytes(const FlowInput *self)
{
    return self->at < self->end || flow_input_is_inflating(self);
}

/* Whether all that was taken from the transport has been handed on. */
static gboolean
flow_input_is_read(const FlowInput *self)
{
    return !flow_input_has_bytes(self) && self->control == 0;
}

static gboolean
flow_input_at_end(const FlowInput *self)
{
    return self->ended || self->error != NULL;
}

static gboolean
flow_input_may_read(const FlowInput *self)
{
    return self->pauses == 0 && !self->stopped;
}

/* Whether there is something for the reader. */
static gboolean
flow_input_ready(const FlowInput *self)
{
    return flow_input_may_read(self) &&
           (self->control > 0 || (flow_input_is_read(self) && flow_input_at_end(self)));
}

/* What there is to wait for after a step. */
static void
flow_input_wait(FlowInput *self)
{
    gboolean wanted = flow_input_may_read(self) && self->control == 0;

    if (flow_input_is_read(self))
        g_clear_pointer(&self->data, g_free);
    if (self->stopped)
        return;
    lane_watch_want(self->watch, G_IO_IN, wanted && !flow_input_at_end(self));
    if (wanted && (flow_input_has_bytes(self) || (self->readable && !flow_input_at_end(self))))
        lane_watch_raise(self->watch);
}

/* Scans the N bytes behind `end` and keeps those that may be handed on. */
static gsize
flow_input_scan(FlowInput *self, gsize n)
{
    gsize accepted = 0;

    if (self->fault == FRAME_FAULT_NONE && !self->scanner.close_seen) {
        self->fault = frame_scanner_feed(&self->scanner, self->data + self->end, n, &accepted);
        self->fault_text = self->scanner.fault_text;
    }
    self->end += accepted;
    return accepted;
}

/* One read from the transport. Returns whether another should follow at once. */
static gboolean
flow_input_read_transport(FlowInput *self)
{
    gsize room = READ_SIZE - self->end;
    g_autoptr(GError) error = NULL;
    gssize n;

    if (self->read_ahead)
        read_ahead_begin(self->read_ahead);
    n = g_pollable_input_stream_read_nonblocking(self->transport, self->data + self->end, room,
                                                 /* cancellable= */ NULL, &error);
    if (n > 0) {
        gsize accepted = flow_input_scan(self, (gsize)n);

        /* A socket that gave less than it was asked for has no more; nor has TLS, which gives a record a read. */
        if ((gsize)n < room && (!self->read_ahead || read_ahead_is_empty(self->read_ahead)))
            self->readable = FALSE;
        return self->readable && accepted > 0 && self->end < READ_SIZE;
    }
    if (n == 0) {
        self->ended = TRUE;
    } else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
        self->readable = FALSE;
        self->ended = self->last && !(self->read_ahead && read_ahead_is_held(self->read_ahead));
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
}

/* Goes on with the message that is compressed, and tells it when it is whole. */
static void
flow_input_inflate(FlowInput *self)
{
    g_autoptr(GBytes) message = NULL;
    gboolean text = FALSE;
    FrameFault fault = inflater_work(self->inflater, &self->budget, &message, &text, &self->fault_text);

    if (fault != FRAME_FAULT_NONE) {
        /* It comes before whatever the scanner found behind it, and nothing there counts. */
        self->fault = fault;
        self->at = self->end;
        g_clear_pointer(&self->inflater, inflater_free);
    } else if (message) {
        self->events.message(text, message, self->user_data);
    }
}

/* Tells the next message, or comes upon a control frame. */
static void
flow_input_take(FlowInput *self)
{
    g_autoptr(GBytes) message = NULL;
    gboolean text = FALSE;
    gsize n = 0;
    MessageReaderResult result = message_reader_take(
        &self->reader, self->data + self->at, MIN(self->budget, self->end - self->at), &n, &message, &text);

    self->at += n;
    self->budget -= n;
    if (result == MESSAGE_READER_CONTROL)
        self->control = n;
    else if (result == MESSAGE_READER_MESSAGE && self->reader.compressed)
        inflater_start(self->inflater, text, message);
    else if (result == MESSAGE_READER_MESSAGE)
        self->events.message(text, message, self->user_data);
}

/* As far as the budget goes, up to a control frame. */
static void
flow_input_advance(FlowInput *self)
{
    while (flow_input_may_read(self) && self->budget > 0 && self->control == 0) {
        if (!flow_input_has_bytes(self) && self->readable && !flow_input_at_end(self))
            flow_input_fill(self);
        if (!flow_input_has_bytes(self))
            return;
        if (flow_input_is_inflating(self))
            flow_input_inflate(self);
        else
            flow_input_take(self);
    }
}

void
flow_input_turn(FlowInput *self, GIOCondition condition)
{
    self->budget = flow_input_turn_budget(self);
    self->readable |= (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)) != 0;
    flow_input_advance(self);
    flow_input_wait(self);
}

static gssize
flow_input_take_control(FlowInput *self, void *buffer, gsize count)
{
    gsize n = self->control;

    g_assert(n <= count); /* libsoup reads a KiB a call, and no control frame has as much */
    memcpy(buffer, self->data + self->at - n, n);
    self->control = 0;
    return (gssize)n;
}

static gssize
flow_input_read_nonblocking(GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
    FlowInput *self = FLOW_INPUT(stream);

    flow_input_advance(self);
    if (!flow_input_ready(self))
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "nothing to read yet");
    else if (self->control > 0)
        return flow_input_take_control(self, buffer, count);
    else if (self->error)
        g_propagate_error(error, g_error_copy(self->error));
    else
        return 0;
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

    keep = ((GPollableSourceFunc)(void (*)(void))callback)(G_OBJECT(input), user_data);
    flow_input_wait(input);
    if (!input->stopped)
        input->events.read(input->user_data);
    return keep;
}

static void
input_source_finalize(GSource *source)
{
    g_object_unref(((InputSource *)source)->input);
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
    return source;
}

static gboolean
flow_input_is_readable(GPollableInputStream *stream)
{
    return flow_input_ready(FLOW_INPUT(stream));
}

FlowInput *
flow_input_new(GPollableInputStream *transport, GIOStream *read_ahead, LaneWatch *watch,
               const FlowInputSettings *settings, const FlowInputEvents *events, gpointer user_data)
{
    FlowInput *self = g_object_new(FLOW_TYPE_INPUT, NULL);
    gsize length = settings->leftover ? g_bytes_get_size(settings->leftover) : 0;

    g_assert(length <= READ_SIZE);
    self->transport = g_object_ref(transport);
    g_set_object(&self->read_ahead, read_ahead);
    self->watch = watch;
    self->events = *events;
    self->user_data = user_data;
    self->readable = TRUE;
    frame_scanner_init(&self->scanner, settings->max_message_size);
    self->scanner.deflate = settings->deflate.agreed;
    if (settings->deflate.agreed)
        self->inflater = inflater_new(&settings->deflate, settings->max_message_size);
    if (length > 0) {
        self->data = g_malloc(READ_SIZE);
        memcpy(self->data, g_bytes_get_data(settings->leftover, NULL), length);
        flow_input_scan(self, length);
    }
    flow_input_wait(self);
    return self;
}

void
flow_input_pause(FlowInput *self, FlowPause reason)
{
    self->pauses |= reason;
    flow_input_wait(self);
}

void
flow_input_resume(FlowInput *self, FlowPause reason)
{
    if (!(self->pauses & reason))
        return;
    self->pauses &= ~(guint)reason;
    self->readable = TRUE;
    flow_input_wait(self);
}

void
flow_input_discard_messages(FlowInput *self)
{
    message_reader_discard(&self->reader);
    g_clear_pointer(&self->inflater, inflater_free);
}

void
flow_input_set_last(FlowInput *self)
{
    self->last = TRUE;
    self->readable = TRUE;
    flow_input_wait(self);
}

FrameFault
flow_input_get_fault(const FlowInput *self, const char **ret_text)
{
    if (self->fault == FRAME_FAULT_NONE || !flow_input_is_read(self))
        return FRAME_FAULT_NONE;
    *ret_text = self->fault_text;
    return self->fault;
}

gboolean
flow_input_get_close(const FlowInput *self, guint16 *ret_code, const char **ret_reason)
{
    if (!self->scanner.close_seen || !flow_input_is_read(self))
        return FALSE;
    *ret_code = self->scanner.close_code;
    *ret_reason = self->scanner.close_reason;
    return TRUE;
}

void
flow_input_stop(FlowInput *self)
{
    if (!self->stopped)
        lane_watch_want(self->watch, G_IO_IN, FALSE);
    self->stopped = TRUE;
}

static void
flow_input_finalize(GObject *object)
{
    FlowInput *self = FLOW_INPUT(object);

    frame_scanner_clear(&self->scanner);
    message_reader_clear(&self->reader);
    g_clear_pointer(&self->inflater, inflater_free);
    g_clear_object(&self->transport);
    g_clear_object(&self->read_ahead);
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
