/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * GLib polls every source of a context at each turn, so in one context the cost of a message grows with the
 * number of idle connections. Here each connection has a GMainContext of its own, and the descriptors of all of
 * them are in one epoll set behind one GSource of the main context: a turn costs what its active lanes cost.
 *
 * The protocol of GMainContext is prepare, query, poll, check, dispatch. lane_watch() does the first two and
 * brings the epoll set up to date; lane_run() does the last two once epoll, a deadline or a source that needs no
 * poll says so. Both are run on the hub's thread, which holds every context acquired for good, so that GLib has
 * no need to wake anybody.
 *
 * Invariants: a lane is in `ready` or its descriptors and deadline are watched as of its last query. A
 * descriptor in the epoll set has exactly one entry, found by its number in `watches`; an entry whose number
 * another lane has since been given (the kernel drops a closed descriptor from the set by itself) is taken over,
 * never deleted, so a stale lane cannot unwatch a live one.
 */

#include "lane.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    EVENTS_PER_TURN = 256, /* so that other sources of the main context have their turn */
    ROUNDS_PER_RUN = 3,    /* a round that makes another source ready is followed up at once */
    FINAL_ROUNDS = 16,     /* that answer what was left when a lane is freed */
    RESERVED_FDS = 192,    /* for lookups, handshakes and the bus, when lanes have taken all others */
    FDS_PER_LANE = 4       /* a socket, its context's eventfd, and what connecting needs beside */
};

typedef struct Watch {
    Lane *lane;
    int fd;
    gushort events;   /* as registered with epoll */
    gushort revents;  /* as reported since the last check */
    gboolean wanted;  /* by the query at hand */
    gboolean refused; /* by epoll, which is asked again at each turn */
} Watch;

struct LaneHub {
    GSource source; /* first, as GSource allocates it */
    int epoll_fd;
    gpointer epoll_tag;
    int max_fd; /* above it a descriptor is one of the reserve */
    gboolean dispatching;
    guint n_lanes;
    GHashTable *watches;  /* fd → Watch, owned here */
    GSequence *deadlines; /* of Lane, those with a deadline, soonest first */
    GQueue ready;         /* of Lane */
};

struct Lane {
    LaneHub *hub;
    guint references;
    GMainContext *context;
    GArray *polls;      /* of GPollFD, as of the last query */
    GPtrArray *watches; /* of Watch, those that are this lane's; owned by the hub's table */
    int priority;       /* as of the last prepare */
    gint64 deadline;    /* monotonic time, µs; valid while deadline_iter is set */
    GSequenceIter *deadline_iter;
    GList *ready_link; /* place in the hub's queue, or NULL */
    gboolean settled;
    gboolean running;
    gboolean freed; /* while running */
};

static int
compare_deadlines(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Lane *left = a, *right = b;

    (void)user_data;
    return (left->deadline > right->deadline) - (left->deadline < right->deadline);
}

static void
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
    g_clear_pointer(&lane->deadline_iter, g_sequence_remove);
    if (timeout_ms < 0)
        return;
    lane->deadline = g_get_monotonic_time() + timeout_ms * (gint64)1000;
    lane->deadline_iter =
        g_sequence_insert_sorted(lane->hub->deadlines, lane, compare_deadlines, /* cmp_data= */ NULL);
}

static Watch *
lane_find_watch(Lane *lane, int fd)
{
    for (guint i = 0; i < lane->watches->len; i++) {
        Watch *watch = g_ptr_array_index(lane->watches, i);
        if (watch->fd == fd)
            return watch;
    }
    return NULL;
}

static void
watch_control(LaneHub *hub, Watch *watch, int operation)
{
    struct epoll_event event = { .events = watch->events, .data.fd = watch->fd };

    watch->refused = FALSE;
    if (epoll_ctl(hub->epoll_fd, operation, watch->fd, &event) == 0)
        return;
    if (operation == EPOLL_CTL_MOD && errno == ENOENT)
        watch_control(hub, watch, EPOLL_CTL_ADD);
    else if (operation == EPOLL_CTL_ADD && errno == EEXIST)
        watch_control(hub, watch, EPOLL_CTL_MOD);
    else {
        /* Out of memory or of the user's watches: report readiness always, as slow but never deaf. */
        watch->refused = TRUE;
        watch->revents = watch->events | G_IO_ERR;
    }
}

