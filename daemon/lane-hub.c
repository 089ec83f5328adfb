/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * GLib polls every source of a context at each turn, so in one context the cost of a message grows with the number of
 * idle connections. Here each connection has a context of its own, and the descriptors of all of them, and of the main
 * context, are in one epoll set: a turn costs what its active lanes cost, and waiting is one system call.
 */

#include "lane-private.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    LANES_PER_TURN = 256, /* so that the main context has its turn */
    RESERVED_FDS = 192    /* for lookups, handshakes and the bus, when lanes have taken all others */
};

static Lane *
hub_first_deadline(LaneHub *hub)
{
    GSequenceIter *first = g_sequence_get_begin_iter(hub->deadlines);

    return g_sequence_iter_is_end(first) ? NULL : g_sequence_get(first);
}

/* Milliseconds until something is to be done, rounded up; -1 without end. */
static int
hub_get_timeout(LaneHub *hub)
{
    const Lane *first = hub_first_deadline(hub);
    gint64 left;

    if (hub->ready.length > 0)
        return 0;
    if (!first)
        return -1;
    left = first->deadline - g_get_monotonic_time();
    return (int)CLAMP((left + 999) / 1000, 0, G_MAXINT);
}

/* Waits, and makes ready whatever epoll reports and whatever is due. */
static void
hub_wait(LaneHub *hub, int timeout_ms)
{
    struct epoll_event events[LANES_PER_TURN];
    int n_events = epoll_wait(hub->epoll_fd, events, LANES_PER_TURN, timeout_ms);
    Lane *lane;

    for (int i = 0; i < n_events; i++) {
        LaneWatch *watch = g_hash_table_lookup(hub->watches, GINT_TO_POINTER(events[i].data.fd));

        if (watch)
            lane_watch_report(watch, events[i].events);
    }
    /* What is left behind is reported first the next time, but nobody waits for the main context that long. */
    if (n_events == LANES_PER_TURN)
        lane_poll(hub->root);
    while ((lane = hub_first_deadline(hub)) && lane->deadline <= g_get_monotonic_time())
        lane_expire(lane);
}

static void
hub_run(LaneHub *hub, Lane *lane)
{
    g_queue_unlink(&hub->ready, lane->ready_link);
    g_clear_pointer(&lane->ready_link, g_list_free_1);
    lane_run(lane);
}

gboolean
lane_hub_iterate(LaneHub *hub, gboolean may_block)
{
    guint n;

    /* Whatever ran since may have given the main context something to wait for. */
    lane_prepare(hub->root);
    hub_wait(hub, may_block ? hub_get_timeout(hub) : 0);
    n = MIN(hub->ready.length, (guint)LANES_PER_TURN);
    if (hub->root->ready_link)
        hub_run(hub, hub->root);
    /* One that is ready again waits for the others. */
    for (guint i = 0; i < n && hub->ready.length > 0; i++)
        hub_run(hub, hub->ready.head->data);
    return n > 0;
}

static int
max_fd_outside_reserve(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > G_MAXINT)
        return G_MAXINT;
    return MAX(0, (int)limit.rlim_cur - MIN(RESERVED_FDS, (int)limit.rlim_cur / 4));
}

LaneHub *
lane_hub_new(GMainContext *context, GError **error)
{
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    LaneHub *hub;

    if (epoll_fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "epoll: %s", g_strerror(errno));
        return NULL;
    }
    hub = g_new0(LaneHub, 1);
    hub->epoll_fd = epoll_fd;
    hub->max_fd = max_fd_outside_reserve();
    hub->watches = g_hash_table_new(NULL, NULL);
    hub->deadlines = g_sequence_new(/* data_destroy= */ NULL);
    g_queue_init(&hub->ready);
    hub->root = lane_new_for_context(hub, g_main_context_ref(context ? context : g_main_context_default()));
    return hub;
}

void
lane_hub_free(LaneHub *hub)
{
    g_assert(hub->n_lanes == 0);
    lane_unref(hub->root);
    g_hash_table_unref(hub->watches);
    g_sequence_free(hub->deadlines);
    close(hub->epoll_fd);
    g_free(hub);
}

guint
lane_hub_count(const LaneHub *hub)
{
    return hub->n_lanes;
}

/*
 * GLib aborts when a context can have no eventfd, here and in the threads where GIO does TLS handshakes. So a lane is
 * refused while there is still a reserve: the kernel gives the lowest free number, which tells how many are taken.
 */
gboolean
lane_hub_check_descriptors(const LaneHub *hub, GError **error)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    if (fd >= 0)
        close(fd);
    if (fd >= 0 && fd <= hub->max_fd)
        return TRUE;
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_MFILE, "The service has no descriptor left");
    return FALSE;
}
