/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <stdbool.h>
#include <sys/queue.h>

struct Listener;

/* Who listens to one WebSocket. */
typedef struct Listeners {
    TAILQ_HEAD(, Listener) list; /* in the order added */
    unsigned emitting;           /* how many emissions are under way, one inside the other */
    uint64_t n_added;
} Listeners;

void listeners_init(Listeners *listeners);
void listeners_clear(Listeners *listeners);

/* Tells EVENT to those who listened when it began, in order, until WEBSOCKET is dropped. A hold must be
 * had. */
void listeners_emit(wsb_websocket *websocket, const wsb_event *event);
