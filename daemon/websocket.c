/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The state machine that an application sees: created → connecting → open → closing → closed, and from closed to
 * connecting again. It has a connection exactly while it is busy; the moment a connection has said its last word it
 * is released, so that its goodbye goes on behind and a new one can begin from inside the handler of that word.
 */

#include "websocket-private.h"

#include "wsbroker-protocol.h"

enum {
    SIGNAL_MESSAGE_MAX = 30 * 1024 * 1024 /* a bus disconnects the sender of a larger message */
};

static const char *const state_names[] = {
    [WEBSOCKET_CREATED] = "created", [WEBSOCKET_CONNECTING] = "connecting", [WEBSOCKET_OPEN] = "open",
    [WEBSOCKET_CLOSING] = "closing", [WEBSOCKET_CLOSED] = "closed",
};

const char *
websocket_state_to_string(WebSocketState state)
{
    return state_names[state];
}

static void
info_clear(WebSocketInfo *info)
{
    g_free(info->url);
    g_free(info->protocol);
    g_free(info->extensions);
    g_free(info->remote_address);
    g_free(info->tls_version);
    g_free(info->tls_cipher);
}

static void
info_reset(WebSocketInfo *info, char *url)
{
    WebSocketInfo kept = *info;

    info_clear(info);
    *info = (WebSocketInfo){ .state = kept.state,
                             .max_message_size = kept.max_message_size,
                             .url = url,
                             .protocol = g_strdup(""),
                             .extensions = g_strdup(""),
                             .remote_address = g_strdup(""),
                             .tls_version = g_strdup(""),
                             .tls_cipher = g_strdup("") };
}

static void
set_state(WebSocket *self, WebSocketState state)
{
    if (self->info.state == state)
        return;
    self->info.state = state;
    self->events->state_changed(self, self->user_data);
}

/* The connection has said its last word. */
static void
drop_connection(WebSocket *self)
{
    g_clear_pointer(&self->connection, connection_release);
    websocket_end_stream(self);
    self->info.send_waits = FALSE;
    set_state(self, WEBSOCKET_CLOSED);
}

static gboolean
on_vet(GInetAddress *address, gboolean proxy, gpointer user_data, char **ret_reason)
{
    WebSocket *self = user_data;

    return self->events->vet(self, address, proxy, self->user_data, ret_reason);
}

static void
on_opened(const ConnectionOpened *opened, gpointer user_data)
{
    WebSocket *self = user_data;
    WebSocketInfo *info = &self->info;

    g_free(info->protocol);
    info->protocol = g_strdup(opened->protocol);
    g_free(info->extensions);
    info->extensions = g_strdup(opened->extensions);
    g_free(info->remote_address);
    info->remote_address = g_strdup(opened->remote_address);
    g_free(info->tls_version);
    info->tls_version = g_strdup(opened->tls_version);
    g_free(info->tls_cipher);
    info->tls_cipher = g_strdup(opened->tls_cipher);
    info->connected_at = (guint64)g_get_real_time();

    self->events->header_receive(self, opened->headers, self->user_data);
    set_state(self, WEBSOCKET_OPEN);
    self->events->open(self, self->user_data);
    websocket_start_stream(self);
}

/* The whole message is here, but no bus would carry it. */
static void
refuse_message(WebSocket *self)
{
    websocket_terminate(self, WSB_CLOSE_TOO_BIG, "",
                        failure_new(STAGE_PROTOCOL, /* code= */ 0,
                                    "A message is too large for a signal: it needs OpenStream"));
}

static void
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    WebSocket *self = user_data;

    self->info.messages_received++;
    self->info.bytes_received += g_bytes_get_size(data);
    if (self->stream)
        stream_append(self->stream, text, data);
    else if (g_bytes_get_size(data) > SIGNAL_MESSAGE_MAX)
        refuse_message(self);
    else
        self->events->message(self, text, data, self->user_data);
}

static void
on_progress(gpointer user_data)
{
    WebSocket *self = user_data;

    websocket_flush_stream(self);
    self->events->progress(self, self->user_data);
}

static void
on_failed(Failure *failure, gpointer user_data)
{
    g_autoptr(Failure) owned = failure;
    WebSocket *self = user_data;

    /* After an attempt nothing follows; after an open connection its close does. */
    if (self->info.state == WEBSOCKET_CONNECTING)
        drop_connection(self);
    self->events->error(self, owned, self->user_data);
}

