/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who listens to what, and telling them. A listener may do anything from inside: remove itself or others, add
 * some, cause another emission, drop the WebSocket. So nothing is taken out of the list while an emission is
 * under way; a removed entry is marked, and swept when the last emission is over. Entries carry a serial, so
 * that those added during an emission wait for the next.
 */

#include "listeners.h"

#include "websocket.h"

#include <errno.h>
#include <stdlib.h>

typedef struct Listener {
    TAILQ_ENTRY(Listener) link;
    wsb_event_type type;
    wsb_listener function;
    void *userdata;
    uint64_t serial;
    bool removed;
} Listener;

void
listeners_init(Listeners *listeners)
{
    TAILQ_INIT(&listeners->list);
}

static void
sweep(Listeners *listeners)
{
    Listener *listener = TAILQ_FIRST(&listeners->list);

    while (listener) {
        Listener *next = TAILQ_NEXT(listener, link);

        if (listener->removed) {
            TAILQ_REMOVE(&listeners->list, listener, link);
            free(listener);
        }
        listener = next;
    }
}

static void
sweep_if_idle(Listeners *listeners)
{
    if (listeners->emitting == 0)
        sweep(listeners);
}

void
listeners_clear(Listeners *listeners)
{
    Listener *listener;

    TAILQ_FOREACH(listener, &listeners->list, link)
    {
        listener->removed = true;
    }
    sweep_if_idle(listeners);
}

void
listeners_emit(wsb_websocket *websocket, const wsb_event *event)
{
    Listeners *listeners = &websocket->listeners;
    uint64_t last = listeners->n_added;
    Listener *listener;

    listeners->emitting++;
    TAILQ_FOREACH(listener, &listeners->list, link)
    {
        if (!listener->removed && listener->type == event->type && listener->serial <= last)
            listener->function(websocket, event, listener->userdata);
    }
    listeners->emitting--;
    sweep_if_idle(listeners);
}

int
wsb_websocket_on(wsb_websocket *websocket, wsb_event_type type, wsb_listener function, void *userdata)
{
    Listener *listener;

    if (!websocket || !function || type < WSB_EVENT_OPEN || type > WSB_EVENT_DRAIN)
        return -EINVAL;
    listener = malloc(sizeof(*listener));
    if (!listener)
        return -ENOMEM;
    *listener = (Listener){
        .type = type,
        .function = function,
        .userdata = userdata,
        .serial = ++websocket->listeners.n_added,
    };
    TAILQ_INSERT_TAIL(&websocket->listeners.list, listener, link);
    return 0;
}

int
wsb_websocket_off(wsb_websocket *websocket, wsb_event_type type, wsb_listener function, void *userdata)
{
    Listener *listener;

    if (!websocket || type < WSB_EVENT_OPEN || type > WSB_EVENT_DRAIN)
        return -EINVAL;
    TAILQ_FOREACH(listener, &websocket->listeners.list, link)
    {
        if (listener->type == type &&
            (!function || (listener->function == function && listener->userdata == userdata)))
            listener->removed = true;
    }
    sweep_if_idle(&websocket->listeners);
    return 0;
}
