/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How much a second, from counters that only say how much so far. They belong to one connection: a WebSocket
 * that has connected again since the last look begins at 0, and then all that it counts is new. No rate is
 * ever negative.
 */

#include "rates.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

const char *const counter_names[N_COUNTERS] = {
    [COUNTER_MESSAGES_RECEIVED] = "MessagesReceived",
    [COUNTER_BYTES_RECEIVED] = "BytesReceived",
    [COUNTER_MESSAGES_SENT] = "MessagesSent",
    [COUNTER_BYTES_SENT] = "BytesSent",
};

static bool
is_same_connection(const Traffic *before, const Traffic *now)
{
    if (!before || before->connected_at != now->connected_at)
        return false;
    for (size_t i = 0; i < N_COUNTERS; i++)
        if (now->counters[i] < before->counters[i])
            return false;
    return true;
}

Rates
rates_between(const Traffic *before, const Traffic *now, double seconds)
{
    bool same = is_same_connection(before, now);
    Rates rates = { 0 };

    for (size_t i = 0; seconds > 0 && i < N_COUNTERS; i++)
        rates.per_second[i] = (double)(now->counters[i] - (same ? before->counters[i] : 0)) / seconds;
    return rates;
}

void
rates_add(Rates *total, const Rates *rates)
{
    for (size_t i = 0; i < N_COUNTERS; i++)
        total->per_second[i] += rates->per_second[i];
}

const char *
rate_to_text(double rate, char buffer[RATE_SIZE])
{
    static const char units[] = "\0kMGTPE";
    size_t unit = 0;

    /* From 999.5 on three digits would round to the next power. */
    while (rate >= 999.5 && unit < sizeof(units) - 2) {
        rate /= 1000;
        unit++;
    }
    if (rate > 0 && rate < 0.01)
        snprintf(buffer, RATE_SIZE, "<0.01");
    else
        snprintf(buffer, RATE_SIZE, "%.3g%.1s", rate, &units[unit]);
    return buffer;
}
