/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <stdbool.h>
#include <sys/queue.h>

/* A moment at which something is to be done, once. It lies in what it belongs to. */
typedef struct Deadline {
    TAILQ_ENTRY(Deadline) link;
    uint64_t usec; /* CLOCK_MONOTONIC; UINT64_MAX: none, and it is in no list */
    void (*passed)(void *userdata);
    void *userdata;
} Deadline;

/* Those of one client, the first one first. */
typedef TAILQ_HEAD(DeadlineList, Deadline) DeadlineList;

/* One that is not set. PASSED runs while processing and may do anything, also free what DEADLINE lies in. */
void deadline_init(Deadline *deadline, void (*passed)(void *userdata), void *userdata);

/* TIMEOUT_USEC from now, UINT64_MAX for never; one that is set already is moved. */
void deadline_set(DeadlineList *list, Deadline *deadline, uint64_t timeout_usec);
void deadline_clear(DeadlineList *list, Deadline *deadline);

static inline bool
deadline_is_set(const Deadline *deadline)
{
    return deadline->usec != UINT64_MAX;
}

/* The first of them, UINT64_MAX without one. */
uint64_t deadlines_next(const DeadlineList *list);

/* Those that have passed. Returns whether there was any. */
int deadlines_run(DeadlineList *list);

/* CLOCK_MONOTONIC, microseconds. */
uint64_t now_usec(void);

/* now_usec() + TIMEOUT_USEC, UINT64_MAX where that is beyond it. */
uint64_t deadline_after(uint64_t timeout_usec);
