/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A context whose descriptors are in the hub's epoll set. The protocol of GMainContext is prepare, query, poll, check,
 * dispatch: lane_prepare() does the first two and brings the set up to date, lane_run() the last two once epoll, a
 * deadline or a source that needs no poll says so. Both are run on the hub's thread, which holds every context acquired
 * for good, so that GLib has no need to wake anybody.
 *
 * What moves messages has a watch in place of a source: a turn of a context costs more than the message that it is
 * for. So a turn in which only watches are ready checks and dispatches nothing of GLib's.
 *
 * Invariant: a lane is in the hub's queue, or its descriptors and its deadline are watched as of its last query.
 */

#include "lane-private.h"

#include <errno.h>
#include <sys/epoll.h>

enum {
    ROUNDS_PER_RUN = 3, /* a round that makes another source ready is followed up at once */
    FINAL_ROUNDS = 16,  /* that answer what was left when a lane is freed */
    POLLS_USUAL = 4     /* a socket, its context's eventfd, and what connecting needs beside */
};

static int
compare_deadlines(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Lane *left = a, *right = b;

    (void)user_data;
    return (left->deadline > right->deadline) - (left->deadline < right->deadline);
}

void
lane_set_ready(Lane *lane)
{
    if (lane->ready_link)
        return;
    g_queue_push_tail(&lane->hub->ready, lane);
    lane->ready_link = lane->hub->ready.tail;
}

static void
lane_set_deadline(Lane *lane, int timeout_ms)
{
    gint64 deadline;

    if (timeout_ms < 0) {
        g_clear_pointer(&lane->deadline_iter, g_sequence_remove);
        return;
    }
    deadline = g_get_monotonic_time() + timeout_ms * (gint64)1000;
    /* One that comes too soon costs a turn when it comes, and to put it off would cost as much at each turn before. */
    if (lane->deadline_iter && lane->deadline <= deadline)
        return;
    g_clear_pointer(&lane->deadline_iter, g_sequence_remove);
    lane->deadline = deadline;
    lane->deadline_iter =
        g_sequence_insert_sorted(lane->hub->deadlines, lane, compare_deadlines, /* cmp_data= */ NULL);
}

void
lane_expire(Lane *lane)
{
    g_clear_pointer(&lane->deadline_iter, g_sequence_remove);
    lane->due = TRUE;
    lane_set_ready(lane);
}

static LaneWatch *
lane_find_polled(const Lane *lane, int fd)
{
    for (guint i = 0; i < lane->polled->len; i++) {
        LaneWatch *watch = g_ptr_array_index(lane->polled, i);
        if (watch->fd == fd)
            return watch;
    }
    return NULL;
}

static void
lane_update_polled(Lane *lane)
{
    for (guint i = 0; i < lane->polled->len; i++)
        ((LaneWatch *)g_ptr_array_index(lane->polled, i))->wanted = 0;

    for (guint i = 0; i < lane->polls->len; i++) {
        const GPollFD *poll = &g_array_index(lane->polls, GPollFD, i);
        LaneWatch *watch = lane_find_polled(lane, poll->fd);

        if (!watch)
            watch = lane_watch_new_polled(lane, poll->fd);
        /* A source may ask for nothing and still wants to hear of errors. */
        watch->wanted = poll->events | EPOLLERR;
    }

    for (guint i = lane->polled->len; i-- > 0;)
        lane_watch_update(g_ptr_array_index(lane->polled, i), lane->suspect);
    lane->suspect = FALSE;
}

static void
lane_update_watches(Lane *lane)
{
    for (guint i = 0; i < lane->watches->len; i++)
        lane_watch_update(g_ptr_array_index(lane->watches, i), /* anew= */ FALSE);
}

void
lane_prepare(Lane *lane)
{
    gboolean ready = g_main_context_prepare(lane->context, &lane->priority);
    int timeout_ms = -1;

    for (;;) {
        guint size = lane->polls->len;
        guint needed = (guint)g_main_context_query(lane->context, lane->priority, &timeout_ms,
                                                   (GPollFD *)(void *)lane->polls->data, (int)size);
        g_array_set_size(lane->polls, needed);
        if (needed <= size)
            break;
    }
    lane_update_polled(lane);
    lane_update_watches(lane);
    ready = ready || timeout_ms == 0;
    lane_set_deadline(lane, ready ? -1 : timeout_ms);
    lane->due |= ready;
    if (lane->due)
        lane_set_ready(lane);
}

void
lane_poll(Lane *lane)
{
    for (guint i = 0; i < lane->polled->len; i++)
        lane_watch_poll(g_ptr_array_index(lane->polled, i));
}

