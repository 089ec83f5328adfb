/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One open connection. libsoup sends and answers pings; the flow beneath it has the messages, and sees faults first; this
 * decides what the end of the connection means and says it once. The order is always: at most one `failed`, one
 * `closed`, one `ended`.
 *
 * The closing handshake is here and not libsoup's, which answers 1011 to 1014 and an empty Close with another code,
 * cannot send 1011, answers no ping once it has sent Close, and gives the peer five seconds, whatever it is told. For
 * libsoup the connection is open until TCP ends. Invariant: one Close frame is sent, and no message after it.
 *
 * `closed` comes when the closing handshake is done (both Close frames have passed), not when TCP is: a peer that
 * resets TCP after it has closed cleanly. The transport then lingers for the peer's end of stream, no longer than
 * the close timeout, so that our last frame is not lost to a reset.
 */

#include "upstream.h"

#include "flow.h"
#include "source.h"
#include "wsbroker-protocol.h"

#include <libsoup/soup.h>

struct Upstream {
    SoupWebsocketConnection *soup;
    Flow *flow;
    GIOStream *transport;
    UpstreamEvents events;
    gpointer user_data;
    UpstreamLimits limits;

    gboolean application_closes;
    gboolean close_sent;
    gboolean told_closed;
    gboolean output_shut;
    gboolean ending;
    char *error_text;         /* libsoup's, of the error that it has reported */
    gboolean protocol_broken; /* by what libsoup has read */
    GSource *close_timer;
    GSource *pong_timer;
    gboolean paused;
    GCancellable *transport_closing;
    GSource *end_timer;
};

static GSource *
start_timer(gint64 microseconds, GSourceFunc callback, gpointer user_data)
{
    GSource *source = g_timeout_source_new((guint)(microseconds / 1000));

    g_source_set_callback(source, callback, user_data, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    return source;
}

/* The end of the transport. */

static void
on_transport_closed(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Upstream *self = user_data;

    (void)g_io_stream_close_finish(G_IO_STREAM(source), result, NULL);
    source_clear(&self->end_timer);
    self->events.ended(self->user_data);
}

static gboolean
on_end_timeout(gpointer user_data)
{
    Upstream *self = user_data;

    g_cancellable_cancel(self->transport_closing);
    return G_SOURCE_REMOVE;
}

static void
upstream_end(Upstream *self)
{
    if (self->ending)
        return;
    self->ending = TRUE;
    source_clear(&self->close_timer);
    source_clear(&self->pong_timer);
    /* TLS says goodbye in a thread, and would wait there for a peer that does not read. */
    if (flow_get_backlog(self->flow) > 0)
        g_cancellable_cancel(self->transport_closing);
    flow_stop(self->flow);
    self->end_timer = start_timer(self->limits.close_timeout, on_end_timeout, self);
    g_io_stream_close_async(self->transport, G_PRIORITY_DEFAULT, self->transport_closing, on_transport_closed,
                            self);
}

static gboolean on_close_timeout(gpointer user_data);

static void
start_close_timer(Upstream *self)
{
    if (!self->close_timer)
        self->close_timer = start_timer(self->limits.close_timeout, on_close_timeout, self);
}

/* What is told. */

static void
tell_closed(Upstream *self, guint16 code, const char *reason)
{
    if (self->told_closed)
        return;
    self->told_closed = TRUE;
    /* They would be put together and inflated for nobody, and count for nobody. */
    flow_discard_messages(self->flow);
    source_clear(&self->pong_timer);
    start_close_timer(self);
    self->events.closed(code, reason, self->user_data);
}

static void
tell_failed(Upstream *self, Stage stage, const char *message)
{
    if (!self->told_closed)
        self->events.failed(failure_new(stage, /* code= */ 0, message), self->user_data);
}

static void
tell_lost(Upstream *self, const char *message)
{
    if (!self->application_closes)
        tell_failed(self, STAGE_PROTOCOL, message);
    tell_closed(self, WSB_CLOSE_ABNORMAL, "");
}

static gboolean
on_close_timeout(gpointer user_data)
{
    Upstream *self = user_data;

    g_clear_pointer(&self->close_timer, g_source_unref);
    tell_closed(self, WSB_CLOSE_ABNORMAL, "");
    upstream_end(self);
    return G_SOURCE_REMOVE;
}

static void
upstream_fail(Upstream *self, guint16 code, const char *text)
{
    g_autofree char *message = g_strdup_printf("The server broke the protocol: %s", text);

    tell_failed(self, STAGE_PROTOCOL, message);
    /* Where the application closes, its own Close has gone out, and none that counts will come. */
    upstream_terminate(self, self->application_closes ? WSB_CLOSE_ABNORMAL : code, "");
}

/* Does nothing the second time. The peer's answer is awaited for the close timeout, whatever becomes of pings. */
static void
send_close(Upstream *self, guint16 code, const char *reason)
{
    if (self->close_sent)
        return;
    self->close_sent = TRUE;
    source_clear(&self->pong_timer);
    soup_websocket_connection_set_keepalive_interval(self->soup, 0);
    /* libsoup has sent one if it met a fault by itself. */
    if (!self->error_text)
        flow_send_close(self->flow, code, reason);
}

/* Both Close frames have passed and ours is written. */
static void
finish_closing_handshake(Upstream *self, guint16 code, const char *reason)
{
    if (!self->output_shut) {
        self->output_shut = TRUE;
        flow_shutdown_output(self->flow);
    }
    tell_closed(self, code, reason);
}

/* Fails the connection if the server is at fault, which nothing that it says behind that undoes. Returns whether it
 * is. */
static gboolean
fail_at_fault(Upstream *self)
{
    const char *text = NULL;
    FrameFault fault = flow_get_fault(self->flow, &text);

    if (fault == FRAME_FAULT_NONE || self->told_closed)
        return FALSE;
    upstream_fail(self, frame_fault_to_close_code(fault), text);
    return TRUE;
}

static void
on_progress(gpointer user_data)
{
    Upstream *self = user_data;
    const char *text = NULL;
    guint16 code = 0;

    if (self->ending || fail_at_fault(self))
        return;
    if (flow_get_close(self->flow, &code, &text)) {
        /* The answer echoes the code; the reason is what the server has said. */
        send_close(self, code, "");
        if (flow_get_backlog(self->flow) == 0)
            finish_closing_handshake(self, code, text);
    } else if (self->protocol_broken && !self->told_closed) {
        upstream_fail(self, WSB_CLOSE_PROTOCOL_ERROR, self->error_text);
    }
    if (!self->told_closed)
        self->events.progress(self->user_data);
}

static void
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    Upstream *self = user_data;

    if (!self->told_closed)
        self->events.message(text, data, self->user_data);
}

