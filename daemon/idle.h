/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gate.h"

#include <systemd/sd-bus.h>

/* Ends a service that nobody uses; the bus starts it again at the next call. */
typedef struct Idle Idle;

/*
 * After TIMEOUT µs without a WebSocket and without a call, gives the bus name back, and once everything that had
 * arrived before is answered, what GATE holds included, calls QUIT. A WebSocket made meanwhile takes the name again.
 * Free with idle_free().
 */
Idle *idle_new(sd_bus *bus, Broker *broker, const Gate *gate, gint64 timeout,
               void (*quit)(gpointer user_data), gpointer user_data);
void idle_free(Idle *idle);
