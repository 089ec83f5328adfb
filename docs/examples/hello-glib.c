/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The same in a GLib main loop, with a request header and a subprotocol.
 *
 *     cc hello-glib.c $(pkg-config --cflags --libs wsbroker glib-2.0)
 *     ./a.out ws://chat.example.com/ [system|session]
 */

#include <wsbroker-glib.h>

#include <string.h>

typedef struct Program {
    GMainLoop *loop;
    int status;
} Program;

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
    g_print("%.*s\n", (int)event->length, (const char *)event->data);
    wsb_websocket_close(websocket, WSB_CLOSE_NORMAL, "bye", NULL, NULL);
}

static void
on_close(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Program *program = userdata;

    (void)websocket;
    g_print("closed with %u\n", event->code);
    if (event->code == WSB_CLOSE_NORMAL)
        program->status = 0;
    g_main_loop_quit(program->loop);
}

static void
on_error(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Program *program = userdata;

    g_printerr("%u: %s\n", event->code, event->message);
    /* When the connection was open, its close comes next. */
    if (wsb_websocket_get_state(websocket) != WSB_STATE_OPEN)
        g_main_loop_quit(program->loop);
}

static int
start(wsb_websocket *websocket, const char *url, Program *program)
{
    wsb_options *options = NULL;
    int r;

    wsb_websocket_on(websocket, WSB_EVENT_OPEN, on_open, NULL);
    wsb_websocket_on(websocket, WSB_EVENT_MESSAGE, on_message, NULL);
    wsb_websocket_on(websocket, WSB_EVENT_CLOSE, on_close, program);
    wsb_websocket_on(websocket, WSB_EVENT_ERROR, on_error, program);
    r = wsb_options_new(&options);
    if (r >= 0)
        r = wsb_options_add_header(options, "X-Greeting", "from GLib");
    if (r >= 0)
        r = wsb_options_set_protocol(options, "chat");
    if (r >= 0)
        r = wsb_websocket_connect(websocket, url, options, NULL, NULL);
    wsb_options_free(options);
    return r;
}

int
main(int argc, char **argv)
{
    wsb_bus bus = argc > 2 && strcmp(argv[2], "session") == 0 ? WSB_BUS_SESSION : WSB_BUS_SYSTEM;
    Program program = { .status = 1 };
    wsb_client *client = NULL;
    wsb_websocket *websocket = NULL;
    GSource *source;
    int r;

    if (argc < 2) {
        g_printerr("usage: hello-glib URL [system|session]\n");
        return 2;
    }
    r = wsb_client_new(&client, bus);
    if (r < 0) {
        g_printerr("no bus: %s\n", g_strerror(-r));
        return 1;
    }
    source = wsb_glib_source_new(client);
    g_source_attach(source, NULL);
    program.loop = g_main_loop_new(NULL, FALSE);
    r = wsb_websocket_new(client, &websocket);
    if (r >= 0)
        r = start(websocket, argv[1], &program);
    if (r >= 0)
        g_main_loop_run(program.loop);
    else
        g_printerr("%s\n", g_strerror(-r));

    wsb_websocket_unref(websocket);
    g_main_loop_unref(program.loop);
    g_source_destroy(source);
    g_source_unref(source);
    wsb_client_unref(client);
    return program.status;
}