static const FlowEvents flow_events = { .message = on_message, .progress = on_progress };

/* What libsoup says. */

static void
on_error(SoupWebsocketConnection *soup, GError *error, gpointer user_data)
{
    Upstream *self = user_data;

    (void)soup;
    /* A transport that breaks is told when libsoup closes. */
    if (error->domain == SOUP_WEBSOCKET_ERROR)
        self->protocol_broken = TRUE;
    if (!self->error_text)
        self->error_text = g_strdup(error->message);
}

static void
on_closed(SoupWebsocketConnection *soup, gpointer user_data)
{
    Upstream *self = user_data;
    const char *reason = NULL;
    guint16 code = 0;

    (void)soup;
    /* libsoup may read a fault's last byte and the end of TCP in one go. */
    if (fail_at_fault(self)) {
        upstream_end(self);
        return;
    }
    if (flow_get_close(self->flow, &code, &reason)) {
        send_close(self, code, "");
        tell_closed(self, code, reason);
    } else {
        tell_lost(self, self->error_text ? self->error_text
                                         : "The server dropped the connection without a closing handshake");
    }
    upstream_end(self);
}

/* Liveness (RFC 6455 section 5.5.2): libsoup 3.2 sends pings but does not miss their answers. */

static gboolean
on_pong_timeout(gpointer user_data)
{
    Upstream *self = user_data;

    /* While nothing is read, no pong can be. */
    if (self->paused)
        return G_SOURCE_CONTINUE;
    tell_failed(self, STAGE_TIMEOUT, "The server does not answer pings");
    tell_closed(self, WSB_CLOSE_ABNORMAL, "");
    upstream_end(self);
    return G_SOURCE_REMOVE;
}

