/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Descriptors that are watched without a source, and the main context beside busy lanes. */

#include "lane-fixture.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* One end of a socket pair that is watched; the test has the other. */
typedef struct Ear {
    Lane *lane;
    int fd, other;
    LaneWatch *watch;
    guint told;
    GIOCondition condition; /* as last told */
    /* What to do then; may be NULL. */
    void (*then)(struct Ear *ear);
    struct Ear *neighbour;
} Ear;

static void
on_ready(GIOCondition condition, gpointer user_data)
{
    Ear *ear = user_data;

    g_assert_true(g_main_context_get_thread_default() == lane_get_context(ear->lane));
    ear->told++;
    ear->condition = condition;
    if (ear->then)
        ear->then(ear);
}

static void
ear_init(Ear *ear, Lane *lane)
{
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==, 0);
    *ear = (Ear){ .lane = lane, .fd = pair[0], .other = pair[1] };
    ear->watch = lane_watch_new(lane, ear->fd, on_ready, ear);
}

static void
ear_clear(Ear *ear)
{
    g_clear_pointer(&ear->watch, lane_watch_free);
    close(ear->fd);
    if (ear->other >= 0)
        close(ear->other);
}

static void
say(const Ear *ear)
{
    g_assert_cmpint(write(ear->other, "!", 1), ==, 1);
}

static void
listen_to_it(Ear *ear)
{
    char byte;

    g_assert_cmpint(read(ear->fd, &byte, 1), ==, 1);
}

static void
test_wanted(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Ear ear;

    ear_init(&ear, fixture->a);
    ear.then = listen_to_it;
    say(&ear);
    lane_fixture_settle();
    g_assert_cmpuint(ear.told, ==, 0);
    lane_watch_want(ear.watch, G_IO_IN, TRUE);
    lane_fixture_settle();
    g_assert_cmpuint(ear.told, ==, 1);
    g_assert_cmpint(ear.condition, ==, G_IO_IN);
    lane_watch_want(ear.watch, G_IO_IN, FALSE);
    say(&ear);
    lane_fixture_settle();
    g_assert_cmpuint(ear.told, ==, 1);
    lane_watch_want(ear.watch, G_IO_OUT, TRUE);
    lane_hub_iterate(fixture->hub, TRUE);
    g_assert_cmpint(ear.condition, ==, G_IO_OUT);
    ear_clear(&ear);
}

/* It is told as long as it holds, once a turn. */
static void
test_level(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Ear ear;

    ear_init(&ear, fixture->a);
    lane_watch_want(ear.watch, G_IO_IN, TRUE);
    say(&ear);
    for (guint i = 1; i <= 5; i++) {
        lane_hub_iterate(fixture->hub, TRUE);
        g_assert_cmpuint(ear.told, ==, i);
    }
    listen_to_it(&ear);
    lane_fixture_settle();
    g_assert_cmpuint(ear.told, <=, 6);
    ear_clear(&ear);
}

static void
test_raised(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Ear ear;

    ear_init(&ear, fixture->a);
    lane_watch_raise(ear.watch);
    lane_watch_raise(ear.watch);
    lane_fixture_settle();
    g_assert_cmpuint(ear.told, ==, 1);
    g_assert_cmpint(ear.condition, ==, 0);
    /* With what the descriptor is ready for. */
    lane_watch_want(ear.watch, G_IO_IN, TRUE);
    say(&ear);
    lane_watch_raise(ear.watch);
    lane_hub_iterate(fixture->hub, TRUE);
    g_assert_cmpuint(ear.told, ==, 2);
    g_assert_cmpint(ear.condition, ==, G_IO_IN);
    ear_clear(&ear);
}

static void
raise_again(Ear *ear)
{
    lane_watch_raise(ear->watch);
}

/* One that always has something to do leaves turns to the others. */
static void
test_raised_without_end(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Ear a, b;

    ear_init(&a, fixture->a);
    ear_init(&b, fixture->b);
    a.then = b.then = raise_again;
    lane_watch_raise(a.watch);
    lane_watch_raise(b.watch);
    for (guint i = 1; i <= 10; i++) {
        lane_hub_iterate(fixture->hub, TRUE);
        g_assert_cmpuint(a.told, ==, i);
        g_assert_cmpuint(b.told, ==, i);
    }
    ear_clear(&a);
    ear_clear(&b);
}

/* Of a descriptor that is watched for nothing, not even that it has been hung up is told. */
static void
test_hung_up(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Ear ear;

    ear_init(&ear, fixture->a);
    lane_watch_want(ear.watch, G_IO_OUT, TRUE);
    lane_watch_want(ear.watch, G_IO_OUT, FALSE);
    close(ear.other);
    ear.other = -1;
    lane_fixture_settle();
    g_assert_cmpuint(ear.told, ==, 0);
    lane_watch_want(ear.watch, (GIOCondition)POLLRDHUP, TRUE);
    lane_hub_iterate(fixture->hub, TRUE);
    g_assert_cmpuint(ear.told, ==, 1);
    g_assert_cmpint(ear.condition & (G_IO_HUP | POLLRDHUP), ==, G_IO_HUP | POLLRDHUP);
    ear_clear(&ear);
}

static void
want_nothing_of_the_neighbour(Ear *ear)
{
    lane_watch_want(ear->neighbour->watch, G_IO_IN, FALSE);
}

