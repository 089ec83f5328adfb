/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* What the service counts for each WebSocket. */
typedef enum Counter {
    COUNTER_MESSAGES_RECEIVED,
    COUNTER_BYTES_RECEIVED,
    COUNTER_MESSAGES_SENT,
    COUNTER_BYTES_SENT,
    N_COUNTERS,
} Counter;

/* The names of the properties. */
extern const char *const counter_names[N_COUNTERS];

/* One look at a WebSocket. The counters begin at 0 with each of its connections. */
typedef struct Traffic {
    uint64_t connected_at; /* which connection it is; 0: none has opened yet */
    uint64_t counters[N_COUNTERS];
} Traffic;

typedef struct Rates {
    double per_second[N_COUNTERS];
} Rates;

/* What was added to the counters between two looks that are SECONDS apart. BEFORE is NULL for a WebSocket
 * that was not there. */
Rates rates_between(const Traffic *before, const Traffic *now, double seconds);

/* Adds RATES to TOTAL. */
void rates_add(Rates *total, const Rates *rates);

/* RATE in three digits, with k, M, G and so on for powers of 1000: "0", "0.25", "12.3k". */
#define RATE_SIZE 16
const char *rate_to_text(double rate, char buffer[RATE_SIZE]);
