/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every trick that descriptors can play: closed and opened again under the same number, handed from one lane to
 * another, used up. */

#include "lane-fixture.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* Gives BELL another eventfd under the number that it has, as closing and opening in one turn does. */
static void
replace_fd(Bell *bell)
{
    int number = bell->fd, other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    close(number);
    g_assert_cmpint(dup3(other, number, O_CLOEXEC), ==, number);
    close(other);
}

static void
reopen(Bell *bell, G_GNUC_UNUSED gpointer user_data)
{
    bell->then = NULL;
    bell_unwatch(bell);
    replace_fd(bell);
    bell_watch(bell);
}

static void
check_reopening_within_a_turn(Lane *lane)
{
    Bell bell;

    bell_init(&bell, lane);
    for (guint i = 1; i < 10; i += 2) {
        bell.then = reopen;
        bell_ring(&bell);
        bell_wait(&bell, i);
        lane_fixture_settle();
        bell_ring(&bell);
        bell_wait(&bell, i + 1);
    }
    bell_clear(&bell);
}

static void
test_reopened_within_a_turn(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    check_reopening_within_a_turn(fixture->a);
}

static void
test_reopened_in_the_main_context(G_GNUC_UNUSED LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    check_reopening_within_a_turn(NULL);
}

static void
test_reopened_from_outside(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell bell;

    bell_init(&bell, fixture->a);
    lane_fixture_settle();
    lane_enter(fixture->a);
    reopen(&bell, NULL);
    lane_leave(fixture->a);
    bell_ring(&bell);
    bell_wait(&bell, 1);
    bell_clear(&bell);
}

/* USER_DATA is a bell of another lane. */
static void
reopen_other(Bell *bell, gpointer user_data)
{
    Bell *other = user_data;

    bell->then = NULL;
    lane_enter(other->lane);
    reopen(other, NULL);
    lane_leave(other->lane);
}

/* What was reported of the descriptor that is gone is not told of the one that has its number. */
static void
test_reopened_between_report_and_turn(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell first, bell;

    bell_init(&first, NULL); /* the main context has its turn before the lanes */
    bell_init(&bell, fixture->a);
    lane_fixture_settle();
    first.then = reopen_other;
    first.user_data = &bell;
    bell_ring(&first);
    bell_ring(&bell);
    bell_wait(&first, 1);
    lane_fixture_settle();
    g_assert_cmpuint(bell.rung, ==, 0);
    bell_ring(&bell);
    bell_wait(&bell, 1);
    bell_clear(&bell);
    bell_clear(&first);
}

/* USER_DATA is a bell of another lane: it gets the number that this one gives up. */
static void
hand_over(Bell *bell, gpointer user_data)
{
    Bell *heir = user_data;

    bell->then = NULL;
    bell_unwatch(bell);
    replace_fd(bell);
    heir->fd = bell->fd;
    lane_enter(heir->lane);
    bell_watch(heir);
    lane_leave(heir->lane);
    bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bell_watch(bell);
}

static void
test_number_handed_to_another_lane(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell a, heir = { .lane = fixture->b };

    bell_init(&a, fixture->a);
    a.then = hand_over;
    a.user_data = &heir;
    bell_ring(&a);
    bell_wait(&a, 1);
    /* The first owner's watch is stale by now and must not take the number with it. */
    lane_fixture_settle();
    bell_ring(&heir);
    bell_wait(&heir, 1);
    bell_ring(&a);
    bell_wait(&a, 2);
    g_assert_cmpuint(heir.rung, ==, 1);
    bell_clear(&a);
    bell_ring(&heir);
    bell_wait(&heir, 2);
    bell_clear(&heir);
}

static void
test_heir_survives_the_lane(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell a, heir = { .lane = fixture->b };

    bell_init(&a, fixture->a);
    a.then = hand_over;
    a.user_data = &heir;
    bell_ring(&a);
    bell_wait(&a, 1);
    bell_clear(&a);
    g_clear_pointer(&fixture->a, lane_unref);
    bell_ring(&heir);
    bell_wait(&heir, 1);
    bell_clear(&heir);
}

/* A lane that has settled has no need to look again at descriptors that stay. */
static void
test_settled(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Bell a, b;

    bell_init(&a, fixture->a);
    lane_set_settled(fixture->a);
    for (guint i = 1; i <= 3; i++) {
        bell_ring(&a);
        bell_wait(&a, i);
    }
    bell_init(&b, fixture->a);
    bell_ring(&b);
    bell_wait(&b, 1);
    bell_clear(&a);
    bell_ring(&b);
    bell_wait(&b, 2);
    bell_clear(&b);
}

/* Sets how many descriptors the process may have; returns how many it might before. */
static rlim_t
set_descriptor_limit(rlim_t limit)
{
    struct rlimit limits;
    rlim_t before;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limits), ==, 0);
    before = limits.rlim_cur;
    limits.rlim_cur = limit;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limits), ==, 0);
    return before;
}

static void
test_no_descriptor_left(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    int lowest = dup(STDIN_FILENO);
    rlim_t before;

    close(lowest);
    before = set_descriptor_limit((rlim_t)lowest);
    g_assert_null(lane_new(fixture->hub, &error));
    set_descriptor_limit(before);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_MFILE);
    g_assert_cmpuint(lane_hub_count(fixture->hub), ==, 2);
}

#define ADD(name, test)                                                                                      \
    g_test_add("/lane-descriptors/" name, LaneFixture, NULL, lane_fixture_set_up, test,                      \
               lane_fixture_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("reopened-within-a-turn", test_reopened_within_a_turn);
    ADD("reopened-in-the-main-context", test_reopened_in_the_main_context);
    ADD("reopened-from-outside", test_reopened_from_outside);
    ADD("reopened-between-report-and-turn", test_reopened_between_report_and_turn);
    ADD("number-handed-to-another-lane", test_number_handed_to_another_lane);
    ADD("heir-survives-the-lane", test_heir_survives_the_lane);
    ADD("settled", test_settled);
    ADD("no-descriptor-left", test_no_descriptor_left);
    return g_test_run();
}