static void
on_closed(guint16 code, const char *reason, gpointer user_data)
{
    WebSocket *self = user_data;
    g_autofree char *kept = g_strdup(reason);

    drop_connection(self);
    self->events->close(self, code, kept, self->user_data);
}

static const ConnectionEvents connection_events = { .vet = on_vet,
                                                    .opened = on_opened,
                                                    .message = on_message,
                                                    .progress = on_progress,
                                                    .failed = on_failed,
                                                    .closed = on_closed };

WebSocket *
websocket_new(Network *network, guint64 id, gpointer owner, gsize max_message_size,
              const WebSocketEvents *events, gpointer user_data)
{
    WebSocket *self = g_new0(WebSocket, 1);

    self->network = network;
    self->id = id;
    self->owner = owner;
    self->events = events;
    self->user_data = user_data;
    self->info.max_message_size = max_message_size;
    info_reset(&self->info, g_strdup(""));
    return self;
}

void
websocket_free(WebSocket *self)
{
    g_clear_pointer(&self->connection, connection_release);
    websocket_drop_stream(self);
    g_clear_pointer(&self->former, stream_free);
    g_free(self->close_reason);
    info_clear(&self->info);
    g_free(self);
}

guint64
websocket_get_id(const WebSocket *self)
{
    return self->id;
}

gpointer
websocket_get_owner(const WebSocket *self)
{
    return self->owner;
}

const WebSocketInfo *
websocket_get_info(const WebSocket *self)
{
    return &self->info;
}

gsize
websocket_get_buffered(const WebSocket *self)
{
    gsize unread = self->stream ? stream_get_unread(self->stream) : 0;

    return unread + (self->connection ? connection_get_backlog(self->connection) : 0);
}

const Url *
websocket_get_url(const WebSocket *self)
{
    return self->connection ? connection_get_url(self->connection) : NULL;
}

const Route *
websocket_get_route(const WebSocket *self)
{
    return self->connection ? connection_get_route(self->connection) : NULL;
}

gboolean
websocket_is_busy(const WebSocket *self)
{
    return self->connection != NULL;
}

gboolean
websocket_connect(WebSocket *self, ConnectionRequest *request, GError **error)
{
    g_autofree char *url = url_to_public_string(request->url);
    Lane *lane = self->stream ? stream_get_lane(self->stream) : NULL;

    self->max_buffered_bytes = request->max_buffered_bytes;
    self->close_timeout = request->limits.close_timeout;
    self->info.max_message_size = request->limits.max_message_size;
    self->connection = connection_new(self->network, lane, request, &connection_events, self, error);
    if (!self->connection)
        return FALSE;
    info_reset(&self->info, g_steal_pointer(&url));
    set_state(self, WEBSOCKET_CONNECTING);
    return TRUE;
}

void
websocket_set_send_waits(WebSocket *self, gboolean waits)
{
    self->info.send_waits = waits;
}

void
websocket_send(WebSocket *self, gboolean text, GBytes *data)
{
    self->info.messages_sent++;
    self->info.bytes_sent += g_bytes_get_size(data);
    connection_send(self->connection, text, data);
}

void
websocket_close(WebSocket *self, guint16 code, const char *reason)
{
    if (self->info.state == WEBSOCKET_CONNECTING) {
        connection_cancel(self->connection);
        return;
    }
    set_state(self, WEBSOCKET_CLOSING);
    if (websocket_catch_up_stream(self, code, reason))
        return;
    connection_close(self->connection, code, reason);
}

void
websocket_terminate(WebSocket *self, guint16 code, const char *reason, Failure *failure)
{
    if (!self->connection) {
        g_clear_pointer(&failure, failure_free);
        return;
    }
    if (code == WSB_CLOSE_POLICY_VIOLATION)
        websocket_drop_stream(self);
    connection_terminate(self->connection, code, reason, failure);
}

void
websocket_set_paused(WebSocket *self, gboolean paused)
{
    self->held = paused;
    websocket_update_paused(self);
}

void
websocket_update_paused(WebSocket *self)
{
    if (self->connection)
        connection_set_paused(self->connection, self->stream ? stream_is_full(self->stream) : self->held);
}