static void
restart_pong_timer(Upstream *self)
{
    gint64 seconds = (gint64)self->limits.ping_interval + self->limits.pong_timeout;

    source_clear(&self->pong_timer);
    if (self->limits.ping_interval > 0 && self->limits.pong_timeout > 0 && !self->told_closed &&
        !self->close_sent)
        self->pong_timer = start_timer(seconds * G_USEC_PER_SEC, on_pong_timeout, self);
}

static void
on_pong(SoupWebsocketConnection *soup, GBytes *data, gpointer user_data)
{
    (void)soup;
    (void)data;
    restart_pong_timer(user_data);
}

static SoupWebsocketConnection *
soup_connection_new(Upstream *self, const Url *url, const char *protocol)
{
    /* Only for libsoup's own properties; it has a URI without user and password. */
    g_autoptr(GUri) uri = g_uri_build(G_URI_FLAGS_ENCODED, url->secure ? "wss" : "ws", /* userinfo= */ NULL,
                                      url->host, url->port, "/", /* query= */ NULL, /* fragment= */ NULL);
    SoupWebsocketConnection *soup =
        soup_websocket_connection_new(G_IO_STREAM(self->flow), uri, SOUP_WEBSOCKET_CONNECTION_CLIENT,
                                      /* origin= */ NULL, protocol, /* extensions= */ NULL);

    soup_websocket_connection_set_keepalive_interval(soup, self->limits.ping_interval);
    g_signal_connect(soup, "error", G_CALLBACK(on_error), self);
    g_signal_connect(soup, "closed", G_CALLBACK(on_closed), self);
    g_signal_connect(soup, "pong", G_CALLBACK(on_pong), self);
    return soup;
}

Upstream *
upstream_new(Lane *lane, const Url *url, DialResult *dialled, HandshakeResult *shaken,
             const UpstreamLimits *limits, const UpstreamEvents *events, gpointer user_data)
{
    Upstream *self = g_new0(Upstream, 1);
    const FlowInputSettings settings = { .leftover = shaken->leftover,
                                         .max_message_size = limits->max_message_size,
                                         .deflate = shaken->deflate };

    self->events = *events;
    self->user_data = user_data;
    self->limits = *limits;
    self->transport_closing = g_cancellable_new();
    self->transport = g_object_ref(dialled->transport);
    self->flow =
        flow_new(lane, self->transport, dialled->socket, &settings, limits->max_backlog, &flow_events, self);
    self->soup = soup_connection_new(self, url, shaken->protocol);
    restart_pong_timer(self);
    dial_result_clear(dialled);
    handshake_result_clear(shaken);
    return self;
}

void
upstream_free(Upstream *self)
{
    source_clear(&self->close_timer);
    source_clear(&self->pong_timer);
    source_clear(&self->end_timer);
    flow_stop(self->flow);
    g_signal_handlers_disconnect_by_data(self->soup, self);
    g_object_unref(self->soup);
    g_object_unref(self->flow);
    g_object_unref(self->transport);
    g_object_unref(self->transport_closing);
    g_free(self->error_text);
    g_free(self);
}

void
upstream_send(Upstream *self, gboolean text, GBytes *data)
{
    /* The peer's Close has been answered, which is told when that is written. */
    if (self->close_sent)
        return;
    flow_send(self->flow, text, data);
}

void
upstream_close(Upstream *self, guint16 code, const char *reason)
{
    self->application_closes = TRUE;
    start_close_timer(self);
    send_close(self, code, reason);
}

void
upstream_terminate(Upstream *self, guint16 code, const char *reason)
{
    /* Whoever read nothing for the application's sake now reads, to see the peer's answer; it is told to nobody. */
    upstream_set_paused(self, FALSE);
    /* A Close that was dropped with the rest has not been sent. */
    if (code == WSB_CLOSE_POLICY_VIOLATION && flow_discard_backlog(self->flow))
        self->close_sent = FALSE;
    send_close(self, code, reason);
    tell_closed(self, code, reason);
}

void
upstream_set_corked(Upstream *self, gboolean corked)
{
    flow_set_corked(self->flow, corked);
}

gsize
upstream_get_backlog(const Upstream *self)
{
    return flow_get_backlog(self->flow);
}

void
upstream_set_paused(Upstream *self, gboolean paused)
{
    /* The pong that came in the meantime is read only now. */
    if (self->paused && !paused)
        restart_pong_timer(self);
    self->paused = paused;
    flow_set_paused(self->flow, paused);
}
