/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How far receivers have read, as their answers tell; and that the mute cost nobody else a place. */

#include "fence.h"

#include "peer-bus.h"

enum { WINDOW = 1000, ALICE = 1000, BOB = 1001 };

typedef struct FenceFixture {
    PeerBus *peers;
    FenceKeeper *keeper;
    Share *whole;
    GPtrArray *shares; /* of every fence, owned here */
    GPtrArray *dead;   /* of Fence, as they were told */
    guint changes;     /* of `full` */
    guint last_name;
} FenceFixture;

static void
on_full(Fence *fence, FenceKind kind, gboolean full, gpointer user_data)
{
    g_assert_cmpint(fence_is_full(fence, kind), ==, full);
    ((FenceFixture *)user_data)->changes++;
}

static void
on_dead(Fence *fence, gpointer user_data)
{
    g_ptr_array_add(((FenceFixture *)user_data)->dead, fence);
}

static const FenceEvents events = { .full = on_full, .dead = on_dead };

static void
set_up(FenceFixture *fixture, gconstpointer timeout)
{
    fixture->peers = peer_bus_new();
    fixture->whole = share_new();
    fixture->shares = g_ptr_array_new_with_free_func((GDestroyNotify)share_unref);
    fixture->dead = g_ptr_array_new();
    fixture->keeper = fence_keeper_new(fixture->peers->bus, *(const gint64 *)timeout, &events, fixture);
}

/* The keeper's own assertions see that every account is zero. */
static void
tear_down(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    fence_keeper_free(fixture->keeper);
    g_ptr_array_unref(fixture->shares);
    share_unref(fixture->whole);
    g_ptr_array_unref(fixture->dead);
    peer_bus_free(fixture->peers);
}

static Fence *
add_fence_of(FenceFixture *fixture, uid_t uid, const char *section)
{
    g_autofree char *name = g_strdup_printf(":1.%u", ++fixture->last_name);
    Share *share = share_new_connection(fixture->whole, uid, section);

    g_ptr_array_add(fixture->shares, share);
    return fence_new(fixture->keeper, name, share, WINDOW);
}

static Fence *
add_fence(FenceFixture *fixture, uid_t uid)
{
    return add_fence_of(fixture, uid, "user *");
}

static void
count(Fence *fence, gsize bytes)
{
    fence_count(fence, FENCE_SIGNALS, bytes);
}

static gboolean
is_full(const Fence *fence)
{
    return fence_is_full(fence, FENCE_SIGNALS);
}

static guint
unanswered(FenceFixture *fixture)
{
    peer_bus_settle(fixture->peers);
    return fixture->peers->calls->length;
}

static void
answer(FenceFixture *fixture, const Fence *fence)
{
    peer_bus_answer(fixture->peers, peer_bus_take_call(fixture->peers, fence_get_name(fence)),
                    fence_get_name(fence));
}

static gboolean
was_asked(FenceFixture *fixture, const Fence *fence)
{
    sd_bus_message *call;

    peer_bus_settle(fixture->peers);
    call = peer_bus_take_call(fixture->peers, fence_get_name(fence));
    if (call)
        g_queue_push_head(fixture->peers->calls, call);
    return call != NULL;
}

/* ALIVE, which may be NULL, answers all the while. */
static void
wait_for_dead(FenceFixture *fixture, guint count, const Fence *alive)
{
    while (fixture->dead->len < count) {
        g_main_context_iteration(NULL, TRUE);
        if (alive && was_asked(fixture, alive))
            answer(fixture, alive);
        peer_bus_settle(fixture->peers);
    }
    g_assert_cmpuint(fixture->dead->len, ==, count);
}

/* One receiver. */

