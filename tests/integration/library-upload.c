/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Sends COUNT binary messages of SIZE bytes through libwsbroker, as fast as there is room for them; each
 * begins with its number, four bytes in network order.
 *
 * Run: library-upload ADDRESS URL COUNT SIZE. ADDRESS is that of the bus. Prints "full" when the first send
 * was refused for want of room, and "sent" when all are sent and the connection is closed with 1000; exit
 * status 1 and a reason otherwise.
 */

#include "wsbroker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

typedef struct Upload {
    sd_event *event;
    wsb_websocket *websocket;
    uint32_t count, sent;
    size_t size;
    char *message;
    bool full; /* has been */
} Upload;

static void
say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static void
fail(Upload *upload, const char *reason)
{
    fprintf(stderr, "%s\n", reason);
    (void)sd_event_exit(upload->event, 1);
}

static int
send_one(Upload *upload)
{
    uint32_t number = htonl(upload->sent);

    memcpy(upload->message, &number, sizeof(number));
    return wsb_websocket_send_binary(upload->websocket, upload->message, upload->size, NULL, NULL);
}

static void
on_room(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Upload *upload = userdata;
    int r = 0;

    (void)event;
    while (upload->sent < upload->count && (r = send_one(upload)) >= 0)
        upload->sent++;
    if (r == -EAGAIN && !upload->full) {
        upload->full = true;
        say("full");
    }
    if (r < 0 && r != -EAGAIN)
        fail(upload, wsb_error_message(wsb_websocket_last_error(websocket)));
    if (upload->sent == upload->count)
        (void)wsb_websocket_close(websocket, WSB_CLOSE_NORMAL, NULL, NULL, NULL);
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
    Upload *upload = userdata;

    (void)websocket;
    if (event->code == WSB_CLOSE_NORMAL)
        say("sent");
    (void)sd_event_exit(upload->event, event->code == WSB_CLOSE_NORMAL ? 0 : 1);
}

static int
start(Upload *upload, const char *address, const char *url)
{
    wsb_client *client = NULL;
    int r = wsb_client_new_for_address(&client, address);

    if (r >= 0)
        r = wsb_client_set_timeout(client, UINT64_MAX);
    if (r >= 0)
        r = wsb_client_attach_event(client, upload->event, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = wsb_websocket_new(client, &upload->websocket);
    wsb_client_unref(client);
    if (r < 0)
        return r;
    wsb_websocket_on(upload->websocket, WSB_EVENT_OPEN, on_room, upload);
    wsb_websocket_on(upload->websocket, WSB_EVENT_DRAIN, on_room, upload);
    wsb_websocket_on(upload->websocket, WSB_EVENT_ERROR, on_error, upload);
    wsb_websocket_on(upload->websocket, WSB_EVENT_CLOSE, on_close, upload);
    return wsb_websocket_connect(upload->websocket, url, NULL, NULL, NULL);
}

int
main(int argc, char **argv)
{
    Upload upload = { 0 };
    int r;

    if (argc != 5)
        return 2;
    upload.count = (uint32_t)strtoul(argv[3], NULL, 10);
    upload.size = strtoul(argv[4], NULL, 10);
    upload.message = calloc(1, upload.size + sizeof(uint32_t));
    r = upload.message ? sd_event_new(&upload.event) : -ENOMEM;
    if (r >= 0)
        r = start(&upload, argv[1], argv[2]);
    if (r >= 0)
        r = sd_event_loop(upload.event);
    wsb_websocket_unref(upload.websocket);
    sd_event_unref(upload.event);
    free(upload.message);
    return r == 0 ? 0 : 1;
}