static Watch *
lane_add_watch(Lane *lane, int fd, gushort events)
{
    LaneHub *hub = lane->hub;
    Watch *watch = g_hash_table_lookup(hub->watches, GINT_TO_POINTER(fd));

    if (watch) {
        g_ptr_array_remove_fast(watch->lane->watches, watch);
    } else {
        watch = g_new0(Watch, 1);
        watch->fd = fd;
        g_hash_table_insert(hub->watches, GINT_TO_POINTER(fd), watch);
    }
    watch->lane = lane;
    watch->events = events;
    watch->revents = 0;
    g_ptr_array_add(lane->watches, watch);
    watch_control(hub, watch, EPOLL_CTL_ADD);
    return watch;
}

static void
lane_drop_watch(Lane *lane, Watch *watch)
{
    /* EBADF or ENOENT where the descriptor was closed: the kernel has already forgotten it. */
    (void)epoll_ctl(lane->hub->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    g_ptr_array_remove_fast(lane->watches, watch);
    g_hash_table_remove(lane->hub->watches, GINT_TO_POINTER(watch->fd));
}

static void
lane_watch_polls(Lane *lane)
{
    for (guint i = 0; i < lane->watches->len; i++)
        ((Watch *)g_ptr_array_index(lane->watches, i))->wanted = FALSE;

    for (guint i = 0; i < lane->polls->len; i++) {
        GPollFD *poll = &g_array_index(lane->polls, GPollFD, i);
        Watch *watch = lane_find_watch(lane, poll->fd);

        if (!watch) {
            watch = lane_add_watch(lane, poll->fd, poll->events);
        } else if (watch->events != poll->events || !lane->settled || watch->refused) {
            watch->events = poll->events;
            watch_control(lane->hub, watch, EPOLL_CTL_MOD);
        }
        watch->wanted = TRUE;
    }

    for (guint i = lane->watches->len; i-- > 0;) {
        Watch *watch = g_ptr_array_index(lane->watches, i);
        if (!watch->wanted)
            lane_drop_watch(lane, watch);
        else if (watch->revents)
            lane_set_ready(lane);
    }
}

/* Prepare and query. Returns whether a source is ready without polling. */
static gboolean
lane_watch(Lane *lane)
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
    lane_watch_polls(lane);
    if (timeout_ms == 0)
        ready = TRUE;
    lane_set_deadline(lane, ready ? -1 : timeout_ms);
    return ready;
}

static gboolean
lane_check(Lane *lane)
{
    for (guint i = 0; i < lane->polls->len; i++) {
        GPollFD *poll = &g_array_index(lane->polls, GPollFD, i);
        Watch *watch = lane_find_watch(lane, poll->fd);
        poll->revents = watch ? watch->revents & (poll->events | G_IO_ERR | G_IO_HUP | G_IO_NVAL) : 0;
    }
    for (guint i = 0; i < lane->watches->len; i++)
        ((Watch *)g_ptr_array_index(lane->watches, i))->revents = 0;

    return g_main_context_check(lane->context, lane->priority, (GPollFD *)(void *)lane->polls->data,
                                (int)lane->polls->len);
}

/* An operation of GIO's that is not answered yet holds the context, which holds its answer: without this both would
 * stay for good, with a descriptor. */
static void
lane_finish_operations(Lane *lane)
{
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

    while (lane->watches->len > 0)
        lane_drop_watch(lane, g_ptr_array_index(lane->watches, 0));
    lane_set_deadline(lane, -1);
    if (lane->ready_link)
        g_queue_delete_link(&hub->ready, lane->ready_link);
    g_ptr_array_unref(lane->watches);
    g_array_unref(lane->polls);
    lane_finish_operations(lane);
    g_main_context_release(lane->context);
    g_main_context_unref(lane->context);
    g_free(lane);
    hub->n_lanes--;
}

static void
lane_run(Lane *lane)
{
    gboolean ready = TRUE;

    g_main_context_push_thread_default(lane->context);
    lane->running = TRUE;
    for (int round = 0; ready && !lane->freed && round < ROUNDS_PER_RUN; round++) {
        if (lane_check(lane))
            g_main_context_dispatch(lane->context);
        if (!lane->freed)
            ready = lane_watch(lane);
    }
    lane->running = FALSE;
    g_main_context_pop_thread_default(lane->context);

    if (lane->freed)
        lane_destroy(lane);
    else if (ready)
        lane_set_ready(lane);
}

static gboolean
hub_deadline_passed(LaneHub *hub)
{
    GSequenceIter *first = g_sequence_get_begin_iter(hub->deadlines);

    return !g_sequence_iter_is_end(first) &&
           ((Lane *)g_sequence_get(first))->deadline <= g_get_monotonic_time();
}