static void
test_window(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *fence = add_fence(fixture, ALICE);

    count(fence, WINDOW / 2 - 1);
    g_assert_cmpuint(unanswered(fixture), ==, 0);
    count(fence, 1);
    g_assert_cmpuint(unanswered(fixture), ==, 1);
    count(fence, WINDOW / 2 - 1);
    g_assert_false(is_full(fence));
    count(fence, 1);
    g_assert_true(is_full(fence));
    g_assert_cmpuint(unanswered(fixture), ==, 1);
    /* The first half is read; the other is asked for at once. */
    answer(fixture, fence);
    g_assert_false(is_full(fence));
    g_assert_cmpuint(unanswered(fixture), ==, 1);
    answer(fixture, fence);
    g_assert_cmpuint(unanswered(fixture), ==, 0);
    g_assert_cmpuint(fixture->changes, ==, 2);
    fence_free(fence);
}

static void
test_answer_of_another(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *fence = add_fence(fixture, ALICE);

    count(fence, WINDOW);
    peer_bus_settle(fixture->peers);
    peer_bus_answer(fixture->peers, peer_bus_take_call(fixture->peers, NULL), ":1.99");
    g_assert_true(is_full(fence));
    /* Asked again, as what was asked for is still unread. */
    count(fence, 1);
    g_assert_cmpuint(unanswered(fixture), ==, 1);
    answer(fixture, fence);
    g_assert_false(is_full(fence));
    fence_free(fence);
}

static void
test_dead(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *fence = add_fence(fixture, ALICE);

    count(fence, WINDOW);
    wait_for_dead(fixture, 1, NULL);
    g_assert_true(fence_is_dead(fence));
    count(fence, WINDOW);
    g_assert_cmpuint(unanswered(fixture), ==, 1);
    /* Late is better than never. */
    answer(fixture, fence);
    g_assert_false(fence_is_dead(fence));
    answer(fixture, fence);
    g_assert_false(is_full(fence));
    g_assert_cmpuint(fixture->dead->len, ==, 1);
    fence_free(fence);
}

static void
test_freed_in_any_state(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *fences[20];

    for (guint i = 0; i < G_N_ELEMENTS(fences); i++) {
        fences[i] = add_fence(fixture, ALICE);
        count(fences[i], i % 3 == 0 ? 1 : WINDOW);
    }
    g_assert_cmpuint(unanswered(fixture), ==, 8);
    for (guint i = 0; i < G_N_ELEMENTS(fences); i++)
        fence_free(fences[i]);
    peer_bus_settle(fixture->peers);
    for (sd_bus_message *call; (call = peer_bus_take_call(fixture->peers, NULL));)
        peer_bus_answer(fixture->peers, call, sd_bus_message_get_destination(call));
}

/* Places. */

static void
test_places_of_a_user(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *alices[10], *bobs = add_fence(fixture, BOB);

    for (guint i = 0; i < G_N_ELEMENTS(alices); i++) {
        alices[i] = add_fence(fixture, ALICE);
        count(alices[i], WINDOW);
    }
    g_assert_cmpuint(unanswered(fixture), ==, 8);
    count(bobs, WINDOW);
    g_assert_cmpuint(unanswered(fixture), ==, 9);
    answer(fixture, bobs);
    /* In the order in which they have waited. */
    answer(fixture, alices[3]);
    g_assert_true(was_asked(fixture, alices[8]));
    g_assert_false(was_asked(fixture, alices[9]));
    answer(fixture, alices[8]);
    answer(fixture, alices[9]);
    for (guint i = 0; i < G_N_ELEMENTS(alices); i++)
        fence_free(alices[i]);
    fence_free(bobs);
}

/* However many have come before, each user finds a place while the bus has one. */
static void
test_places_of_all(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *fences[160];

    for (guint i = 0; i < G_N_ELEMENTS(fences); i++) {
        fences[i] = add_fence(fixture, ALICE + i / 8);
        count(fences[i], WINDOW);
        if (i % 8 == 0)
            g_assert_true(was_asked(fixture, fences[i]));
    }
    g_assert_cmpuint(unanswered(fixture), <=, 120);
    for (guint i = 0; i < G_N_ELEMENTS(fences); i++)
        fence_free(fences[i]);
}