static gboolean
lane_check(Lane *lane)
{
    lane->due = FALSE;
    for (guint i = 0; i < lane->polls->len; i++) {
        GPollFD *poll = &g_array_index(lane->polls, GPollFD, i);
        const LaneWatch *watch = lane_find_polled(lane, poll->fd);
        guint32 told = poll->events | G_IO_ERR | G_IO_HUP | G_IO_NVAL;

        poll->revents = (gushort)(watch ? watch->revents & told : 0);
    }
    for (guint i = 0; i < lane->polled->len; i++)
        ((LaneWatch *)g_ptr_array_index(lane->polled, i))->revents = 0;

    return g_main_context_check(lane->context, lane->priority, (GPollFD *)(void *)lane->polls->data,
                                (int)lane->polls->len);
}

/* An operation of GIO's that is not answered yet holds the context, which holds its answer: without this both would
 * stay for good, with a descriptor. */
static void
lane_finish_operations(Lane *lane)
{
    lane->running = TRUE; /* nothing is watched any more */
    g_main_context_push_thread_default(lane->context);
    for (int round = 0;
         round < FINAL_ROUNDS && g_main_context_iteration(lane->context, /* may_block= */ FALSE); round++)
        ;
    g_main_context_pop_thread_default(lane->context);
}

static void
lane_destroy(Lane *lane)
{
    LaneHub *hub = lane->hub;

    g_assert(lane->watches->len == 0);
    for (guint i = lane->polled->len; i-- > 0;) {
        LaneWatch *watch = g_ptr_array_index(lane->polled, i);

        watch->wanted = 0;
        lane_watch_update(watch, /* anew= */ FALSE);
    }
    lane_set_deadline(lane, -1);
    if (lane != hub->root) {
        lane_finish_operations(lane);
        hub->n_lanes--;
    }
    if (lane->ready_link)
        g_queue_delete_link(&hub->ready, lane->ready_link);
    g_ptr_array_unref(lane->polled);
    g_ptr_array_unref(lane->watches);
    g_array_unref(lane->polls);
    g_main_context_release(lane->context);
    g_main_context_unref(lane->context);
    g_free(lane);
}

static LaneWatch *
lane_find_telling(const Lane *lane)
{
    for (guint i = 0; i < lane->watches->len; i++) {
        LaneWatch *watch = g_ptr_array_index(lane->watches, i);
        if (watch->telling)
            return watch;
    }
    return NULL;
}

/* Each watch that is ready is told once. Any of them may be freed by that, and the lane. */
static void
lane_tell_watches(Lane *lane)
{
    LaneWatch *watch;

    for (guint i = 0; i < lane->watches->len; i++)
        lane_watch_begin_telling(g_ptr_array_index(lane->watches, i));
    while (!lane->freed && (watch = lane_find_telling(lane))) {
        watch->telling = FALSE;
        watch->ready(lane_watch_take_condition(watch), watch->user_data);
    }
}

static void
lane_dispatch(Lane *lane)
{
    if (lane_check(lane))
        g_main_context_dispatch(lane->context);
}

void
lane_run(Lane *lane)
{
    g_main_context_push_thread_default(lane->context);
    lane->running = TRUE;
    lane_tell_watches(lane);
    for (int round = 0; round < ROUNDS_PER_RUN && !lane->freed; round++) {
        if (lane->due)
            lane_dispatch(lane);
        lane->suspect = !lane->settled;
        if (!lane->freed)
            lane_prepare(lane);
        if (!lane->due)
            break;
    }
    lane->running = FALSE;
    g_main_context_pop_thread_default(lane->context);

    if (lane->freed)
        lane_destroy(lane);
}

Lane *
lane_new_for_context(LaneHub *hub, GMainContext *context)
{
    Lane *lane = g_new0(Lane, 1);

    lane->hub = hub;
    lane->references = 1;
    lane->context = context;
    lane->polls = g_array_sized_new(FALSE, TRUE, sizeof(GPollFD), POLLS_USUAL);
    g_array_set_size(lane->polls, POLLS_USUAL);
    lane->polled = g_ptr_array_new_with_free_func(g_free);
    lane->watches = g_ptr_array_new();
    g_main_context_acquire(context);
    lane_prepare(lane);
    return lane;
}

Lane *
lane_new(LaneHub *hub, GError **error)
{
    if (!lane_hub_check_descriptors(hub, error))
        return NULL;
    hub->n_lanes++;
    return lane_new_for_context(hub, g_main_context_new());
}

Lane *
lane_ref(Lane *lane)
{
    lane->references++;
    return lane;
}

void
lane_unref(Lane *lane)
{
    if (--lane->references > 0)
        return;
    if (lane->running)
        lane->freed = TRUE;
    else
        lane_destroy(lane);
}

void
lane_enter(Lane *lane)
{
    g_main_context_push_thread_default(lane->context);
}

void
lane_leave(Lane *lane)
{
    g_main_context_pop_thread_default(lane->context);
    if (lane->running)
        return;
    /* At once, not at the next turn: a descriptor closed in here must leave the epoll set before another lane is
     * given its number. */
    lane->suspect = !lane->settled;
    lane_prepare(lane);
}

void
lane_set_settled(Lane *lane)
{
    lane->settled = TRUE;
}

GMainContext *
lane_get_context(Lane *lane)
{
    return lane->context;
}
