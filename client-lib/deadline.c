/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is to happen at a time, in order of time. Nearly all of a client have the same timeout, so a new
 * one goes to the end and is at its place there; what is no longer awaited is taken out at once. So the
 * first is exactly when the client must wake up, and one that has nothing to wait for wakes up never.
 */

#include "deadline.h"

#include <time.h>

uint64_t
now_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t
deadline_after(uint64_t timeout_usec)
{
    uint64_t now;

    if (timeout_usec == UINT64_MAX)
        return UINT64_MAX;
    now = now_usec();
    return timeout_usec > UINT64_MAX - now ? UINT64_MAX : now + timeout_usec;
}

void
deadline_init(Deadline *deadline, void (*passed)(void *userdata), void *userdata)
{
    *deadline = (Deadline){ .usec = UINT64_MAX, .passed = passed, .userdata = userdata };
}

void
deadline_clear(DeadlineList *list, Deadline *deadline)
{
    if (deadline_is_set(deadline))
        TAILQ_REMOVE(list, deadline, link);
    deadline->usec = UINT64_MAX;
}

void
deadline_set(DeadlineList *list, Deadline *deadline, uint64_t timeout_usec)
{
    Deadline *before = NULL;

    deadline_clear(list, deadline);
    deadline->usec = deadline_after(timeout_usec);
    if (!deadline_is_set(deadline))
        return;
    TAILQ_FOREACH_REVERSE(before, list, DeadlineList, link)
    {
        if (before->usec <= deadline->usec)
            break;
    }
    if (before)
        TAILQ_INSERT_AFTER(list, before, deadline, link);
    else
        TAILQ_INSERT_HEAD(list, deadline, link);
}

uint64_t
deadlines_next(const DeadlineList *list)
{
    const Deadline *first = TAILQ_FIRST(list);

    return first ? first->usec : UINT64_MAX;
}

int
deadlines_run(DeadlineList *list)
{
    uint64_t now;
    Deadline *first;
    int n = 0;

    if (TAILQ_EMPTY(list))
        return 0;
    now = now_usec();
    while ((first = TAILQ_FIRST(list)) && first->usec <= now) {
        deadline_clear(list, first);
        first->passed(first->userdata);
        n++;
    }
    return n > 0;
}
