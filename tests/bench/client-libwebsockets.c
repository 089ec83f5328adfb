/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The benchmark's loop with libwebsockets in the program, in that library's own loop. A message is written
 * when the library says that there is room, several in a row as long as the socket takes them, and masked in
 * the buffer it is given, which is therefore filled anew for each.
 */

#include "workload.h"

#include <libwebsockets.h>
#include <string.h>

enum { CONNECTIONS_MAX = 16384, BUFFER_SIZE = 128 * 1024 };

typedef struct Client {
    Workload *workload;
    struct lws_context *context;
    guint8 *buffer; /* LWS_PRE bytes, then one message */
} Client;

/* One WebSocket, until the program ends. */
typedef struct Connection {
    Client *client;
    struct lws *wsi;
    const guint8 *data; /* what is to be sent, … */
    gsize length;
    guint unsent;   /* … so many times */
    gsize received; /* bytes of the message that is coming */
} Connection;

static void
write_unsent(Connection *connection)
{
    guint8 *message = connection->client->buffer + LWS_PRE;

    while (connection->unsent > 0 && !lws_send_pipe_choked(connection->wsi)) {
        memcpy(message, connection->data, connection->length);
        if (lws_write(connection->wsi, message, connection->length, LWS_WRITE_BINARY) < 0)
            workload_fail(connection->client->workload, "a message could not be written");
        connection->unsent--;
    }
    if (connection->unsent > 0)
        lws_callback_on_writable(connection->wsi);
}

static void
receive_part(Connection *connection, gsize length)
{
    gsize message;

    connection->received += length;
    if (!lws_is_final_fragment(connection->wsi) || lws_remaining_packet_payload(connection->wsi) > 0)
        return;
    message = connection->received;
    connection->received = 0;
    workload_received(connection->client->workload, connection, message);
}

static int
on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    Connection *connection = user;

    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        connection->wsi = wsi;
        workload_opened(connection->client->workload, connection);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        receive_part(connection, length);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        write_unsent(connection);
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        workload_fail(connection->client->workload, in ? in : "the connection failed");
    case LWS_CALLBACK_CLIENT_CLOSED:
        if (!workload_done(connection->client->workload))
            workload_fail(connection->client->workload, "the connection was closed");
        break;
    default:
        break;
    }
    return 0;
}

static void
client_send(gpointer user_data, gpointer pointer, const guint8 *data, gsize length)
{
    Connection *connection = pointer;

    (void)user_data;
    connection->data = data;
    connection->length = length;
    connection->unsent++;
    lws_callback_on_writable(connection->wsi);
}

static void
client_open(gpointer user_data, const char *url)
{
    Client *client = user_data;
    Connection *connection = g_new0(Connection, 1);
    g_autofree char *copy = g_strdup(url);
    g_autofree char *target = NULL;
    struct lws_client_connect_info info = { .context = client->context, .userdata = connection };
    const char *scheme, *path;

    connection->client = client;
    if (lws_parse_uri(copy, &scheme, &info.address, &info.port, &path) != 0)
        workload_fail(client->workload, "this is no URL");
    target = g_strconcat("/", path, NULL);
    info.path = target;
    info.host = info.origin = info.address;
    info.ssl_connection = strcmp(scheme, "wss") == 0 ? LCCSCF_USE_SSL : 0;
    if (!lws_client_connect_via_info(&info))
        workload_fail(client->workload, "the connection could not be begun");
}

static const WorkloadClient class = { client_open, client_send };

static const struct lws_protocols protocols[] = {
    { .name = "bench", .callback = on_event, .rx_buffer_size = BUFFER_SIZE },
    { 0 },
};

int
main(int argc, char **argv)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .fd_limit_per_thread = CONNECTIONS_MAX,
        .pt_serv_buf_size = BUFFER_SIZE,
    };
    Client client = { 0 };

    client.workload = workload_new(argc, argv, &class, &client);
    client.buffer = g_malloc(LWS_PRE + (gsize)workload_options(client.workload)->size);
    info.client_ssl_ca_filepath = workload_options(client.workload)->ca;
    lws_set_log_level(LLL_ERR, NULL);
    client.context = lws_create_context(&info);
    if (!client.context)
        workload_fail(client.workload, "no context");
    workload_begin(client.workload);
    while (!workload_done(client.workload))
        (void)lws_service(client.context, 0);
    lws_context_destroy(client.context);
    g_free(client.buffer);
    workload_free(client.workload);
    return 0;
}
