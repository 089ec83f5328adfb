/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* Two ends of one D-Bus connection, without a bus between them: the test plays everybody at the other end. */
typedef struct PeerBus {
    sd_bus *bus;   /* of what is tested */
    sd_bus *peer;  /* the test's own */
    GQueue *calls; /* of sd_bus_message, referenced: what has arrived at the test's end and is not answered */
} PeerBus;

PeerBus *peer_bus_new(void);
void peer_bus_free(PeerBus *peers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PeerBus, peer_bus_free)

/* Carries messages both ways, and runs the main context, until nothing is left to do without waiting. */
void peer_bus_settle(PeerBus *peers);

/* The oldest unanswered call to NAME (any for NULL), taken from `calls`; NULL when there is none. Unref it. */
sd_bus_message *peer_bus_take_call(PeerBus *peers, const char *name);

/* Answers CALL (taken) as SENDER, and settles. */
void peer_bus_answer(PeerBus *peers, sd_bus_message *call, const char *sender);
