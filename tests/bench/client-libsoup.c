/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The benchmark's loop with libsoup in the program, as a program does it that has a network of its own: one
 * session, one ordinary main loop, directly or through a proxy.
 */

#include "tunnel.h"
#include "workload.h"

enum { MESSAGE_MAX = 16 << 20 };

typedef struct Client {
    Workload *workload;
    SoupSession *session;
} Client;

static void
on_message(SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *message, Client *client)
{
    (void)type;
    workload_received(client->workload, connection, g_bytes_get_size(message));
}

static void
on_error(SoupWebsocketConnection *connection, GError *error, Client *client)
{
    (void)connection;
    workload_fail(client->workload, error->message);
}

static void
on_closed(SoupWebsocketConnection *connection, Client *client)
{
    (void)connection;
    workload_fail(client->workload, "the connection was closed");
}

/* The reference to the connection is kept until the program ends. */
static void
use(Client *client, SoupWebsocketConnection *connection, const GError *error)
{
    if (!connection)
        workload_fail(client->workload, error->message);
    soup_websocket_connection_set_max_incoming_payload_size(connection, MESSAGE_MAX);
    g_signal_connect(connection, "message", G_CALLBACK(on_message), client);
    g_signal_connect(connection, "error", G_CALLBACK(on_error), client);
    g_signal_connect(connection, "closed", G_CALLBACK(on_closed), client);
    workload_opened(client->workload, connection);
}

static void
on_connected(GObject *session, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;

    use(user_data, soup_session_websocket_connect_finish(SOUP_SESSION(session), result, &error), error);
}

static void
client_open(gpointer user_data, const char *url)
{
    Client *client = user_data;
    const char *proxy = workload_options(client->workload)->proxy;
    g_autoptr(GError) error = NULL;

    if (proxy && g_str_has_prefix(url, "ws:")) {
        use(client, tunnel_connect(url, proxy, &error), error);
    } else {
        g_autoptr(SoupMessage) message = soup_message_new(SOUP_METHOD_GET, url);

        if (!message)
            workload_fail(client->workload, "this is no URL");
        soup_session_websocket_connect_async(client->session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL,
                                             on_connected, client);
    }
}

static void
client_send(gpointer user_data, gpointer connection, const guint8 *data, gsize length)
{
    (void)user_data;
    soup_websocket_connection_send_binary(connection, data, length);
}

static const WorkloadClient class = { client_open, client_send };

/* As it comes, but for what the command line says. */
static SoupSession *
new_session(Workload *workload)
{
    const WorkloadOptions *options = workload_options(workload);
    SoupSession *session =
        options->handshakes ? soup_session_new_with_options("max-conns", options->handshakes,
                                                            "max-conns-per-host", options->handshakes, NULL)
                            : soup_session_new();
    g_autoptr(GError) error = NULL;

    if (options->ca) {
        g_autofree char *path = g_canonicalize_filename(options->ca, NULL);
        g_autoptr(GTlsDatabase) database = g_tls_file_database_new(path, &error);

        if (!database)
            workload_fail(workload, error->message);
        soup_session_set_tls_database(session, database);
    }
    if (options->proxy) {
        g_autoptr(GProxyResolver) resolver = g_simple_proxy_resolver_new(options->proxy, NULL);

        soup_session_set_proxy_resolver(session, resolver);
    } else {
        soup_session_set_proxy_resolver(session, NULL);
    }
    return session;
}

int
main(int argc, char **argv)
{
    Client client = { 0 };

    client.workload = workload_new(argc, argv, &class, &client);
    client.session = new_session(client.workload);
    workload_begin(client.workload);
    while (!workload_done(client.workload))
        (void)g_main_context_iteration(NULL, TRUE);
    g_object_unref(client.session);
    workload_free(client.workload);
    return 0;
}
