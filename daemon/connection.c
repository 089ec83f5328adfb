/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One attempt to connect and the connection that it becomes: a lane, a deadline over lookup, dialling and opening
 * handshake together, then the upstream. It owns itself: it is freed when it has both been released and ended, so a
 * WebSocket can be dropped or connect anew while its former connection still says goodbye.
 *
 * An attempt that is cancelled or out of time is reported at once, not when the step under way notices: that step
 * may be a TLS handshake queued behind others in GIO's pool of threads.
 */

#include "connection.h"

#include "source.h"
#include "wsbroker-protocol.h"

struct Connection {
    Network *network;
    Lane *lane;
    ConnectionEvents events;
    gpointer user_data;
    gboolean released;
    gboolean told; /* the attempt's failure */

    ConnectionRequest request;
    GCancellable *cancellable; /* of the attempt */
    GSource *deadline;
    GSource *cancel_source;
    Admission *admission; /* while the attempt waits for a place or has one */
    gboolean attempting;  /* a step of the attempt is under way */

    DialResult dialled;
    Upstream *upstream; /* NULL until open */
};

static void
connection_free(Connection *self)
{
    Network *network = self->network;

    lane_enter(self->lane);
    source_clear(&self->deadline);
    source_clear(&self->cancel_source);
    g_clear_pointer(&self->upstream, upstream_free);
    dial_result_clear(&self->dialled);
    lane_leave(self->lane);
    lane_unref(self->lane);
    connection_request_clear(&self->request);
    g_object_unref(self->cancellable);
    g_free(self);

    network->n_connections--;
    if (network->ended)
        network->ended(network->user_data);
}

/* Whether everything that could still call back is over. */
static gboolean
connection_has_ended(const Connection *self)
{
    return !self->attempting && !self->upstream;
}

/* What is left to do takes no place from another of the application's. */
static void
set_ending(Connection *self)
{
    if (self->request.ending)
        return;
    self->request.ending = TRUE;
    application_end_connection(self->request.application);
}

/* An attempt that waited for its place needs no step more. */
static void
leave_queue(Connection *self)
{
    if (!self->attempting)
        g_clear_pointer(&self->admission, admission_free);
}

static void
connection_free_if_over(Connection *self)
{
    if (self->released && connection_has_ended(self))
        connection_free(self);
}

/* The attempt has failed; it is over for whoever listens, though a step may still be under way. */
static void
tell_failed(Connection *self, Failure *failure)
{
    source_clear(&self->deadline);
    source_clear(&self->cancel_source);
    leave_queue(self);
    set_ending(self);
    if (self->told || self->released) {
        failure_free(failure);
        return;
    }
    self->told = TRUE;
    self->events.failed(failure, self->user_data);
}

static gboolean
on_deadline(gpointer user_data)
{
    Connection *self = user_data;
    /* Whatever it waited for so far was behind the proxy. */
    gboolean at_proxy = self->request.route.kind != ROUTE_DIRECT && self->attempting && !self->dialled.socket;

    source_clear(&self->deadline);
    g_cancellable_cancel(self->cancellable);
    tell_failed(self, at_proxy
                          ? failure_new(STAGE_PROXY, /* code= */ 0,
                                        "The connection was not made through the proxy in time")
                          : failure_new(STAGE_TIMEOUT, /* code= */ 0, "The connection was not made in time"));
    return G_SOURCE_REMOVE;
}

static gboolean
on_cancel(gpointer user_data)
{
    Connection *self = user_data;

    source_clear(&self->cancel_source);
    g_cancellable_cancel(self->cancellable);
    tell_failed(self, failure_new(STAGE_CANCELLED, /* code= */ 0, "The application closed while connecting"));
    return G_SOURCE_REMOVE;
}

/* The open connection's events. */

static void
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    Connection *self = user_data;

    if (!self->released)
        self->events.message(text, data, self->user_data);
}

static void
on_progress(gpointer user_data)
{
    Connection *self = user_data;

    if (!self->released)
        self->events.progress(self->user_data);
}

static void
on_failed(Failure *failure, gpointer user_data)
{
    Connection *self = user_data;

    if (self->released)
        failure_free(failure);
    else
        self->events.failed(failure, self->user_data);
}

static void
on_closed(guint16 code, const char *reason, gpointer user_data)
{
    Connection *self = user_data;

    set_ending(self);
    if (!self->released)
        self->events.closed(code, reason, self->user_data);
}

static void
on_ended(gpointer user_data)
{
    Connection *self = user_data;

    g_clear_pointer(&self->upstream, upstream_free);
    connection_free_if_over(self);
}

