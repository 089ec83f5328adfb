/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The benchmark's loop over libwsbroker, which chooses by itself what carries the messages. What the library
 * has no room for is counted, and sent when it says that there is room again.
 */

#include "workload.h"
#include "wsbroker.h"

#include <errno.h>
#include <string.h>

typedef struct Client {
    Workload *workload;
    wsb_client *client;
    wsb_options *options;
    guint unsent; /* messages of the measured connection, all alike */
    const guint8 *data;
    gsize length;
} Client;

static void
on_open(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Client *client = userdata;

    (void)event;
    workload_opened(client->workload, websocket);
}

static void
on_message(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Client *client = userdata;

    workload_received(client->workload, websocket, event->length);
}

static void
on_error(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Client *client = userdata;

    (void)websocket;
    workload_fail(client->workload, event->message);
}

static void
send_unsent(Client *client, wsb_websocket *websocket)
{
    while (client->unsent > 0) {
        int r = wsb_websocket_send_binary(websocket, client->data, client->length, NULL, NULL);

        if (r == -EAGAIN)
            return;
        if (r < 0)
            workload_fail(client->workload, wsb_error_message(wsb_websocket_last_error(websocket)));
        client->unsent--;
    }
}

static void
on_drain(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)event;
    send_unsent(userdata, websocket);
}

static void
client_send(gpointer user_data, gpointer connection, const guint8 *data, gsize length)
{
    Client *client = user_data;

    client->data = data;
    client->length = length;
    client->unsent++;
    send_unsent(client, connection);
}

static void
client_open(gpointer user_data, const char *url)
{
    Client *client = user_data;
    wsb_websocket *websocket;

    if (wsb_websocket_new(client->client, &websocket) < 0 ||
        wsb_websocket_on(websocket, WSB_EVENT_OPEN, on_open, client) < 0 ||
        wsb_websocket_on(websocket, WSB_EVENT_MESSAGE, on_message, client) < 0 ||
        wsb_websocket_on(websocket, WSB_EVENT_ERROR, on_error, client) < 0 ||
        wsb_websocket_on(websocket, WSB_EVENT_DRAIN, on_drain, client) < 0)
        workload_fail(client->workload, "no memory for a WebSocket");
    if (wsb_websocket_connect(websocket, url, client->options, NULL, NULL) < 0)
        workload_fail(client->workload, wsb_error_message(wsb_websocket_last_error(websocket)));
}

static const WorkloadClient class = { client_open, client_send };

int
main(int argc, char **argv)
{
    Client client = { 0 };
    const WorkloadOptions *options;
    int r;

    client.workload = workload_new(argc, argv, &class, &client);
    options = workload_options(client.workload);
    r = wsb_client_new_for_address(&client.client, options->bus);
    if (r >= 0)
        r = wsb_options_new(&client.options);
    if (r >= 0 && options->ca)
        r = wsb_options_set_ca_path(client.options, options->ca);
    if (r < 0)
        workload_fail(client.workload, g_strerror(-r));
    workload_begin(client.workload);
    while (!workload_done(client.workload)) {
        r = wsb_client_wait(client.client, UINT64_MAX);
        if (r < 0 && r != -EINTR)
            workload_fail(client.workload, g_strerror(-r));
    }
    wsb_options_free(client.options);
    wsb_client_unref(client.client);
    workload_free(client.workload);
    return 0;
}
