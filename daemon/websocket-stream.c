/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The descriptor that an application may have for its messages. A stream belongs to one attempt to connect. When that
 * is over the stream outlives it until the application has read to the end; of those there is one at most for each
 * WebSocket, so that an application which reads none of them holds no more.
 */

#include "websocket-private.h"

static void
on_batch(gboolean begins, gpointer user_data)
{
    WebSocket *self = user_data;

    connection_set_corked(self->connection, begins);
    if (connection_get_backlog(self->connection) > self->max_buffered_bytes)
        stream_set_paused(self->stream, TRUE);
}

static void
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    websocket_send(user_data, text, data);
}

static void
on_full(gboolean full, gpointer user_data)
{
    (void)full;
    websocket_update_paused(user_data);
}

static void
on_caught_up(gpointer user_data)
{
    WebSocket *self = user_data;
    g_autofree char *reason = g_steal_pointer(&self->close_reason);

    connection_close(self->connection, self->close_code, reason);
}

static void
on_fault(FrameFault fault, const char *text, gpointer user_data)
{
    g_autofree char *message = g_strdup_printf("The application broke the protocol of its stream: %s", text);

    websocket_terminate(user_data, frame_fault_to_close_code(fault), "",
                        failure_new(STAGE_PROTOCOL, /* code= */ 0, message));
}

static void
on_hung_up(gpointer user_data)
{
    WebSocket *self = user_data;

    self->events->abandoned(self, self->user_data);
}

static void
on_ended(gpointer user_data)
{
    WebSocket *self = user_data;

    g_clear_pointer(&self->former, stream_free);
}

static const StreamEvents stream_events = { .batch = on_batch,
                                            .message = on_message,
                                            .full = on_full,
                                            .caught_up = on_caught_up,
                                            .fault = on_fault,
                                            .hung_up = on_hung_up,
                                            .ended = on_ended };

/* The lane of the connection, or one for the connection to come. */
static Lane *
get_lane(const WebSocket *self, GError **error)
{
    if (!self->connection)
        return lane_new(self->network->hub, error);
    if (!lane_hub_check_descriptors(self->network->hub, error))
        return NULL;
    return lane_ref(connection_get_lane(self->connection));
}

gboolean
websocket_open_stream(WebSocket *self, int *ret_fd, GError **error)
{
    g_autoptr(Lane) lane = get_lane(self, error);

    if (!lane)
        return FALSE;
    self->stream = stream_new(lane, &stream_events, self, ret_fd, error);
    if (!self->stream)
        return FALSE;
    if (self->info.state == WEBSOCKET_OPEN)
        websocket_start_stream(self);
    websocket_update_paused(self);
    return TRUE;
}

gboolean
websocket_has_stream(const WebSocket *self)
{
    return self->stream != NULL;
}

void
websocket_start_stream(WebSocket *self)
{
    if (!self->stream)
        return;
    lane_enter(stream_get_lane(self->stream));
    stream_start(self->stream, (gsize)self->info.max_message_size);
    lane_leave(stream_get_lane(self->stream));
}

void
websocket_flush_stream(WebSocket *self)
{
    if (!self->stream)
        return;
    stream_flush(self->stream);
    if (connection_get_backlog(self->connection) <= self->max_buffered_bytes)
        stream_set_paused(self->stream, FALSE);
}

void
websocket_end_stream(WebSocket *self)
{
    g_autoptr(Lane) lane = NULL;

    if (!self->stream)
        return;
    /* The stream may end, and its reference with it, within the call. */
    lane = lane_ref(stream_get_lane(self->stream));
    g_clear_pointer(&self->former, stream_free);
    self->former = g_steal_pointer(&self->stream);
    lane_enter(lane);
    stream_finish(self->former);
    lane_leave(lane);
}

gboolean
websocket_catch_up_stream(WebSocket *self, guint16 code, const char *reason)
{
    gboolean behind;

    if (!self->stream)
        return FALSE;
    lane_enter(stream_get_lane(self->stream));
    behind = stream_catch_up(self->stream, self->close_timeout);
    lane_leave(stream_get_lane(self->stream));
    if (!behind)
        return FALSE;
    self->close_code = code;
    g_free(self->close_reason);
    self->close_reason = g_strdup(reason);
    return TRUE;
}

void
websocket_drop_stream(WebSocket *self)
{
    g_clear_pointer(&self->stream, stream_free);
    /* What has not been signalled waits for the owner again. */
    websocket_update_paused(self);
}
