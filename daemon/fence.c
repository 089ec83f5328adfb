/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A bus has no back-pressure: what a receiver does not read piles up in the bus, until dbus-daemon stops reading from
 * us or dbus-broker drops messages. So what is sent to a receiver is counted, and after each half window it is asked
 * org.freedesktop.DBus.Peer.Ping, which every binding answers by itself. A bus keeps the order, so the answer can
 * only come after all that was sent before the question has been read. A receiver with a whole window unread gets
 * nothing more until it answers, and one that does not answer in time is told dead.
 *
 * A bus allows a connection 128 unanswered calls in all and never forgets one while the receiver lives, so questions
 * are rationed: one for each receiver, 8 for each user, 96 in all. Who finds no place waits in a queue, and the time
 * it waits counts as time without an answer.
 *
 * A dead receiver makes room for another of its user, but its question stays counted, because the bus still counts it.
 * So that one user's mute connections do not use up everybody's places, nor those of its other applications, a user
 * has a limit for all of them, the last part of which is for receivers that have answered before; the more are dead,
 * the fewer that never have are asked at a time; and no place is wasted on one of these whose time is nearly over.
 */

#include "fence.h"

#include "bus.h"
#include "source.h"

enum {
    QUESTIONS_PER_USER = 8, /* to living receivers */
    UNPROVEN_PER_USER = 24, /* with those to the dead, as long as the next receiver has never answered */
    COUNTED_PER_USER = 32,  /* else */
    QUESTIONS_MAX = 96
};

/* How many questions to a user's receivers are unanswered. */
typedef struct UserQuestions {
    guint living;
    guint counted; /* with those to the dead, whom the bus still counts */
} UserQuestions;

struct FenceKeeper {
    sd_bus *bus;
    gint64 timeout;
    const FenceEvents *events;
    gpointer user_data;
    guint n_questions; /* that the bus still counts */
    GHashTable *users; /* uid → UserQuestions, owned here */
    GQueue waiting;    /* of Fence, for a place */
};

struct Fence {
    FenceKeeper *keeper;
    char *name;
    uid_t uid;
    gsize window;
    gsize asked;           /* bytes that the question at hand covers */
    gsize sent;            /* bytes since */
    sd_bus_slot *question; /* NULL: none */
    GList *waiting_link;   /* place in the queue, or NULL */
    GSource *timer;        /* while a question is unanswered or waits for a place */
    gint64 since;          /* monotonic time at which the timer was started */
    gboolean full;
    gboolean proven; /* it has answered once */
    gboolean dead;
};

static void fence_ask(Fence *fence);

static UserQuestions *
user_questions(FenceKeeper *keeper, uid_t uid)
{
    UserQuestions *user = g_hash_table_lookup(keeper->users, GUINT_TO_POINTER(uid));

    if (!user) {
        user = g_new0(UserQuestions, 1);
        g_hash_table_insert(keeper->users, GUINT_TO_POINTER(uid), user);
    }
    return user;
}

static void
change_questions(FenceKeeper *keeper, uid_t uid, int living, int counted)
{
    UserQuestions *user = user_questions(keeper, uid);

    user->living += (guint)living;
    user->counted += (guint)counted;
    keeper->n_questions += (guint)counted;
    if (user->counted == 0)
        g_hash_table_remove(keeper->users, GUINT_TO_POINTER(uid));
}

static gboolean
has_place(const Fence *fence)
{
    const FenceKeeper *keeper = fence->keeper;
    const UserQuestions *user = g_hash_table_lookup(keeper->users, GUINT_TO_POINTER(fence->uid));
    guint counted = user ? user->counted : 0, living = user ? user->living : 0;
    guint dead = MIN(counted - living, QUESTIONS_PER_USER - 1);

    if (keeper->n_questions >= QUESTIONS_MAX)
        return FALSE;
    if (fence->proven)
        return living < QUESTIONS_PER_USER && counted < COUNTED_PER_USER;
    return living < QUESTIONS_PER_USER - dead && counted < UNPROVEN_PER_USER;
}

static gboolean
is_worth_a_place(const Fence *fence)
{
    return fence->proven || g_get_monotonic_time() - fence->since < fence->keeper->timeout / 2;
}

/* A place became free: the first in the queue that may have it asks. */
static void
keeper_serve_waiting(FenceKeeper *keeper)
{
    for (GList *link = keeper->waiting.head; link; link = link->next) {
        Fence *fence = link->data;

        if (!has_place(fence) || !is_worth_a_place(fence))
            continue;
        g_queue_delete_link(&keeper->waiting, fence->waiting_link);
        fence->waiting_link = NULL;
        /* Others kept it from answering. */
        if (fence->proven)
            source_clear(&fence->timer);
        fence_ask(fence);
        return;
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
        change_questions(keeper, fence->uid, /* living= */ -1, /* counted= */ 0);
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

static void
update_full(Fence *fence)
{
    gboolean full = fence->asked + fence->sent >= fence->window;

    if (full == fence->full || fence->dead)
        return;
    fence->full = full;
    fence->keeper->events->full(fence, full, fence->keeper->user_data);
}

/* The bus no longer counts the question. */
static void
drop_question(Fence *fence)
{
    if (!fence->question)
        return;
    fence->question = sd_bus_slot_unref(fence->question);
    change_questions(fence->keeper, fence->uid, fence->dead ? 0 : -1, /* counted= */ -1);
}

static void
ask_if_due(Fence *fence)
{
    if (!fence->dead && !fence->question && !fence->waiting_link && fence->sent >= fence->window / 2)
        fence_ask(fence);
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
        fence->asked = 0;
        update_full(fence);
        ask_if_due(fence);
    } else {
        /* Somebody else's, or the bus's own: what was asked is still unread, and the time runs on. */
        fence->sent += fence->asked;
        fence->asked = 0;
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
        change_questions(keeper, fence->uid, /* living= */ 1, /* counted= */ 1);
        fence->asked = fence->sent;
        fence->sent = 0;
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
    keeper->users = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_queue_init(&keeper->waiting);
    return keeper;
}

void
fence_keeper_free(FenceKeeper *keeper)
{
    g_assert(keeper->n_questions == 0 && g_hash_table_size(keeper->users) == 0);
    g_hash_table_unref(keeper->users);
    g_free(keeper);
}

Fence *
fence_new(FenceKeeper *keeper, const char *name, uid_t uid, gsize window)
{
    Fence *fence = g_new0(Fence, 1);

    fence->keeper = keeper;
    fence->name = g_strdup(name);
    fence->uid = uid;
    fence->window = window;
    return fence;
}

void
fence_free(Fence *fence)
{
    FenceKeeper *keeper = fence->keeper;

    source_clear(&fence->timer);
    leave_queue(fence);
    drop_question(fence);
    g_free(fence->name);
    g_free(fence);
    keeper_serve_waiting(keeper);
}

const char *
fence_get_name(const Fence *fence)
{
    return fence->name;
}

void
fence_count(Fence *fence, gsize bytes)
{
    fence->sent += bytes;
    ask_if_due(fence);
    update_full(fence);
}

gboolean
fence_is_full(const Fence *fence)
{
    return fence->full;
}

gboolean
fence_is_dead(const Fence *fence)
{
    return fence->dead;
}
