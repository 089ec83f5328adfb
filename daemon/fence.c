/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A bus has no back-pressure: what a receiver does not read piles up in the bus, until dbus-daemon stops reading from
 * us or dbus-broker drops messages. So what is sent to a receiver is counted, and after each half window it is asked
 * org.freedesktop.DBus.Peer.Ping, which every binding answers by itself. A bus keeps the order, so the answer can
 * only come after all that was sent before the question has been read. A receiver with a whole window unread gets
 * nothing more until it answers, and one that does not answer in time is told dead.
 *
 * Signals and replies are counted apart. An application that sits in a call, and answers nothing else meanwhile, has
 * its reply whatever its WebSockets have sent it; the window for replies takes thousands of such calls in a row.
 * A window is never more than the receiver's share of what the bus can hold, so that all together stay below that.
 * (A reply is counted before it is sent, so the last one may be taken for read when it is not; the next answer
 * covers it.)
 *
 * A bus allows a connection 128 unanswered calls in all and never forgets one while the receiver lives, so questions
 * are rationed: one for each receiver, 8 at a time for each application, and of those that the bus still counts no
 * more than its share. Who finds no place waits in a queue, and the time it waits counts as time without an answer.
 *
 * A dead receiver makes room for another of its application, but its question stays counted, because the bus still
 * counts it. So that mute connections do not use up all places of their application, the last quarter is for
 * receivers that have answered before; the more are dead, the fewer that never have are asked at a time; and no place
 * is wasted on one of these whose time is nearly over.
 */

#include "fence.h"

#include "bus.h"
#include "source.h"

enum {
    QUESTIONS_AT_ONCE = 8,         /* to living receivers of an application */
    REPLY_WINDOW = 4 * 1024 * 1024 /* bytes: some eight thousand ordinary replies */
};

struct FenceKeeper {
    sd_bus *bus;
    gint64 timeout;
    const FenceEvents *events;
    gpointer user_data;
    guint n_fences;
    GQueue waiting; /* of Fence, for a place */
};

/* What was sent of one kind. */
typedef struct Flow {
    gsize window;
    gsize asked; /* bytes that the question at hand covers */
    gsize sent;  /* bytes since */
    gboolean full;
} Flow;

struct Fence {
    FenceKeeper *keeper;
    char *name;
    Share *share;
    Flow flows[FENCE_KINDS];
    sd_bus_slot *question; /* NULL: none */
    GList *waiting_link;   /* place in the queue, or NULL */
    GSource *timer;        /* while a question is unanswered or waits for a place */
    gint64 since;          /* monotonic time at which the timer was started */
    gboolean proven;       /* it has answered once */
    gboolean dead;
};

static void fence_ask(Fence *fence);

static gboolean
has_place(const Fence *fence)
{
    Share *application = share_get_application(fence->share);
    gsize counted = share_used(application, SHARE_QUESTIONS), living = share_used(application, SHARE_LIVING);
    gsize limit = share_limit(application, SHARE_QUESTIONS);
    gsize dead = MIN(counted - living, QUESTIONS_AT_ONCE - 1);

    if (fence->proven)
        return living < QUESTIONS_AT_ONCE && counted < limit;
    return living < QUESTIONS_AT_ONCE - dead && counted < limit - limit / 4;
}

static gboolean
is_worth_a_place(const Fence *fence)
{
    return fence->proven || g_get_monotonic_time() - fence->since < fence->keeper->timeout / 2;
}

/* Places became free: those in the queue that may have them ask. */
static void
keeper_serve_waiting(FenceKeeper *keeper)
{
    GList *next;

    for (GList *link = keeper->waiting.head; link; link = next) {
        Fence *fence = link->data;

        next = link->next;
        if (!has_place(fence) || !is_worth_a_place(fence))
            continue;
        g_queue_delete_link(&keeper->waiting, fence->waiting_link);
        fence->waiting_link = NULL;
        /* Others kept it from answering. */
        if (fence->proven)
            source_clear(&fence->timer);
        fence_ask(fence);
    }
}

static void
leave_queue(Fence *fence)
{
    if (fence->waiting_link)
        g_queue_delete_link(&fence->keeper->waiting, fence->waiting_link);
    fence->waiting_link = NULL;
}

static gboolean
on_timeout(gpointer user_data)
{
    Fence *fence = user_data;
    FenceKeeper *keeper = fence->keeper;

    source_clear(&fence->timer);
    leave_queue(fence);
    fence->dead = TRUE;
    if (fence->question)
        share_return(fence->share, SHARE_LIVING, 1);
    keeper->events->dead(fence, keeper->user_data);
    /* Nothing can bring back who was never asked but the next question. */
    if (!fence->question)
        fence->dead = FALSE;
    keeper_serve_waiting(keeper);
    return G_SOURCE_REMOVE;
}

static void
start_timer(Fence *fence)
{
    if (fence->timer)
        return;
    fence->since = g_get_monotonic_time();
    fence->timer = g_timeout_source_new((guint)(fence->keeper->timeout / 1000));
    g_source_set_callback(fence->timer, on_timeout, fence, NULL);
    g_source_attach(fence->timer, /* context= */ NULL);
}

static gsize
window_of(const Fence *fence, const Flow *flow)
{
    return MAX(MIN(flow->window, share_limit(fence->share, SHARE_UNREAD)), 1);
}

static void
update_full(Fence *fence)
{
    for (int kind = 0; kind < FENCE_KINDS; kind++) {
        Flow *flow = &fence->flows[kind];
        gboolean full = flow->asked + flow->sent >= window_of(fence, flow);

        /* The dead have no WebSockets that could be paused; their calls are still answered until a window is full. */
        if (full == flow->full || (fence->dead && kind == FENCE_SIGNALS))
            continue;
        flow->full = full;
        fence->keeper->events->full(fence, (FenceKind)kind, full, fence->keeper->user_data);
    }
}

