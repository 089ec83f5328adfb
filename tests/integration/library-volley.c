/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Sends many mixed messages through libwsbroker and receives as many at the same time. Which ones went out
 * and which came in is told by one checksum for each way, over kind, length and bytes of all messages in
 * order: the other side has the same checksum exactly when nothing was lost, doubled, changed or put out of
 * order.
 *
 * Run: library-volley ADDRESS URL COUNT [signals]. ADDRESS is that of the bus; without a stream where it says
 * `signals`. Prints     SENT CHECKSUM RECEIVED CHECKSUM once both are complete and the connection is closed
 * with 1000; exit status 1 and a reason otherwise.
 */

#include "wsbroker.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

enum { SIZE_MAX_MESSAGE = 1 << 20 };

typedef struct Way {
    unsigned long count;
    GChecksum *checksum;
} Way;

typedef struct Volley {
    sd_event *event;
    wsb_websocket *websocket;
    bool signals;
    unsigned long count;
    char *pool; /* what messages are cut from */
    Way sent, received;
    unsigned long answered; /* of those sent */
} Volley;

static void
account(Way *way, wsb_message_kind kind, const void *data, size_t length)
{
    const guint32 head[] = { GUINT32_TO_BE((guint32)kind), GUINT32_TO_BE((guint32)length) };

    g_checksum_update(way->checksum, (const guchar *)head, sizeof(head));
    g_checksum_update(way->checksum, data, (gssize)length);
    way->count++;
}

static void
fail(Volley *volley, const char *reason)
{
    fprintf(stderr, "%s\n", reason);
    (void)sd_event_exit(volley->event, 1);
}

/* ---- What is sent ---- */

/* Mostly small ones, and of the larger ones so many that a whole volley stays below 100 MB. */
static size_t
length_of(unsigned long index)
{
    if (index % 5000 == 0)
        return SIZE_MAX_MESSAGE - index / 5000;
    if (index % 500 == 0)
        return 65536 + index % 9973;
    if (index % 50 == 0)
        return 4000 + index % 997;
    return index % 211;
}

static void send_all(Volley *volley);

static void
close_when_done(Volley *volley)
{
    if (volley->answered == volley->count && volley->received.count == volley->count)
        (void)wsb_websocket_close(volley->websocket, WSB_CLOSE_NORMAL, NULL, NULL, NULL);
}

static void
on_taken(wsb_websocket *websocket, const wsb_error *error, void *userdata)
{
    Volley *volley = userdata;

    (void)websocket;
    if (error) {
        fail(volley, wsb_error_message(error));
        return;
    }
    volley->answered++;
    close_when_done(volley);
}

static int
send_one(Volley *volley, unsigned long index)
{
    size_t length = length_of(index);
    const char *data = volley->pool + index % SIZE_MAX_MESSAGE;
    gboolean text = index % 2 == 0;
    int r = text ? wsb_websocket_send_text(volley->websocket, data, length, on_taken, volley)
                 : wsb_websocket_send_binary(volley->websocket, data, length, on_taken, volley);

    if (r >= 0)
        account(&volley->sent, text ? WSB_MESSAGE_TEXT : WSB_MESSAGE_BINARY, data, length);
    return r;
}

static void
send_all(Volley *volley)
{
    int r = 0;

    while (volley->sent.count < volley->count && (r = send_one(volley, volley->sent.count)) >= 0)
        ;
    if (r < 0 && r != -EAGAIN)
        fail(volley, wsb_error_message(wsb_websocket_last_error(volley->websocket)));
}

/* ---- Events ---- */

static void
on_room(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)websocket, (void)event;
    send_all(userdata);
}

static void
on_message(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Volley *volley = userdata;

    (void)websocket;
    account(&volley->received, event->kind, event->data, event->length);
    close_when_done(volley);
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
    Volley *volley = userdata;

    (void)websocket;
    (void)sd_event_exit(volley->event, event->code == WSB_CLOSE_NORMAL ? 0 : 1);
}

/* ---- Start and end ---- */

static int
connect_volley(Volley *volley, const char *url)
{
    wsb_options *options = NULL;
    int r = wsb_options_new(&options);

    if (r >= 0)
        r = wsb_options_set_stream(options, !volley->signals);
    if (r >= 0)
        r = wsb_websocket_connect(volley->websocket, url, options, NULL, NULL);
    wsb_options_free(options);
    return r;
}

static int
start(Volley *volley, const char *address, const char *url)
{
    wsb_client *client = NULL;
    int r = wsb_client_new_for_address(&client, address);

    if (r >= 0)
        r = wsb_client_attach_event(client, volley->event, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = wsb_websocket_new(client, &volley->websocket);
    wsb_client_unref(client);
    if (r < 0)
        return r;
    wsb_websocket_on(volley->websocket, WSB_EVENT_OPEN, on_room, volley);
    wsb_websocket_on(volley->websocket, WSB_EVENT_DRAIN, on_room, volley);
    wsb_websocket_on(volley->websocket, WSB_EVENT_MESSAGE, on_message, volley);
    wsb_websocket_on(volley->websocket, WSB_EVENT_ERROR, on_error, volley);
    wsb_websocket_on(volley->websocket, WSB_EVENT_CLOSE, on_close, volley);
    return connect_volley(volley, url);
}

static void
volley_init(Volley *volley, unsigned long count)
{
    *volley = (Volley){ .count = count, .pool = g_malloc((gsize)2 * SIZE_MAX_MESSAGE) };
    for (gsize i = 0; i < (gsize)2 * SIZE_MAX_MESSAGE; i++)
        volley->pool[i] = (char)('a' + (i * i + i / 26) % 26);
    volley->sent.checksum = g_checksum_new(G_CHECKSUM_SHA256);
    volley->received.checksum = g_checksum_new(G_CHECKSUM_SHA256);
}

static void
volley_clear(Volley *volley)
{
    wsb_websocket_unref(volley->websocket);
    sd_event_unref(volley->event);
    g_checksum_free(volley->sent.checksum);
    g_checksum_free(volley->received.checksum);
    g_free(volley->pool);
}

int
main(int argc, char **argv)
{
    Volley volley;
    int r;

    if (argc != 4 && !(argc == 5 && strcmp(argv[4], "signals") == 0))
        return 2;
    volley_init(&volley, strtoul(argv[3], NULL, 10));
    volley.signals = argc == 5;
    r = sd_event_new(&volley.event);
    if (r >= 0)
        r = start(&volley, argv[1], argv[2]);
    if (r >= 0)
        r = sd_event_loop(volley.event);
    if (r == 0)
        printf("%lu %s %lu %s\n", volley.sent.count, g_checksum_get_string(volley.sent.checksum),
               volley.received.count, g_checksum_get_string(volley.received.checksum));
    volley_clear(&volley);
    return r == 0 ? 0 : 1;
}
