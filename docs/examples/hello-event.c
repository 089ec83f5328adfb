/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The same in an sd-event loop: nothing waits, everything is told by an event.
 *
 *     cc hello-event.c $(pkg-config --cflags --libs wsbroker libsystemd)
 *     ./a.out ws://chat.example.com/ [system|session]
 */

#include <wsbroker.h>

#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

static void
on_open(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)event, (void)userdata;
    wsb_websocket_send_text(websocket, "hello", strlen("hello"), NULL, NULL);
}

static void
on_message(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)userdata;
    printf("%.*s\n", (int)event->length, (const char *)event->data);
    wsb_websocket_close(websocket, WSB_CLOSE_NORMAL, "bye", NULL, NULL);
}

static void
on_close(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)websocket;
    printf("closed with %u\n", (unsigned)event->code);
    sd_event_exit(userdata, event->code == WSB_CLOSE_NORMAL ? 0 : 1);
}

static void
on_error(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    fprintf(stderr, "%u: %s\n", (unsigned)event->code, event->message);
    /* When the connection was open, its close comes next. */
    if (wsb_websocket_get_state(websocket) != WSB_STATE_OPEN)
        sd_event_exit(userdata, 1);
}

static int
run(sd_event *event, wsb_client *client, const char *url)
{
    wsb_websocket *websocket = NULL;
    int r;

    r = wsb_client_attach_event(client, event, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = wsb_websocket_new(client, &websocket);
    if (r < 0)
        return r;
    wsb_websocket_on(websocket, WSB_EVENT_OPEN, on_open, NULL);
    wsb_websocket_on(websocket, WSB_EVENT_MESSAGE, on_message, NULL);
    wsb_websocket_on(websocket, WSB_EVENT_CLOSE, on_close, event);
    wsb_websocket_on(websocket, WSB_EVENT_ERROR, on_error, event);

    /* Without a callback a refusal is told by the event "error" as well. */
    r = wsb_websocket_connect(websocket, url, NULL, NULL, NULL);
    if (r >= 0)
        r = sd_event_loop(event);
    wsb_websocket_unref(websocket);
    return r;
}

int
main(int argc, char **argv)
{
    wsb_bus bus = argc > 2 && strcmp(argv[2], "session") == 0 ? WSB_BUS_SESSION : WSB_BUS_SYSTEM;
    sd_event *event = NULL;
    wsb_client *client = NULL;
    int r;

    if (argc < 2) {
        fprintf(stderr, "usage: hello-event URL [system|session]\n");
        return 2;
    }
    r = sd_event_default(&event);
    if (r >= 0)
        r = wsb_client_new(&client, bus);
    if (r >= 0)
        r = run(event, client, argv[1]);
    if (r < 0)
        fprintf(stderr, "%s\n", strerror(-r));
    wsb_client_unref(client);
    sd_event_unref(event);
    return r == 0 ? 0 : 1;
}