static gboolean
hub_prepare(GSource *source, int *ret_timeout_ms)
{
    LaneHub *hub = (LaneHub *)source;
    GSequenceIter *first = g_sequence_get_begin_iter(hub->deadlines);

    *ret_timeout_ms = -1;
    if (hub->dispatching)
        return FALSE;
    if (hub->ready.length > 0) {
        *ret_timeout_ms = 0;
        return TRUE;
    }
    if (!g_sequence_iter_is_end(first)) {
        gint64 left = ((Lane *)g_sequence_get(first))->deadline - g_get_monotonic_time();
        *ret_timeout_ms = (int)CLAMP((left + 999) / 1000, 0, G_MAXINT);
    }
    return *ret_timeout_ms == 0;
}

static gboolean
hub_check(GSource *source)
{
    LaneHub *hub = (LaneHub *)source;

    if (hub->dispatching)
        return FALSE;
    return hub->ready.length > 0 || g_source_query_unix_fd(source, hub->epoll_tag) ||
           hub_deadline_passed(hub);
}

/* Moves to `ready` whatever epoll reports and whatever is due. */
static void
hub_collect(LaneHub *hub)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int n_events = epoll_wait(hub->epoll_fd, events, EVENTS_PER_TURN, /* timeout= */ 0);

    for (int i = 0; i < n_events; i++) {
        Watch *watch = g_hash_table_lookup(hub->watches, GINT_TO_POINTER(events[i].data.fd));

        if (watch) {
            watch->revents |= (gushort)events[i].events;
            lane_set_ready(watch->lane);
        }
    }
    while (hub_deadline_passed(hub)) {
        Lane *lane = g_sequence_get(g_sequence_get_begin_iter(hub->deadlines));

        lane_set_deadline(lane, -1);
        lane_set_ready(lane);
    }
}

static gboolean
hub_dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    LaneHub *hub = (LaneHub *)source;

    (void)callback;
    (void)user_data;
    hub->dispatching = TRUE;
    hub_collect(hub);
    /* Each lane that is ready now runs once; one that is ready again waits for the others. */
    for (guint n = hub->ready.length; n > 0 && hub->ready.length > 0; n--) {
        Lane *lane = g_queue_pop_head(&hub->ready);

        lane->ready_link = NULL;
        lane_run(lane);
    }
    hub->dispatching = FALSE;
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs hub_funcs = { .prepare = hub_prepare, .check = hub_check, .dispatch = hub_dispatch };

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
    hub = (LaneHub *)g_source_new(&hub_funcs, sizeof(LaneHub));
    hub->epoll_fd = epoll_fd;
    hub->max_fd = max_fd_outside_reserve();
    hub->watches = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    hub->deadlines = g_sequence_new(/* data_destroy= */ NULL);
    g_queue_init(&hub->ready);
    hub->epoll_tag = g_source_add_unix_fd(&hub->source, epoll_fd, G_IO_IN);
    g_source_set_static_name(&hub->source, "lanes");
    /* A source that may not recurse is taken out of the poll set and put back at each dispatch, which costs a
     * write to an eventfd; `dispatching` guards in its stead. */
    g_source_set_can_recurse(&hub->source, TRUE);
    g_source_attach(&hub->source, context);
    return hub;
}

void
lane_hub_free(LaneHub *hub)
{
    g_assert(hub->n_lanes == 0);
    g_source_destroy(&hub->source);
    g_hash_table_unref(hub->watches);
    g_sequence_free(hub->deadlines);
    close(hub->epoll_fd);
    g_source_unref(&hub->source);
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

Lane *
lane_new(LaneHub *hub, GError **error)
{
    Lane *lane;

    if (!lane_hub_check_descriptors(hub, error))
        return NULL;
    lane = g_new0(Lane, 1);
    lane->hub = hub;
    lane->references = 1;
    lane->context = g_main_context_new();
    lane->polls = g_array_sized_new(FALSE, TRUE, sizeof(GPollFD), FDS_PER_LANE);
    g_array_set_size(lane->polls, FDS_PER_LANE);
    lane->watches = g_ptr_array_new();
    hub->n_lanes++;
    g_main_context_acquire(lane->context);
    if (lane_watch(lane))
        lane_set_ready(lane);
    return lane;
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
    /* At once, not at the next turn: a descriptor closed in here must leave the epoll set before another lane is
     * given its number. */
    if (!lane->running && lane_watch(lane))
        lane_set_ready(lane);
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
