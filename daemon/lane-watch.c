/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The epoll set of a hub. A descriptor in it has exactly one entry, found by its number in the hub's table. An entry
 * whose number another has since been given (the kernel drops a closed descriptor from the set by itself) is taken
 * over, never deleted, so a stale watch cannot unwatch a live one.
 */

#include "lane-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

void
lane_watch_poll(LaneWatch *watch)
{
    struct pollfd polled = { .fd = watch->fd, .events = (short)watch->wanted };

    if (poll(&polled, 1, /* timeout= */ 0) > 0)
        lane_watch_report(watch, (guint32)polled.revents);
}

static void
watch_control(LaneWatch *watch, int operation)
{
    struct epoll_event event = { .events = watch->wanted, .data.fd = watch->fd };

    watch->refused = FALSE;
    if (epoll_ctl(watch->lane->hub->epoll_fd, operation, watch->fd, &event) == 0)
        return;
    if (operation == EPOLL_CTL_MOD && errno == ENOENT) {
        /* Another descriptor of that number: what was reported was the former one's. */
        watch->revents = 0;
        watch_control(watch, EPOLL_CTL_ADD);
    } else if (operation == EPOLL_CTL_ADD && errno == EEXIST) {
        watch_control(watch, EPOLL_CTL_MOD);
    } else {
        /* Out of memory or of the user's watches: the descriptor is looked at in each turn, as slow but never deaf. */
        watch->refused = TRUE;
        lane_watch_poll(watch);
        lane_set_ready(watch->lane);
    }
}

/* WATCH is in the set no more. */
static void
watch_forget(LaneWatch *watch)
{
    watch->events = watch->revents = 0;
    watch->refused = FALSE;
    if (!watch->ready)
        g_ptr_array_remove_fast(watch->lane->polled, watch); /* which frees it */
}

static void
watch_enter(LaneWatch *watch)
{
    GHashTable *watches = watch->lane->hub->watches;
    LaneWatch *stale = g_hash_table_lookup(watches, GINT_TO_POINTER(watch->fd));

    if (stale)
        watch_forget(stale);
    g_hash_table_insert(watches, GINT_TO_POINTER(watch->fd), watch);
    watch->revents = 0;
    watch_control(watch, EPOLL_CTL_ADD);
}

static void
watch_leave(LaneWatch *watch)
{
    LaneHub *hub = watch->lane->hub;

    /* EBADF or ENOENT where the descriptor was closed: the kernel has already forgotten it. */
    (void)epoll_ctl(hub->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    g_hash_table_remove(hub->watches, GINT_TO_POINTER(watch->fd));
    watch_forget(watch);
}

void
lane_watch_update(LaneWatch *watch, gboolean anew)
{
    guint32 before = watch->events;

    if (watch->wanted == before && !watch->refused && !anew)
        return;
    watch->events = watch->wanted;
    if (watch->wanted == 0) {
        if (before != 0)
            watch_leave(watch);
    } else if (before == 0) {
        watch_enter(watch);
    } else {
        watch_control(watch, EPOLL_CTL_MOD);
    }
}

void
lane_watch_report(LaneWatch *watch, guint32 events)
{
    watch->revents |= events;
    if (!watch->ready)
        watch->lane->due = TRUE;
    lane_set_ready(watch->lane);
}

/* What has been reported of what is wanted now: a turn may have paused it since. */
static guint32
watch_condition(const LaneWatch *watch)
{
    return watch->wanted == 0 ? 0 : watch->revents & (watch->wanted | EPOLLERR | EPOLLHUP);
}

void
lane_watch_begin_telling(LaneWatch *watch)
{
    watch->telling = watch->raised || watch_condition(watch) != 0;
}

GIOCondition
lane_watch_take_condition(LaneWatch *watch)
{
    guint32 condition = watch_condition(watch);

    watch->raised = FALSE;
    watch->revents = 0;
    return (GIOCondition)condition;
}

static LaneWatch *
watch_new(Lane *lane, GPtrArray *watches, int fd)
{
    LaneWatch *watch = g_new0(LaneWatch, 1);

    watch->lane = lane;
    watch->fd = fd;
    g_ptr_array_add(watches, watch);
    return watch;
}

LaneWatch *
lane_watch_new_polled(Lane *lane, int fd)
{
    return watch_new(lane, lane->polled, fd);
}

LaneWatch *
lane_watch_new(Lane *lane, int fd, void (*ready)(GIOCondition condition, gpointer user_data),
               gpointer user_data)
{
    LaneWatch *watch = watch_new(lane, lane->watches, fd);

    watch->ready = ready;
    watch->user_data = user_data;
    return watch;
}

void
lane_watch_free(LaneWatch *watch)
{
    watch->wanted = 0;
    lane_watch_update(watch, /* anew= */ FALSE);
    g_ptr_array_remove_fast(watch->lane->watches, watch);
    g_free(watch);
}

void
lane_watch_want(LaneWatch *watch, GIOCondition condition, gboolean wanted)
{
    if (wanted)
        watch->wanted |= condition;
    else
        watch->wanted &= ~(guint32)condition;
    /* What is wanted at the end of a turn counts, which often is what was wanted before it. */
    if (!watch->lane->running)
        lane_watch_update(watch, /* anew= */ FALSE);
}

void
lane_watch_raise(LaneWatch *watch)
{
    watch->raised = TRUE;
    lane_set_ready(watch->lane);
}
