/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Opens many WebSockets through libwsbroker, so many at a time as it is told, and sends one message on each,
 * which must come back as it went, then closes them all.
 *
 * Run: library-many ADDRESS URL COUNT AT_ONCE [signals]. ADDRESS is that of the bus; without a stream where
 * it says `signals`. Prints "open" once all are open and have had their echo, then waits for a line on its
 * standard input before it closes them; exit status 1 and a reason if anything else happens.
 */

#include "wsbroker.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

typedef struct Many {
    wsb_client *client;
    const char *url;
    wsb_options *options;
    unsigned long count, at_once;
    unsigned long started, echoed, closed;
    wsb_websocket **websockets;
    bool failed;
} Many;

static void
fail(Many *many, const char *reason)
{
    fprintf(stderr, "%s\n", reason);
    many->failed = true;
}

static void start_some(Many *many);

static void
on_open(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    char text[32];
    int length = g_snprintf(text, sizeof(text), "%p", (void *)websocket);

    (void)event;
    if (wsb_websocket_send_text(websocket, text, (size_t)length, NULL, NULL) < 0)
        fail(userdata, wsb_error_message(wsb_websocket_last_error(websocket)));
}

static void
on_message(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Many *many = userdata;
    g_autofree char *expected = g_strdup_printf("%p", (void *)websocket);
    g_autofree char *came = g_strndup(event->data, event->length);

    if (!g_str_equal(came, expected))
        fail(many, "another's message came back");
    many->echoed++;
    start_some(many);
}

static void
on_error(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)websocket;
    fail(userdata, event->message);
}

static void
on_close(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Many *many = userdata;

    if (event->code != WSB_CLOSE_NORMAL)
        fail(many, "closed otherwise than asked for");
    many->closed++;
    wsb_websocket_unref(websocket);
}

static int
start_one(Many *many)
{
    wsb_websocket *websocket = NULL;
    int r = wsb_websocket_new(many->client, &websocket);

    if (r < 0)
        return r;
    many->websockets[many->started++] = websocket;
    wsb_websocket_on(websocket, WSB_EVENT_OPEN, on_open, many);
    wsb_websocket_on(websocket, WSB_EVENT_MESSAGE, on_message, many);
    wsb_websocket_on(websocket, WSB_EVENT_ERROR, on_error, many);
    wsb_websocket_on(websocket, WSB_EVENT_CLOSE, on_close, many);
    return wsb_websocket_connect(websocket, many->url, many->options, NULL, NULL);
}

static void
start_some(Many *many)
{
    while (many->started < many->count && many->started - many->echoed < many->at_once) {
        if (start_one(many) < 0)
            fail(many, "a connection could not be started");
        if (many->failed)
            return;
    }
}

static void
run_until(Many *many, const unsigned long *number)
{
    while (!many->failed && *number < many->count) {
        if (wsb_client_wait(many->client, UINT64_MAX) < 0)
            fail(many, "the client cannot wait");
    }
}

static void
close_all(Many *many)
{
    for (unsigned long i = 0; i < many->count && !many->failed; i++) {
        if (wsb_websocket_close(many->websockets[i], WSB_CLOSE_NORMAL, NULL, NULL, NULL) < 0)
            fail(many, "a connection could not be closed");
    }
    run_until(many, &many->closed);
}

static void
raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int
main(int argc, char **argv)
{
    Many many = { 0 };

    if (argc != 5 && !(argc == 6 && g_str_equal(argv[5], "signals"))) {
        fprintf(stderr, "Usage: %s ADDRESS URL COUNT AT_ONCE [signals]\n", argv[0]);
        return 2;
    }
    raise_descriptor_limit();
    many.url = argv[2];
    many.count = strtoul(argv[3], NULL, 10);
    many.at_once = strtoul(argv[4], NULL, 10);
    many.websockets = g_new0(wsb_websocket *, many.count);
    if (wsb_options_new(&many.options) < 0 || wsb_options_set_stream(many.options, argc == 5) < 0 ||
        wsb_client_new_for_address(&many.client, argv[1]) < 0) {
        fail(&many, "no bus");
    } else {
        start_some(&many);
        run_until(&many, &many.echoed);
    }
    if (!many.failed) {
        printf("open\n");
        (void)fflush(stdout);
        (void)getchar();
        close_all(&many);
    }
    wsb_client_unref(many.client);
    wsb_options_free(many.options);
    g_free(many.websockets);
    return many.failed;
}
