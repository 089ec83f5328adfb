/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "broker.h"

/* What broker.c (the set) and broker-calls.c (what is done with one of the set) share. */
struct Broker {
    BrokerSetup setup;
    CallerSetup caller_setup;
    WebSocketEvents events; /* the setup's, with `vet` */
    Policy *policy;
    guint generation;
    GHashTable *callers;     /* unique name → Caller, owned here */
    GHashTable *websockets;  /* &id → WebSocket, owned here */
    GHashTable *user_counts; /* uid → WebSocket objects of it, as pointers */
    GHashTable *meters;      /* "uid" or "uid section" → DecisionMeter, owned here */
    CertificateReader *certificates;
    PolicyReader *policy_reader;
    guint64 last_id;
    gint64 last_use; /* monotonic time of the last call, and of the last end of a WebSocket */
    gboolean shutting_down;
};
