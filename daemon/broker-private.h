/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "broker.h"

#include "policy-reader.h"

/* What broker.c (the set), broker-calls.c (what is done with one of the set) and broker-reload.c (another policy for all)
 * share. */

/* Requests for another policy. */
typedef struct Reloads Reloads;

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
    Reloads *reloads;
    guint64 last_id;
    gint64 last_use; /* monotonic time of the last call, and of the last end of a WebSocket */
    gboolean shutting_down;
};

/* Those of OWNER, or all where it is NULL. Free with g_ptr_array_unref(). */
GPtrArray *broker_collect_websockets(Broker *broker, const Caller *owner);

/* CALLER's decisions are counted by the section that grants it something now. */
void broker_set_meters(Broker *broker, Caller *caller);

Reloads *reloads_new(Broker *broker);
/* Answers what is still waiting. */
void reloads_free(Reloads *reloads);
gboolean reloads_pending(const Reloads *reloads);
