/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A round trip of D-Bus alone: a method of another process that returns its bytes, through the same bus. What
 * a message over signals costs is held against this and a direct WebSocket together.
 *
 * Run: client-bus OPTION… URL, where the URL is the name on the bus of bench-bus-echo.
 */

#include "bus-client.h"

typedef struct Client {
    Workload *workload;
    sd_bus *bus;
    char *name;
} Client;

static int
on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    Client *client = userdata;
    const void *data;
    size_t length;

    (void)error;
    bus_client_check_reply(client->workload, reply);
    bus_client_check(client->workload, sd_bus_message_read_array(reply, 'y', &data, &length));
    workload_received(client->workload, client, length);
    return 0;
}

static void
client_open(gpointer user_data, const char *name)
{
    Client *client = user_data;

    client->name = g_strdup(name);
    workload_opened(client->workload, client);
}

static void
client_send(gpointer user_data, gpointer connection, const guint8 *data, gsize length)
{
    Client *client = user_data;
    sd_bus_message *call = NULL;

    (void)connection;
    bus_client_check(client->workload, sd_bus_message_new_method_call(client->bus, &call, client->name, "/",
                                                                      "org.wsbroker1.Bench", "Echo"));
    bus_client_check(client->workload, sd_bus_message_append_array(call, 'y', data, length));
    bus_client_check(client->workload,
                     sd_bus_call_async(client->bus, NULL, call, on_reply, client, /* usec= */ 0));
    sd_bus_message_unref(call);
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
    g_free(client.name);
    workload_free(client.workload);
    return 0;
}
