/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Through a proxy. SOCKS is GIO's. CONNECT is not, because GIO's blocks a thread of the pool that TLS handshakes need,
 * reads a proxy's answer without a bound, and does not say which status it was.
 */

#include "tunnel.h"

#include "http-response.h"

#include <string.h>

typedef struct Tunnel {
    GIOStream *connection;
    char *request;
    Failure *failure;
} Tunnel;

static void
tunnel_free(Tunnel *self)
{
    g_object_unref(self->connection);
    if (self->request)
        explicit_bzero(self->request, strlen(self->request));
    g_free(self->request);
    g_clear_pointer(&self->failure, failure_free);
    g_free(self);
}

static void
return_failure(GTask *task, Failure *failure)
{
    Tunnel *self = g_task_get_task_data(task);

    self->failure = failure;
    g_task_return_pointer(task, NULL, NULL);
}

static void
return_error(GTask *task, const GError *error)
{
    return_failure(task, failure_new(STAGE_PROXY, /* code= */ 0, error->message));
}

/* CONNECT. */

static gboolean
is_connected(guint status)
{
    return status >= 200 && status < 300;
}

static void
on_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = { 0 };
    Tunnel *self = g_task_get_task_data(task);

    (void)source;
    if (!http_response_read_finish(result, &response, &error))
        return_error(task, error);
    else if (!is_connected(response.status))
        return_failure(task, failure_new_from_response(STAGE_PROXY, "The proxy", &response));
    else if (g_bytes_get_size(response.rest) > 0)
        /* A client speaks first, in TLS as in WebSocket: these bytes are the proxy's own, not the server's. */
        return_failure(task, failure_new(STAGE_PROXY, /* code= */ 0, "The proxy sent bytes of its own"));
    else
        g_task_return_pointer(task, g_object_ref(self->connection), g_object_unref);
}

static void
on_request_written(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    Tunnel *self = g_task_get_task_data(task);

    if (g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, &error))
        http_response_read_async(g_io_stream_get_input_stream(self->connection), is_connected,
                                 g_task_get_cancellable(task), on_answer, g_object_ref(task));
    else
        return_error(task, error);
}

static char *
compose_connect(const Route *route, const char *host, guint16 port)
{
    GString *request = g_string_sized_new(1024);
    const char *open = strchr(host, ':') ? "[" : "", *close = strchr(host, ':') ? "]" : "";

    g_string_append_printf(request, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n", open, host, close,
                           port, open, host, close, port);
    if (route->username)
        header_append_basic(request, "Proxy-Authorization", route->username, route->password);
    g_string_append(request, "\r\n");
    return g_string_free(request, FALSE);
}

/* SOCKS. */

static void
on_socks_connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    GIOStream *stream = g_proxy_connect_finish(G_PROXY(source), result, &error);

    if (stream)
        g_task_return_pointer(task, stream, g_object_unref);
    else
        return_error(task, error);
}

static void
start_socks(GTask *task, const Route *route, const char *host, guint16 port)
{
    Tunnel *self = g_task_get_task_data(task);
    g_autoptr(GProxy) proxy = g_proxy_get_default_for_protocol(route->scheme);
    g_autoptr(GSocketAddress) at = NULL;
    g_autoptr(GProxyAddress) address = NULL;

    at = g_socket_connection_get_remote_address(G_SOCKET_CONNECTION(self->connection), NULL);
    if (!proxy || !at) {
        return_failure(task, failure_new(STAGE_PROXY, /* code= */ 0, "The proxy's protocol is not known"));
        return;
    }
    address = G_PROXY_ADDRESS(
        g_proxy_address_new(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(at)), route->port,
                            route->scheme, host, port, route->username, route->password));
    g_proxy_connect_async(proxy, self->connection, address, g_task_get_cancellable(task), on_socks_connected,
                          g_object_ref(task));
}

void
tunnel_async(GIOStream *connection, const Route *route, const char *host, guint16 port,
             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Tunnel *self = g_new0(Tunnel, 1);

    self->connection = g_object_ref(connection);
    g_task_set_task_data(task, self, (GDestroyNotify)tunnel_free);
    g_task_set_check_cancellable(task, FALSE);
    if (route->kind == ROUTE_SOCKS) {
        start_socks(task, route, host, port);
        return;
    }
    self->request = compose_connect(route, host, port);
    g_output_stream_write_all_async(g_io_stream_get_output_stream(connection), self->request,
                                    strlen(self->request), G_PRIORITY_DEFAULT, cancellable,
                                    on_request_written, g_object_ref(task));
}

GIOStream *
tunnel_finish(GAsyncResult *result, Failure **ret_failure)
{
    Tunnel *self = g_task_get_task_data(G_TASK(result));
    GIOStream *stream = g_task_propagate_pointer(G_TASK(result), NULL);

    if (!stream)
        *ret_failure = g_steal_pointer(&self->failure);
    return stream;
}
