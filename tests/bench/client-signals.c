/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The benchmark's loop over the D-Bus interface alone, with Send and Message and no stream, as a program does
 * it that has sd-bus and not the library. It sends one message at a time: the one in flight.
 */

#include "bus-client.h"
#include "wsbroker-protocol.h"

typedef struct Client {
    Workload *workload;
    sd_bus *bus;
} Client;

/* One WebSocket, until the program ends. */
typedef struct Connection {
    Client *client;
    char *url;
    char *path;
} Connection;

static void
check(Client *client, int r)
{
    bus_client_check(client->workload, r);
}

static int
on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    Client *client = userdata;

    (void)error;
    bus_client_check_reply(client->workload, reply);
    return 0;
}

static sd_bus_message *
new_call(Connection *connection, const char *member)
{
    sd_bus_message *call = NULL;

    check(connection->client,
          sd_bus_message_new_method_call(connection->client->bus, &call, WSB_BUS_NAME, connection->path,
                                         WSB_WEBSOCKET_INTERFACE, member));
    return call;
}

static void
start_call(Connection *connection, sd_bus_message *call)
{
    check(connection->client,
          sd_bus_call_async(connection->client->bus, NULL, call, on_reply, connection->client,
                            /* usec= */ 0));
    sd_bus_message_unref(call);
}

static void
append_options(Connection *connection, sd_bus_message *call)
{
    const char *ca = workload_options(connection->client->workload)->ca;
    g_autofree char *pem = NULL;

    if (!ca) {
        check(connection->client, sd_bus_message_append(call, "a{sv}", 0));
        return;
    }
    if (!g_file_get_contents(ca, &pem, NULL, NULL))
        workload_fail(connection->client->workload, "the authority cannot be read");
    check(connection->client, sd_bus_message_append(call, "a{sv}", 1, "ca", "s", pem));
}

static void
take_message(Connection *connection, sd_bus_message *m)
{
    const void *data;
    size_t length;

    check(connection->client, sd_bus_message_enter_container(m, 'v', "ay"));
    check(connection->client, sd_bus_message_read_array(m, 'y', &data, &length));
    workload_received(connection->client->workload, connection, length);
}

/* Signals of this connection; those of others are left alone. */
static int
on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    Connection *connection = userdata;

    (void)error;
    if (!sd_bus_message_is_signal(m, WSB_WEBSOCKET_INTERFACE, NULL) ||
        g_strcmp0(sd_bus_message_get_path(m), connection->path) != 0)
        return 0;
    if (sd_bus_message_is_signal(m, NULL, "Message"))
        take_message(connection, m);
    else if (sd_bus_message_is_signal(m, NULL, "Open"))
        workload_opened(connection->client->workload, connection);
    else if (sd_bus_message_is_signal(m, NULL, "Error"))
        workload_fail(connection->client->workload, "the connection failed");
    return 0;
}

static int
on_created(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    Connection *connection = userdata;
    Client *client = connection->client;
    sd_bus_message *call;
    const char *path;

    (void)on_reply(reply, client, error);
    check(client, sd_bus_message_read(reply, "o", &path));
    connection->path = g_strdup(path);
    check(client, sd_bus_add_filter(client->bus, NULL, on_signal, connection));
    call = new_call(connection, "Connect");
    check(client, sd_bus_message_append(call, "s", connection->url));
    append_options(connection, call);
    start_call(connection, call);
    return 0;
}

static void
client_open(gpointer user_data, const char *url)
{
    Client *client = user_data;
    Connection *connection = g_new0(Connection, 1);

    connection->client = client;
    connection->url = g_strdup(url);
    check(client,
          sd_bus_call_method_async(client->bus, NULL, WSB_BUS_NAME, WSB_MANAGER_PATH, WSB_MANAGER_INTERFACE,
                                   "CreateWebSocket", on_created, connection, ""));
}

static void
client_send(gpointer user_data, gpointer pointer, const guint8 *data, gsize length)
{
    Connection *connection = pointer;
    sd_bus_message *call = new_call(connection, "Send");

    check(user_data, sd_bus_message_open_container(call, 'v', "ay"));
    check(user_data, sd_bus_message_append_array(call, 'y', data, length));
    check(user_data, sd_bus_message_close_container(call));
    start_call(connection, call);
}

static const WorkloadClient class = { client_open, client_send };

int
main(int argc, char **argv)
{
    Client client = { 0 };

    client.workload = workload_new(argc, argv, &class, &client);
    client.bus = bus_client_connect(client.workload);
    workload_begin(client.workload);
    bus_client_run(client.bus, client.workload);
    sd_bus_close_unref(client.bus);
    workload_free(client.workload);
    return 0;
}
