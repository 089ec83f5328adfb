/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The stream that libsoup believes to be the connection. Its two sides (flow-input, flow-output) do the metering;
 * this joins them: it pauses reading while too much waits to be written, lets a broken direction end the other,
 * and closes without a thread, which the default GIOStream would use.
 */

#include "flow.h"

#include "flow-output.h"
#include "read-ahead.h"
#include "wsbroker-protocol.h"

#include <string.h>

struct _Flow {
    GIOStream parent;
    GIOStream *transport;
    GSocket *socket;
    LaneWatch *watch;
    FlowInput *input;
    FlowOutput *output;
    gsize max_backlog;
    FlowEvents events;
    gpointer user_data;
    gboolean stopped;
};

G_DEFINE_FINAL_TYPE(Flow, flow, G_TYPE_IO_STREAM)

static void
on_turn(gpointer user_data)
{
    Flow *self = user_data;

    if (self->stopped)
        return;
    if (flow_output_is_broken(self->output))
        flow_input_set_last(self->input);
    if (flow_get_backlog(self) > self->max_backlog)
        flow_input_pause(self->input, FLOW_PAUSE_BACKLOG);
    else
        flow_input_resume(self->input, FLOW_PAUSE_BACKLOG);
    self->events.progress(self->user_data);
}

static void
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    Flow *self = user_data;

    self->events.message(text, data, self->user_data);
}

static const FlowInputEvents input_events = { .message = on_message, .read = on_turn };

static void
on_ready(GIOCondition condition, gpointer user_data)
{
    g_autoptr(Flow) self = g_object_ref(user_data);

    flow_output_turn(self->output, condition);
    flow_input_turn(self->input, condition);
    on_turn(self);
}

/* What TLS stands on, as dial.c has made it, from now on without another handshake; NULL where there is no TLS. */
static GIOStream *
take_read_ahead(GIOStream *transport)
{
    GIOStream *read_ahead = NULL;

    if (!G_IS_TLS_CONNECTION(transport))
        return NULL;
    g_object_get(transport, "base-io-stream", &read_ahead, NULL);
    read_ahead_refuse_handshakes(read_ahead);
    return read_ahead;
}

Flow *
flow_new(Lane *lane, GIOStream *transport, GSocket *socket, const FlowInputSettings *settings,
         gsize max_backlog, const FlowEvents *events, gpointer user_data)
{
    Flow *self = g_object_new(FLOW_TYPE, NULL);
    g_autoptr(GIOStream) read_ahead = take_read_ahead(transport);

    self->transport = g_object_ref(transport);
    self->socket = g_object_ref(socket);
    self->max_backlog = max_backlog;
    self->events = *events;
    self->user_data = user_data;
    self->watch = lane_watch_new(lane, g_socket_get_fd(socket), on_ready, self);
    self->input = flow_input_new(G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(transport)), read_ahead,
                                 self->watch, settings, &input_events, self);
    self->output =
        flow_output_new(G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(transport)), self->watch);
    return self;
}

void
flow_set_paused(Flow *self, gboolean paused)
{
    if (paused)
        flow_input_pause(self->input, FLOW_PAUSE_APPLICATION);
    else
        flow_input_resume(self->input, FLOW_PAUSE_APPLICATION);
}

void
flow_discard_messages(Flow *self)
{
    flow_input_discard_messages(self->input);
}

void
flow_set_corked(Flow *self, gboolean corked)
{
    flow_output_set_corked(self->output, corked);
}

gsize
flow_get_backlog(const Flow *self)
{
    return flow_output_get_backlog(self->output);
}

gboolean
flow_discard_backlog(Flow *self)
{
    return flow_output_discard(self->output);
}

FrameFault
flow_get_fault(const Flow *self, const char **ret_text)
{
    return flow_input_get_fault(self->input, ret_text);
}

gboolean
flow_get_close(const Flow *self, guint16 *ret_code, const char **ret_reason)
{
    return flow_input_get_close(self->input, ret_code, ret_reason);
}

void
flow_send(Flow *self, gboolean text, GBytes *data)
{
    gsize length = 0;
    const guint8 *payload = g_bytes_get_data(data, &length);

    flow_output_send(self->output, text ? OPCODE_TEXT : OPCODE_BINARY, payload, length);
}

void
flow_send_close(Flow *self, guint16 code, const char *reason)
{
    const guint8 code_bytes[] = { (guint8)(code >> 8), (guint8)code };
    g_autoptr(GByteArray) payload = g_byte_array_new();

    g_assert(strlen(reason) <= WSB_CLOSE_REASON_MAX);
    if (code != WSB_CLOSE_NO_STATUS) {
        g_byte_array_append(payload, code_bytes, sizeof(code_bytes));
        g_byte_array_append(payload, (const guint8 *)reason, (guint)strlen(reason));
    }
    flow_output_send(self->output, OPCODE_CLOSE, payload->data, payload->len);
    flow_output_flush(self->output);
}

void
flow_shutdown_output(Flow *self)
{
    /* An error means that the connection is gone already, which reading will tell. */
    (void)g_socket_shutdown(self->socket, /* shutdown_read= */ FALSE, /* shutdown_write= */ TRUE, NULL);
}

void
flow_stop(Flow *self)
{
    self->stopped = TRUE;
    flow_input_stop(self->input);
    flow_output_stop(self->output);
    g_clear_pointer(&self->watch, lane_watch_free);
}

static GInputStream *
flow_get_input_stream(GIOStream *stream)
{
    return G_INPUT_STREAM(FLOW_STREAM(stream)->input);
}

static GOutputStream *
flow_get_output_stream(GIOStream *stream)
{
    return G_OUTPUT_STREAM(FLOW_STREAM(stream)->output);
}

static void
flow_close_async(GIOStream *stream, int priority, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(stream, cancellable, callback, user_data);

    (void)priority;
    /* libsoup closes when the peer has, whose last frame may have been a Close that is still to be answered. */
    flow_input_stop(FLOW_STREAM(stream)->input);
    g_task_return_boolean(task, TRUE);
}

static gboolean
flow_close_finish(GIOStream *stream, GAsyncResult *result, GError **error)
{
    (void)stream;
    return g_task_propagate_boolean(G_TASK(result), error);
}

static void
flow_dispose(GObject *object)
{
    Flow *self = FLOW_STREAM(object);

    if (self->input)
        flow_stop(self);
    G_OBJECT_CLASS(flow_parent_class)->dispose(object);
}

static void
flow_finalize(GObject *object)
{
    Flow *self = FLOW_STREAM(object);

    g_clear_object(&self->input);
    g_clear_object(&self->output);
    g_clear_object(&self->transport);
    g_clear_object(&self->socket);
    G_OBJECT_CLASS(flow_parent_class)->finalize(object);
}

static void
flow_class_init(FlowClass *class)
{
    G_OBJECT_CLASS(class)->dispose = flow_dispose;
    G_OBJECT_CLASS(class)->finalize = flow_finalize;
    G_IO_STREAM_CLASS(class)->get_input_stream = flow_get_input_stream;
    G_IO_STREAM_CLASS(class)->get_output_stream = flow_get_output_stream;
    G_IO_STREAM_CLASS(class)->close_async = flow_close_async;
    G_IO_STREAM_CLASS(class)->close_finish = flow_close_finish;
}

static void
flow_init(Flow *self)
{
    (void)self;
}