static const UpstreamEvents upstream_events = { .message = on_message,
                                                .progress = on_progress,
                                                .failed = on_failed,
                                                .closed = on_closed,
                                                .ended = on_ended };

/* The attempt, step by step. */

static void
end_attempt(Connection *self)
{
    self->attempting = FALSE;
    g_clear_pointer(&self->admission, admission_free);
    dial_result_clear(&self->dialled);
    connection_free_if_over(self);
}

static gboolean
vet_address(GInetAddress *address, gboolean proxy, gpointer user_data, char **ret_reason)
{
    Connection *self = user_data;

    if (self->released || self->told) {
        *ret_reason = g_strdup("The attempt is over");
        return FALSE;
    }
    return self->events.vet(address, proxy, self->user_data, ret_reason);
}

/* The step under way has ended in FAILURE (taken; NULL: none that counts), and the attempt with it. */
static void
fail_step(Connection *self, Failure *failure)
{
    /* The application's cancellation came first, whatever the step says. */
    if (self->cancel_source) {
        g_clear_pointer(&failure, failure_free);
        on_cancel(self);
    } else if (failure) {
        tell_failed(self, failure);
    }
    end_attempt(self);
}

/* The address was vetted before it was dialled; the policy may have changed since. */
static gboolean
dialled_is_still_allowed(Connection *self, Failure **ret_failure)
{
    const Route *route = &self->request.route;
    g_autoptr(GSocketAddress) remote = g_socket_get_remote_address(self->dialled.socket, NULL);
    g_autofree char *reason = NULL;

    if (!remote || (route->kind != ROUTE_DIRECT && !route->chosen_by_application))
        return TRUE;
    if (vet_address(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote)),
                    route->kind != ROUTE_DIRECT, self, &reason))
        return TRUE;
    *ret_failure = failure_new(STAGE_POLICY, /* code= */ 0, reason);
    return FALSE;
}

static const char *
tls_version_to_string(GTlsProtocolVersion version)
{
    switch (version) {
    case G_TLS_PROTOCOL_VERSION_TLS_1_2:
        return "1.2";
    case G_TLS_PROTOCOL_VERSION_TLS_1_3:
        return "1.3";
    default:
        return "";
    }
}

static void
become_open(Connection *self, HandshakeResult *shaken)
{
    g_autoptr(HeaderList) headers = g_steal_pointer(&shaken->headers);
    g_autofree char *remote_address = g_steal_pointer(&self->dialled.remote_address);
    g_autofree char *protocol = g_strdup(shaken->protocol);
    g_autofree char *extensions = g_steal_pointer(&shaken->extensions);
    g_autofree char *cipher = NULL;
    ConnectionOpened opened = { .headers = headers,
                                .protocol = protocol,
                                .extensions = extensions,
                                .remote_address = remote_address,
                                .tls_version = "",
                                .tls_cipher = "" };

    if (G_IS_TLS_CONNECTION(self->dialled.transport)) {
        GTlsConnection *tls = G_TLS_CONNECTION(self->dialled.transport);

        cipher = g_tls_connection_get_ciphersuite_name(tls);
        opened.tls_version = tls_version_to_string(g_tls_connection_get_protocol_version(tls));
        opened.tls_cipher = cipher ? cipher : "";
    }
    self->attempting = FALSE;
    g_clear_pointer(&self->admission, admission_free);
    source_clear(&self->deadline);
    lane_set_settled(self->lane);
    self->upstream = upstream_new(self->lane, self->request.url, &self->dialled, shaken,
                                  &self->request.limits, &upstream_events, self);
    self->events.opened(&opened, self->user_data);
}

static void
on_shaken(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Connection *self = user_data;
    g_auto(HandshakeResult) shaken = { 0 };
    Failure *failure = NULL;

    (void)source;
    if (!handshake_finish(result, &shaken, &failure) || self->told || self->released || self->cancel_source ||
        !dialled_is_still_allowed(self, &failure))
        fail_step(self, failure);
    else
        become_open(self, &shaken);
}

static void
on_dialled(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Connection *self = user_data;
    const HandshakeRequest wanted = { .url = self->request.url,
                                      .headers = self->request.headers,
                                      .protocols = (const char *const *)self->request.protocols,
                                      .offer_deflate = self->request.offer_deflate };
    Failure *failure = NULL;

    (void)source;
    if (!dial_finish(result, &self->dialled, &failure) || !dialled_is_still_allowed(self, &failure)) {
        fail_step(self, failure);
        return;
    }
    handshake_async(self->dialled.transport, &wanted, self->cancellable, on_shaken, self);
}

