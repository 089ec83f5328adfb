/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lanes do what contexts of their own would do. */

#include "lane-fixture.h"

#include <gio/gio.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void
test_two_lanes(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell a, b;

    bell_init(&a, fixture->a);
    bell_init(&b, fixture->b);
    lane_fixture_settle();
    for (guint i = 1; i <= 3; i++) {
        bell_ring(&a);
        bell_wait(&a, i);
        g_assert_cmpuint(b.rung, ==, i - 1);
        bell_ring(&b);
        bell_wait(&b, i);
        g_assert_cmpuint(a.rung, ==, i);
    }
    bell_ring(&a);
    bell_ring(&b);
    bell_wait(&a, 4);
    bell_wait(&b, 4);
    bell_clear(&a);
    bell_clear(&b);
}

static void
test_rung_before_watched(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell bell = { .lane = fixture->a, .fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK) };

    lane_enter(fixture->a);
    bell_watch(&bell);
    lane_leave(fixture->a);
    bell_wait(&bell, 1);
    bell_clear(&bell);
}

static void
test_unwatched(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell bell;

    bell_init(&bell, fixture->a);
    lane_enter(fixture->a);
    bell_unwatch(&bell);
    lane_leave(fixture->a);
    bell_ring(&bell);
    lane_fixture_settle();
    g_assert_cmpuint(bell.rung, ==, 0);
    lane_enter(fixture->a);
    bell_watch(&bell);
    lane_leave(fixture->a);
    bell_wait(&bell, 1);
    bell_clear(&bell);
}

static void
test_nested_entries(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell a, b;

    lane_enter(fixture->a);
    lane_enter(fixture->a);
    bell_init(&a, fixture->a);
    bell_init(&b, fixture->b);
    g_assert_true(g_main_context_get_thread_default() == lane_get_context(fixture->a));
    lane_leave(fixture->a);
    lane_leave(fixture->a);
    g_assert_null(g_main_context_get_thread_default());
    bell_ring(&a);
    bell_ring(&b);
    bell_wait(&a, 1);
    bell_wait(&b, 1);
    bell_clear(&a);
    bell_clear(&b);
}

/* Timeouts. */

static gboolean
on_timeout(gpointer order)
{
    g_string_append_c(order, g_main_context_get_thread_default() ? 't' : '?');
    return G_SOURCE_REMOVE;
}

static gboolean
on_late_timeout(gpointer order)
{
    g_string_append_c(order, 'l');
    return G_SOURCE_REMOVE;
}

static GSource *
add_timeout(Lane *lane, guint milliseconds, GSourceFunc callback, gpointer user_data)
{
    GSource *source = g_timeout_source_new(milliseconds);

    lane_enter(lane);
    g_source_set_callback(source, callback, user_data, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    lane_leave(lane);
    return source;
}

static void
test_timeouts(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GString) order = g_string_new(NULL);
    /* So late that it is not yet due when this process gets its next turn. */
    G_GNUC_UNUSED g_autoptr(GSource) late = add_timeout(fixture->a, 1000, on_late_timeout, order);
    G_GNUC_UNUSED g_autoptr(GSource) soon = add_timeout(fixture->b, 5, on_timeout, order);
    g_autoptr(GSource) never = add_timeout(fixture->a, 1, on_timeout, order);

    lane_enter(fixture->a);
    g_source_destroy(never);
    lane_leave(fixture->a);
    while (order->len < 2)
        lane_fixture_iterate();
    g_assert_cmpstr(order->str, ==, "tl");
}

static void
test_timeout_of_nothing(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GString) order = g_string_new(NULL);
    G_GNUC_UNUSED g_autoptr(GSource) source = add_timeout(fixture->a, 0, on_timeout, order);

    while (order->len < 1)
        lane_fixture_iterate();
    lane_fixture_settle();
    g_assert_cmpstr(order->str, ==, "t");
}

static gboolean
count_up(gpointer count)
{
    (*(guint *)count)++;
    return G_SOURCE_CONTINUE;
}

static GSource *
add_idle(Lane *lane, GSourceFunc callback, gpointer user_data)
{
    GSource *source = g_idle_source_new();

    g_source_set_callback(source, callback, user_data, NULL);
    if (lane)
        lane_enter(lane);
    g_source_attach(source, g_main_context_get_thread_default());
    if (lane)
        lane_leave(lane);
    return source;
}

/* A lane that always has something to do leaves turns to the others, and to the rest of the program. */
static void
test_busy_lane(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    guint in_a = 0, in_b = 0, in_main = 0;
    g_autoptr(GSource) a = add_idle(fixture->a, count_up, &in_a);
    g_autoptr(GSource) b = add_idle(fixture->b, count_up, &in_b);
    g_autoptr(GSource) other = add_idle(NULL, count_up, &in_main);
    Bell bell;

    g_source_set_priority(other, G_PRIORITY_DEFAULT);
    bell_init(&bell, fixture->b);
    bell_ring(&bell);
    bell_wait(&bell, 1);
    while (in_a < 20 || in_b < 20 || in_main < 20)
        lane_fixture_iterate();
    g_source_destroy(other);
    lane_enter(fixture->a);
    g_source_destroy(a);
    lane_leave(fixture->a);
    lane_enter(fixture->b);
    g_source_destroy(b);
    lane_leave(fixture->b);
    bell_clear(&bell);
}

/* Threads. */

static gboolean
stop_waiting(gpointer done)
{
    *(gboolean *)done = TRUE;
    return G_SOURCE_REMOVE;
}

static gpointer
invoke_in_lane(gpointer context_and_done)
{
    gpointer *pair = context_and_done;
    g_autoptr(GSource) source = g_idle_source_new();

    g_source_set_callback(source, stop_waiting, pair[1], NULL);
    g_source_attach(source, pair[0]);
    return NULL;
}