/* The bus no longer counts the question. */
static void
drop_question(Fence *fence)
{
    if (!fence->question)
        return;
    fence->question = sd_bus_slot_unref(fence->question);
    share_return(fence->share, SHARE_QUESTIONS, 1);
    if (!fence->dead)
        share_return(fence->share, SHARE_LIVING, 1);
}

static gboolean
is_due(const Fence *fence)
{
    for (int kind = 0; kind < FENCE_KINDS; kind++) {
        const Flow *flow = &fence->flows[kind];

        if (flow->sent > 0 && flow->sent >= window_of(fence, flow) / 2)
            return TRUE;
    }
    return FALSE;
}

static void
ask_if_due(Fence *fence)
{
    if (!fence->dead && !fence->question && !fence->waiting_link && is_due(fence))
        fence_ask(fence);
}

/* What was asked for has been read. */
static void
settle(Fence *fence)
{
    for (int kind = 0; kind < FENCE_KINDS; kind++) {
        share_return(fence->share, SHARE_UNREAD, fence->flows[kind].asked);
        fence->flows[kind].asked = 0;
    }
}

/* What was asked for has not been read, as far as is known. */
static void
unsettle(Fence *fence)
{
    for (int kind = 0; kind < FENCE_KINDS; kind++) {
        fence->flows[kind].sent += fence->flows[kind].asked;
        fence->flows[kind].asked = 0;
    }
}

/* Any answer will do, an error too, but only the receiver's own. */
static int
on_answer(sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    Fence *fence = user_data;
    FenceKeeper *keeper = fence->keeper;
    gboolean genuine = g_strcmp0(sd_bus_message_get_sender(reply), fence->name) == 0;

    (void)ret_error;
    drop_question(fence);
    if (genuine) {
        /* Late is better than never: whoever was given up for dead may use new WebSockets. */
        fence->dead = FALSE;
        fence->proven = TRUE;
        source_clear(&fence->timer);
        settle(fence);
        update_full(fence);
        ask_if_due(fence);
    } else {
        /* Somebody else's, or the bus's own: what was asked is still unread, and the time runs on. */
        unsettle(fence);
        fence->dead = FALSE;
    }
    keeper_serve_waiting(keeper);
    return 1;
}

static int
send_question(Fence *fence)
{
    _cleanup_message_ sd_bus_message *call = NULL;
    int r = sd_bus_message_new_method_call(fence->keeper->bus, &call, fence->name, "/",
                                           "org.freedesktop.DBus.Peer", "Ping");

    if (r < 0)
        return r;
    return sd_bus_call_async(fence->keeper->bus, &fence->question, call, on_answer, fence,
                             /* usec= */ G_MAXUINT64);
}

static void
fence_ask(Fence *fence)
{
    FenceKeeper *keeper = fence->keeper;

    start_timer(fence);
    if (!has_place(fence)) {
        g_queue_push_tail(&keeper->waiting, fence);
        fence->waiting_link = keeper->waiting.tail;
    } else if (send_question(fence) >= 0) {
        share_take(fence->share, SHARE_QUESTIONS, 1);
        share_take(fence->share, SHARE_LIVING, 1);
        for (int kind = 0; kind < FENCE_KINDS; kind++) {
            fence->flows[kind].asked = fence->flows[kind].sent;
            fence->flows[kind].sent = 0;
        }
    }
}

FenceKeeper *
fence_keeper_new(sd_bus *bus, gint64 timeout, const FenceEvents *events, gpointer user_data)
{
    FenceKeeper *keeper = g_new0(FenceKeeper, 1);

    keeper->bus = bus;
    keeper->timeout = timeout;
    keeper->events = events;
    keeper->user_data = user_data;
    g_queue_init(&keeper->waiting);
    return keeper;
}

void
fence_keeper_free(FenceKeeper *keeper)
{
    g_assert(keeper->n_fences == 0);
    g_free(keeper);
}

Fence *
fence_new(FenceKeeper *keeper, const char *name, Share *share, gsize signal_window)
{
    Fence *fence = g_new0(Fence, 1);

    fence->keeper = keeper;
    fence->name = g_strdup(name);
    fence->share = share;
    fence->flows[FENCE_SIGNALS].window = signal_window;
    fence->flows[FENCE_REPLIES].window = REPLY_WINDOW;
    keeper->n_fences++;
    return fence;
}

void
fence_free(Fence *fence)
{
    FenceKeeper *keeper = fence->keeper;

    source_clear(&fence->timer);
    leave_queue(fence);
    drop_question(fence);
    unsettle(fence);
    for (int kind = 0; kind < FENCE_KINDS; kind++)
        share_return(fence->share, SHARE_UNREAD, fence->flows[kind].sent);
    g_free(fence->name);
    g_free(fence);
    keeper->n_fences--;
    keeper_serve_waiting(keeper);
}

void
fence_set_signal_window(Fence *fence, gsize window)
{
    fence->flows[FENCE_SIGNALS].window = window;
    ask_if_due(fence);
    update_full(fence);
}

const char *
fence_get_name(const Fence *fence)
{
    return fence->name;
}

void
fence_count(Fence *fence, FenceKind kind, gsize bytes)
{
    fence->flows[kind].sent += bytes;
    share_take(fence->share, SHARE_UNREAD, bytes);
    ask_if_due(fence);
    update_full(fence);
}

gboolean
fence_is_full(const Fence *fence, FenceKind kind)
{
    return fence->flows[kind].full;
}

gboolean
fence_is_dead(const Fence *fence)
{
    return fence->dead;
}