static GSource *
attach(GSource *source, GSourceFunc callback, gpointer user_data)
{
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, callback, user_data, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    return source;
}

void
connection_request_clear(ConnectionRequest *request)
{
    g_clear_pointer(&request->url, url_free);
    g_clear_pointer(&request->headers, header_list_free);
    g_clear_pointer(&request->protocols, g_strfreev);
    if (request->application) {
        application_return_connection(request->application, request->ending);
        application_unref(g_steal_pointer(&request->application));
    }
    route_clear(&request->route);
    tls_credentials_clear(&request->credentials);
}

/* The attempt has its place. */
static void
start_attempt(gpointer user_data)
{
    Connection *self = user_data;
    DialTarget target = { .url = self->request.url,
                          .application = application_get_name(self->request.application),
                          .route = &self->request.route,
                          .credentials = &self->request.credentials,
                          .system_trust = self->network->trust,
                          .vet = vet_address,
                          .vet_data = self };

    self->attempting = TRUE;
    lane_enter(self->lane);
    dial_async(self->network->resolver, &target, self->cancellable, on_dialled, self);
    lane_leave(self->lane);
}

Connection *
connection_new(Network *network, Lane *lane, ConnectionRequest *request, const ConnectionEvents *events,
               gpointer user_data, GError **error)
{
    g_autoptr(Lane) own_lane = lane ? lane_ref(lane) : lane_new(network->hub, error);
    Connection *self;

    if (!own_lane || !lane_hub_check_descriptors(network->hub, error))
        return NULL;
    self = g_new0(Connection, 1);
    self->network = network;
    self->lane = g_steal_pointer(&own_lane);
    self->events = *events;
    self->user_data = user_data;
    self->request = *request;
    *request = (ConnectionRequest){ 0 };
    self->cancellable = g_cancellable_new();
    network->n_connections++;

    lane_enter(self->lane);
    self->deadline =
        attach(g_timeout_source_new((guint)(self->request.connect_timeout / 1000)), on_deadline, self);
    lane_leave(self->lane);
    self->admission = admission_request(self->request.application, self->request.max_pending_handshakes,
                                        start_attempt, self);
    return self;
}

void
connection_release(Connection *self)
{
    self->released = TRUE;
    lane_enter(self->lane);
    source_clear(&self->deadline);
    source_clear(&self->cancel_source);
    g_cancellable_cancel(self->cancellable);
    if (self->upstream)
        upstream_terminate(self->upstream, WSB_CLOSE_GOING_AWAY, "");
    lane_leave(self->lane);
    leave_queue(self);
    set_ending(self);
    connection_free_if_over(self);
}

void
connection_cancel(Connection *self)
{
    if (self->cancel_source)
        return;
    lane_enter(self->lane);
    self->cancel_source = attach(g_idle_source_new(), on_cancel, self);
    lane_leave(self->lane);
}

const Url *
connection_get_url(const Connection *self)
{
    return self->request.url;
}

Lane *
connection_get_lane(const Connection *self)
{
    return self->lane;
}

const Route *
connection_get_route(const Connection *self)
{
    return &self->request.route;
}

void
connection_send(Connection *self, gboolean text, GBytes *data)
{
    lane_enter(self->lane);
    upstream_send(self->upstream, text, data);
    lane_leave(self->lane);
}

void
connection_set_corked(Connection *self, gboolean corked)
{
    lane_enter(self->lane);
    upstream_set_corked(self->upstream, corked);
    lane_leave(self->lane);
}

void
connection_close(Connection *self, guint16 code, const char *reason)
{
    lane_enter(self->lane);
    upstream_close(self->upstream, code, reason);
    lane_leave(self->lane);
}

gsize
connection_get_backlog(const Connection *self)
{
    return self->upstream ? upstream_get_backlog(self->upstream) : 0;
}

void
connection_set_paused(Connection *self, gboolean paused)
{
    if (!self->upstream)
        return;
    lane_enter(self->lane);
    upstream_set_paused(self->upstream, paused);
    lane_leave(self->lane);
}

void
connection_terminate(Connection *self, guint16 code, const char *reason, Failure *failure)
{
    gboolean open = self->upstream != NULL;

    lane_enter(self->lane);
    if (open) {
        if (failure)
            on_failed(failure, self);
        upstream_terminate(self->upstream, code, reason);
    } else {
        g_cancellable_cancel(self->cancellable);
    }
    lane_leave(self->lane);
    /* The last, as who is told releases the connection: one that still waited for its place is gone then. */
    if (!open && failure)
        tell_failed(self, failure);
}
