/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libsoup's WebSocket on a connection that GIO has made through a proxy. GIO knows CONNECT; the upgrade is
 * asked for here, and of its answer only the status is looked at: the server is the benchmark's own.
 */

#include "tunnel.h"

#include <string.h>

#define REQUEST                                                                                              \
    "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                        \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

enum { ANSWER_MAX = 1024 };

static GIOStream *
dial(GUri *uri, const char *proxy, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GProxyResolver) resolver = g_simple_proxy_resolver_new(proxy, NULL);

    g_socket_client_set_proxy_resolver(client, resolver);
    return G_IO_STREAM(g_socket_client_connect_to_host(client, g_uri_get_host(uri),
                                                       (guint16)g_uri_get_port(uri), NULL, error));
}

/* Byte for byte, as what follows belongs to the WebSocket. */
static gboolean
upgrade(GIOStream *stream, GUri *uri, GError **error)
{
    g_autofree char *request =
        g_strdup_printf(REQUEST, g_uri_get_path(uri), g_uri_get_host(uri), g_uri_get_port(uri));
    char answer[ANSWER_MAX] = "";

    if (!g_output_stream_write_all(g_io_stream_get_output_stream(stream), request, strlen(request), NULL,
                                   NULL, error))
        return FALSE;
    for (gsize i = 0; i + 1 < sizeof(answer) && !strstr(answer, "\r\n\r\n"); i++)
        if (g_input_stream_read(g_io_stream_get_input_stream(stream), answer + i, 1, NULL, error) != 1)
            break;
    if (g_str_has_prefix(answer, "HTTP/1.1 101 "))
        return TRUE;
    if (error && !*error)
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the upgrade was refused");
    return FALSE;
}

SoupWebsocketConnection *
tunnel_connect(const char *url, const char *proxy, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(url, SOUP_HTTP_URI_FLAGS, error);
    g_autoptr(GIOStream) stream = uri ? dial(uri, proxy, error) : NULL;

    if (!stream || !upgrade(stream, uri, error))
        return NULL;
    return soup_websocket_connection_new(stream, uri, SOUP_WEBSOCKET_CONNECTION_CLIENT, NULL, NULL, NULL);
}