static void
exchange(FenceFixture *fixture, Fence *fence)
{
    count(fence, WINDOW);
    g_assert_true(was_asked(fixture, fence));
    answer(fixture, fence);
    g_assert_false(is_full(fence));
}

/* ACCEPTANCE row 61. */
static void
test_mute_receivers(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *mute[130], *proven = add_fence(fixture, ALICE), *of_bob, *late;

    exchange(fixture, proven);
    for (guint i = 0; i < G_N_ELEMENTS(mute); i++) {
        mute[i] = add_fence(fixture, ALICE);
        count(mute[i], WINDOW);
    }
    g_assert_cmpuint(unanswered(fixture), ==, 8);
    count(proven, WINDOW);
    wait_for_dead(fixture, G_N_ELEMENTS(mute), proven);
    g_assert_false(g_ptr_array_find(fixture->dead, proven, NULL));
    if (was_asked(fixture, proven))
        answer(fixture, proven);
    g_assert_false(is_full(proven));
    exchange(fixture, proven);
    /* Questions that the bus still counts were not wasted on those that waited. */
    g_assert_cmpuint(unanswered(fixture), ==, 8);
    of_bob = add_fence(fixture, BOB);
    exchange(fixture, of_bob);
    late = add_fence(fixture, ALICE);
    exchange(fixture, late);
    for (guint i = 0; i < G_N_ELEMENTS(mute); i++)
        fence_free(mute[i]);
    fence_free(proven);
    fence_free(of_bob);
    fence_free(late);
}

/* One group after another. */
static void
test_mute_receivers_in_turn(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *mute[40], *proven = add_fence(fixture, ALICE), *of_bob = add_fence(fixture, BOB), *late;

    exchange(fixture, proven);
    for (guint i = 0; i < G_N_ELEMENTS(mute); i++) {
        mute[i] = add_fence(fixture, ALICE);
        count(mute[i], WINDOW);
        if (i % 8 == 7)
            wait_for_dead(fixture, i + 1, NULL);
    }
    g_assert_cmpuint(unanswered(fixture), <, 24);
    exchange(fixture, proven);
    exchange(fixture, of_bob);
    late = add_fence(fixture, ALICE);
    exchange(fixture, late);
    fence_free(late);
    for (guint i = 0; i < G_N_ELEMENTS(mute); i++)
        fence_free(mute[i]);
    fence_free(proven);
    fence_free(of_bob);
}

/* Who was told dead without having been asked is not dead for ever. */
static void
test_never_asked(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *mute[8], *waits;

    for (guint i = 0; i < G_N_ELEMENTS(mute); i++) {
        mute[i] = add_fence(fixture, ALICE);
        count(mute[i], WINDOW);
    }
    waits = add_fence(fixture, ALICE);
    count(waits, WINDOW);
    wait_for_dead(fixture, G_N_ELEMENTS(mute) + 1, NULL);
    g_assert_false(was_asked(fixture, waits));
    g_assert_false(fence_is_dead(waits));
    g_assert_true(is_full(waits));
    count(waits, 1);
    g_assert_true(was_asked(fixture, waits));
    answer(fixture, waits);
    g_assert_false(is_full(waits));
    for (guint i = 0; i < G_N_ELEMENTS(mute); i++)
        fence_free(mute[i]);
    fence_free(waits);
}

/* Four users, whose mute applications get all the questions that they can; and one of everybody else. */
static void
test_users_and_applications(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    g_autoptr(GPtrArray) mute = g_ptr_array_new_with_free_func((GDestroyNotify)fence_free);
    Fence *of_another_user, *of_another_application;
    guint n_before, n_after = 0;

    do {
        n_before = n_after;
        for (uid_t user = ALICE; user < ALICE + 4; user++) {
            Fence *fence = add_fence_of(fixture, user, "flatpak org.example.Mute");

            count(fence, WINDOW);
            g_ptr_array_add(mute, fence);
        }
        wait_for_dead(fixture, mute->len, NULL);
        n_after = unanswered(fixture);
    } while (n_after > n_before);
    of_another_user = add_fence(fixture, ALICE + 4);
    exchange(fixture, of_another_user);
    for (uid_t user = ALICE; user < ALICE + 4; user++) {
        of_another_application = add_fence_of(fixture, user, "flatpak org.example.Chat");
        exchange(fixture, of_another_application);
        exchange(fixture, of_another_application);
        fence_free(of_another_application);
    }
    fence_free(of_another_user);
}