/* What was found before it was said that nothing is wanted any more. */
static void
test_not_wanted_any_more(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Ear first, second;

    ear_init(&first, fixture->a);
    ear_init(&second, fixture->a);
    first.neighbour = &second;
    second.neighbour = &first;
    first.then = second.then = want_nothing_of_the_neighbour;
    lane_watch_want(first.watch, G_IO_IN, TRUE);
    lane_watch_want(second.watch, G_IO_IN, TRUE);
    say(&first);
    say(&second);
    lane_hub_iterate(fixture->hub, TRUE);
    g_assert_cmpuint((first.condition ? 1 : 0) + (second.condition ? 1 : 0), ==, 1);
    ear_clear(&first);
    ear_clear(&second);
}

static void
free_both(Ear *ear)
{
    g_clear_pointer(&ear->neighbour->watch, lane_watch_free);
    g_clear_pointer(&ear->watch, lane_watch_free);
}

static void
test_freed_by_what_it_tells(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Ear first, second;

    ear_init(&first, fixture->a);
    ear_init(&second, fixture->a);
    first.neighbour = &second;
    second.neighbour = &first;
    first.then = second.then = free_both;
    lane_watch_want(first.watch, G_IO_IN, TRUE);
    lane_watch_want(second.watch, G_IO_IN, TRUE);
    say(&first);
    say(&second);
    lane_hub_iterate(fixture->hub, TRUE);
    lane_fixture_settle();
    g_assert_cmpuint(first.told + second.told, ==, 1);
    ear_clear(&first);
    ear_clear(&second);
}

static void
free_with_its_lane(Ear *ear)
{
    g_clear_pointer(&ear->watch, lane_watch_free);
    lane_unref(ear->lane);
}

static void
test_freed_with_its_lane(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Ear ear;

    ear_init(&ear, lane_fixture_new_lane(fixture->hub));
    ear.then = free_with_its_lane;
    lane_watch_raise(ear.watch);
    lane_fixture_settle();
    g_assert_cmpuint(ear.told, ==, 1);
    g_assert_cmpuint(lane_hub_count(fixture->hub), ==, 2);
    ear_clear(&ear);
}

/* epoll takes no file of a disk's, as it takes nothing when its memory is used up. */
static void
test_refused_by_epoll(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Ear ear;

    ear_init(&ear, fixture->a);
    lane_watch_free(ear.watch);
    close(ear.fd);
    ear.fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(ear.fd, >=, 0);
    ear.watch = lane_watch_new(fixture->a, ear.fd, on_ready, &ear);
    lane_watch_want(ear.watch, (GIOCondition)POLLRDHUP, TRUE);
    for (guint i = 0; i < 3; i++)
        lane_hub_iterate(fixture->hub, TRUE);
    g_assert_cmpuint(ear.told, ==, 0);
    lane_watch_want(ear.watch, G_IO_IN, TRUE);
    lane_hub_iterate(fixture->hub, TRUE);
    lane_hub_iterate(fixture->hub, TRUE);
    g_assert_cmpuint(ear.told, >=, 1);
    g_assert_cmpint(ear.condition, ==, G_IO_IN);
    ear_clear(&ear);
}

/* The main context. */

static gboolean
on_bell(int fd, G_GNUC_UNUSED GIOCondition condition, gpointer user_data)
{
    guint64 value;

    g_assert_cmpint(read(fd, &value, sizeof(value)), ==, sizeof(value));
    (*(guint *)user_data)++;
    return G_SOURCE_CONTINUE;
}

/* With more descriptors ready, always, than are taken from the kernel at once. */
static void
test_main_context_beside_many(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    enum { LANES = 700 };
    Lane *lanes[LANES];
    Ear *ears = g_new0(Ear, LANES);
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    guint rung = 0, id = g_unix_fd_add(fd, G_IO_IN, on_bell, &rung);

    for (guint i = 0; i < LANES; i++) {
        lanes[i] = lane_fixture_new_lane(fixture->hub);
        ear_init(&ears[i], lanes[i]);
        lane_watch_want(ears[i].watch, G_IO_IN, TRUE);
        say(&ears[i]);
    }
    for (guint i = 1; i <= 10; i++) {
        g_assert_cmpint(eventfd_write(fd, 1), ==, 0);
        lane_hub_iterate(fixture->hub, TRUE);
        g_assert_cmpuint(rung, ==, i);
    }
    for (guint i = 0; i < LANES; i++) {
        g_assert_cmpuint(ears[i].told, >=, 1);
        ear_clear(&ears[i]);
        lane_unref(lanes[i]);
    }
    g_source_remove(id);
    close(fd);
    g_free(ears);
}

#define ADD(name, test)                                                                                      \
    g_test_add("/lane-watch/" name, LaneFixture, NULL, lane_fixture_set_up, test, lane_fixture_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("wanted", test_wanted);
    ADD("level", test_level);
    ADD("raised", test_raised);
    ADD("raised-without-end", test_raised_without_end);
    ADD("hung-up", test_hung_up);
    ADD("not-wanted-any-more", test_not_wanted_any_more);
    ADD("freed-by-what-it-tells", test_freed_by_what_it_tells);
    ADD("freed-with-its-lane", test_freed_with_its_lane);
    ADD("refused-by-epoll", test_refused_by_epoll);
    ADD("main-context-beside-many", test_main_context_beside_many);
    return g_test_run();
}
