/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "broker.h"
#include "inquiry.h"

/* Holds back calls of a sender until it is known who that is, and until it has read the replies that it has. */
typedef struct Gate Gate;

/*
 * Installs the gate on BUS, whose source must not be dispatching, in front of all objects; it makes the callers of
 * BROKER, whom IDENTIFIER helps to know. All three outlive it. NULL and a negative errno in *ret_error when the bus
 * does not take it.
 */
Gate *gate_new(sd_bus *bus, Broker *broker, Identifier *identifier, int *ret_error);
void gate_free(Gate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Gate, gate_free)

/* Whether any call waits here, be it for the answer to an inquiry. */
gboolean gate_is_holding(const Gate *gate);

/* NAME left the bus: forget what its sender still waits for. */
void gate_remove(Gate *gate, const char *name);

/* The caller NAME does not read its replies: its calls that wait are LimitExceeded. */
void gate_refuse(Gate *gate, const char *name);

/* The caller NAME has read its replies: its calls may pass again. */
void gate_open(Gate *gate, const char *name);

/* As inquiries_start(): who WHO is, who has not called and need not. */
gboolean gate_inquire(Gate *gate, const char *who, sd_bus_message *call, Inquired answer, gpointer user_data);

/* What CALL, the Connect that the gate has just let pass, brings for TLS: free with tls_reading_free(). NULL where it has
 * not been read. */
TlsReading *gate_take_reading(Gate *gate, sd_bus_message *call);

/* Who sent the message that BUS is dispatching; never NULL in a handler of an object behind the gate. */
Caller *gate_current_caller(sd_bus *bus, Broker *broker);