/* Replies. */

/* Each kind has a window of its own, and one question is about both. */
static void
test_replies(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *fence = add_fence(fixture, ALICE);
    gsize replies = 0;

    count(fence, WINDOW);
    g_assert_true(is_full(fence));
    g_assert_false(fence_is_full(fence, FENCE_REPLIES));
    g_assert_cmpuint(unanswered(fixture), ==, 1);
    answer(fixture, fence);
    while (!fence_is_full(fence, FENCE_REPLIES)) {
        fence_count(fence, FENCE_REPLIES, 500);
        replies++;
    }
    /* Who sits in one call after another answers nothing between them. */
    g_assert_cmpuint(replies, >, 8000);
    g_assert_cmpuint(replies, <, 9000);
    g_assert_false(is_full(fence));
    count(fence, 1);
    g_assert_cmpuint(unanswered(fixture), ==, 1);
    answer(fixture, fence);
    g_assert_false(fence_is_full(fence, FENCE_REPLIES));
    fence_free(fence);
}

/* What all have unread stays below what a bus can hold, and whoever comes last can still be sent something. */
static void
test_windows_of_many(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    g_autoptr(GPtrArray) fences = g_ptr_array_new_with_free_func((GDestroyNotify)fence_free);
    gsize unread = 0;

    for (guint i = 0; i < 2000; i++) {
        Fence *fence = add_fence(fixture, ALICE + i / 100);
        gsize before = unread;

        g_ptr_array_add(fences, fence);
        for (; !fence_is_full(fence, FENCE_REPLIES); unread += 500)
            fence_count(fence, FENCE_REPLIES, 500);
        g_assert_cmpuint(unread, >, before);
    }
    g_assert_cmpuint(unread, <, 100 << 20);
    g_assert_cmpuint(share_used(fixture->whole, SHARE_UNREAD), ==, unread);
}

static void
test_new_window(FenceFixture *fixture, G_GNUC_UNUSED gconstpointer timeout)
{
    Fence *fence = add_fence(fixture, ALICE);

    count(fence, WINDOW);
    g_assert_true(is_full(fence));
    fence_set_signal_window(fence, 2 * WINDOW);
    g_assert_false(is_full(fence));
    fence_set_signal_window(fence, WINDOW / 2);
    g_assert_true(is_full(fence));
    g_assert_true(was_asked(fixture, fence));
    answer(fixture, fence);
    g_assert_false(is_full(fence));
    fence_free(fence);
}

/* For receivers that are to be told dead, soon but not before this process has had its turn to answer as another, and
 * for those that are not. */
static const gint64 soon = G_USEC_PER_SEC / 4, later = 3600 * (gint64)G_USEC_PER_SEC;

#define ADD(name, timeout, test) g_test_add("/fence/" name, FenceFixture, &timeout, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("window", later, test_window);
    ADD("answer-of-another", later, test_answer_of_another);
    ADD("dead", soon, test_dead);
    ADD("freed-in-any-state", later, test_freed_in_any_state);
    ADD("places-of-a-user", later, test_places_of_a_user);
    ADD("places-of-all", later, test_places_of_all);
    ADD("mute-receivers", soon, test_mute_receivers);
    ADD("mute-receivers-in-turn", soon, test_mute_receivers_in_turn);
    ADD("never-asked", soon, test_never_asked);
    ADD("users-and-applications", soon, test_users_and_applications);
    ADD("replies", later, test_replies);
    ADD("windows-of-many", later, test_windows_of_many);
    ADD("new-window", later, test_new_window);
    return g_test_run();
}
