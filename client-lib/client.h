/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "buffer.h"
#include "deadline.h"
#include "pending.h"
#include "wsbroker.h"

#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define TIMEOUT_DEFAULT_USEC (25 * UINT64_C(1000000))

struct wsb_client {
    unsigned n_ref;

    /* How to open the bus again; BUS_GIVEN cannot be. */
    enum { BUS_NAMED, BUS_ADDRESS, BUS_GIVEN } origin;
    wsb_bus name;
    char *address;

    sd_bus *bus; /* NULL from its loss to the next use */
    sd_bus_slot *signal_slot, *owner_slot, *disconnected_slot;

    int epoll_fd;
    int watched_fd; /* what epoll_fd watches; -1 for nothing */
    int watched_events;

    uint64_t timeout_usec;
    DeadlineList deadlines;
    PendingCalls pending;
    bool processing;

    unsigned n_streams; /* that epoll_fd watches */
    BufferPool buffers;
    TAILQ_HEAD(, wsb_websocket) deferred; /* not owned: to run at once */
    size_t n_deferred;

    LIST_HEAD(, wsb_websocket) websockets; /* not owned: they own the client */
    void *by_path;                         /* tsearch(3) tree of the WebSockets that have an object */

    sd_event *event; /* attach.c */
    sd_event_source *io_source, *time_source;
};

/* Opens the bus again if it was lost. 0 or a negative errno. */
int client_ensure_bus(wsb_client *client);

/* The bus is of no use any more: each WebSocket hears of it. */
void client_lose_bus(wsb_client *client);

/* No longer looks at the bus's descriptor. */
void client_unwatch_bus(wsb_client *client);

/* websocket_run_deferred() is to run at once, or, where that is processing, before it returns. */
void client_defer(wsb_websocket *websocket);
void client_forget_deferred(wsb_websocket *websocket);