static void
test_woken_by_thread(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gboolean done = FALSE;
    gpointer pair[] = { lane_get_context(fixture->a), &done };
    GThread *thread;

    lane_fixture_settle();
    thread = g_thread_new("waker", invoke_in_lane, pair);
    while (!done)
        lane_fixture_iterate();
    g_thread_join(thread);
}

/* The end of a lane. */

static void
free_own_lane(Bell *bell, gpointer user_data)
{
    LaneFixture *fixture = user_data;

    bell_unwatch(bell);
    close(bell->fd);
    g_clear_pointer(&fixture->a, lane_unref);
}

static void
test_freed_by_itself(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell a, b;

    bell_init(&a, fixture->a);
    bell_init(&b, fixture->b);
    a.then = free_own_lane;
    a.user_data = fixture;
    bell_ring(&a);
    bell_ring(&b);
    bell_wait(&a, 1);
    bell_wait(&b, 1);
    lane_fixture_settle();
    g_assert_cmpuint(lane_hub_count(fixture->hub), ==, 1);
    bell_ring(&b);
    bell_wait(&b, 2);
    bell_clear(&b);
}

/* USER_DATA is the fixture: the other lane goes, though it too has something to do this turn. */
static void
free_lane_a(Bell *bell, gpointer user_data)
{
    LaneFixture *fixture = user_data;

    bell->then = NULL;
    g_clear_pointer(&fixture->a, lane_unref);
}

static void
test_freed_by_another(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell b;
    guint in_a = 0;
    g_autoptr(GSource) idle = NULL;

    bell_init(&b, fixture->b);
    b.then = free_lane_a;
    b.user_data = fixture;
    bell_ring(&b);
    idle = add_idle(fixture->a, count_up, &in_a);
    bell_wait(&b, 1);
    lane_fixture_settle();
    g_assert_cmpuint(lane_hub_count(fixture->hub), ==, 1);
    g_assert_true(g_source_is_destroyed(idle));
    bell_clear(&b);
}

static void
test_freed_with_everything(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    guint count = 0, rung;
    G_GNUC_UNUSED g_autoptr(GSource) idle = add_idle(fixture->a, count_up, &count);
    G_GNUC_UNUSED g_autoptr(GSource) timeout = add_timeout(fixture->a, 1, count_up, &count);
    Bell bell;

    bell_init(&bell, fixture->a);
    bell_ring(&bell);
    g_clear_pointer(&fixture->a, lane_unref);
    /* What was ready may have been dispatched a last time; nothing is any more. */
    rung = bell.rung;
    lane_fixture_settle();
    g_assert_cmpuint(bell.rung, ==, rung);
    g_assert_true(g_source_is_destroyed(bell.source));
    g_source_unref(bell.source);
    close(bell.fd);
}

static void
on_answer(G_GNUC_UNUSED GObject *source, G_GNUC_UNUSED GAsyncResult *result, gpointer answered)
{
    *(gboolean *)answered = TRUE;
}

/* An answer that GIO has on its way holds the lane's context and its descriptor until it is given. */
static void
test_freed_with_an_answer_on_its_way(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gboolean answered = FALSE;
    GTask *task;

    lane_enter(fixture->a);
    task = g_task_new(NULL, NULL, on_answer, &answered);
    g_object_add_weak_pointer(G_OBJECT(task), (gpointer *)&task);
    g_task_return_boolean(task, TRUE);
    g_object_unref(task);
    lane_leave(fixture->a);
    g_clear_pointer(&fixture->a, lane_unref);
    g_assert_true(answered);
    g_assert_null(task);
}

/* Many. */

static void
test_many_lanes(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    enum { LANES = 300 }; /* more than the events that are taken from the kernel at once */
    Lane *lanes[LANES];
    Bell *bells = g_new0(Bell, LANES);

    for (guint i = 0; i < LANES; i++) {
        lanes[i] = lane_fixture_new_lane(fixture->hub);
        bell_init(&bells[i], lanes[i]);
    }
    g_assert_cmpuint(lane_hub_count(fixture->hub), ==, LANES + 2);
    for (guint times = 1; times <= 3; times++) {
        for (guint i = 0; i < LANES; i++)
            bell_ring(&bells[i]);
        for (guint i = 0; i < LANES; i++)
            bell_wait(&bells[i], times);
    }
    lane_fixture_settle();
    bell_ring(&bells[LANES / 2]);
    bell_wait(&bells[LANES / 2], 4);
    for (guint i = 0; i < LANES; i++) {
        bell_clear(&bells[i]);
        lane_unref(lanes[i]);
    }
    g_free(bells);
}

#define ADD(name, test)                                                                                      \
    g_test_add("/lane/" name, LaneFixture, NULL, lane_fixture_set_up, test, lane_fixture_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("two-lanes", test_two_lanes);
    ADD("rung-before-watched", test_rung_before_watched);
    ADD("unwatched", test_unwatched);
    ADD("nested-entries", test_nested_entries);
    ADD("timeouts", test_timeouts);
    ADD("timeout-of-nothing", test_timeout_of_nothing);
    ADD("busy-lane", test_busy_lane);
    ADD("woken-by-thread", test_woken_by_thread);
    ADD("freed-by-itself", test_freed_by_itself);
    ADD("freed-by-another", test_freed_by_another);
    ADD("freed-with-everything", test_freed_with_everything);
    ADD("freed-with-an-answer-on-its-way", test_freed_with_an_answer_on_its_way);
    ADD("many-lanes", test_many_lanes);
    return g_test_run();
}
