/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The smallest program: connect, send a message, print what comes back, close. It waits in each call.
 *
 *     cc hello-sync.c $(pkg-config --cflags --libs wsbroker)
 *     ./a.out ws://chat.example.com/ [system|session]
 */

#include <wsbroker.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000)

static void
on_message(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    bool *received = userdata;

    (void)websocket;
    printf("%.*s\n", (int)event->length, (const char *)event->data);
    *received = true;
}

static int
hello(wsb_websocket *websocket, const char *url)
{
    wsb_client *client = wsb_websocket_get_client(websocket);
    bool received = false;
    int r;

    wsb_websocket_on(websocket, WSB_EVENT_MESSAGE, on_message, &received);
    r = wsb_websocket_connect_sync(websocket, url, NULL, 30 * SECOND);
    if (r < 0)
        return r;
    r = wsb_websocket_send_text_sync(websocket, "hello", strlen("hello"), 10 * SECOND);
    while (r >= 0 && !received && wsb_websocket_get_state(websocket) == WSB_STATE_OPEN)
        r = wsb_client_wait(client, 10 * SECOND);
    if (r < 0)
        return r;
    return wsb_websocket_close_sync(websocket, WSB_CLOSE_NORMAL, "bye", 10 * SECOND);
}

int
main(int argc, char **argv)
{
    wsb_bus bus = argc > 2 && strcmp(argv[2], "session") == 0 ? WSB_BUS_SESSION : WSB_BUS_SYSTEM;
    wsb_client *client = NULL;
    wsb_websocket *websocket = NULL;
    int r;

    if (argc < 2) {
        fprintf(stderr, "usage: hello-sync URL [system|session]\n");
        return 2;
    }
    r = wsb_client_new(&client, bus);
    if (r < 0) {
        fprintf(stderr, "no bus: %s\n", strerror(-r));
        return 1;
    }
    r = wsb_websocket_new(client, &websocket);
    if (r >= 0)
        r = hello(websocket, argv[1]);
    if (r < 0) {
        const wsb_error *error = wsb_websocket_last_error(websocket);

        fprintf(stderr, "%d: %s\n", (int)wsb_error_code(error), wsb_error_message(error));
    }
    wsb_websocket_unref(websocket);
    wsb_client_unref(client);
    return r < 0 ? 1 : 0;
}
