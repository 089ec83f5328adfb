/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lanes with something in them that can be seen to be dispatched. */

#include "lane-fixture.h"

#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

static LaneHub *test_hub; /* of the test that runs */

Lane *
lane_fixture_new_lane(LaneHub *hub)
{
    g_autoptr(GError) error = NULL;
    Lane *lane = lane_new(hub, &error);

    g_assert_no_error(error);
    return lane;
}

void
lane_fixture_set_up(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->hub = lane_hub_new(NULL, &error);
    g_assert_no_error(error);
    test_hub = fixture->hub;
    fixture->a = lane_fixture_new_lane(fixture->hub);
    fixture->b = lane_fixture_new_lane(fixture->hub);
    g_assert_cmpuint(lane_hub_count(fixture->hub), ==, 2);
}

void
lane_fixture_tear_down(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_clear_pointer(&fixture->a, lane_unref);
    g_clear_pointer(&fixture->b, lane_unref);
    g_assert_cmpuint(lane_hub_count(fixture->hub), ==, 0);
    lane_hub_free(fixture->hub);
}

static gboolean
on_ring(int fd, GIOCondition condition, gpointer user_data)
{
    Bell *bell = user_data;
    guint64 value;

    g_assert_cmpint(fd, ==, bell->fd);
    g_assert_cmpint(condition, ==, G_IO_IN);
    g_assert_true(g_main_context_get_thread_default() == (bell->lane ? lane_get_context(bell->lane) : NULL));
    g_assert_cmpint(read(fd, &value, sizeof(value)), ==, sizeof(value));
    bell->rung++;
    if (bell->then)
        bell->then(bell, bell->user_data);
    return G_SOURCE_CONTINUE;
}

void
bell_watch(Bell *bell)
{
    bell->source = g_unix_fd_source_new(bell->fd, G_IO_IN);
    g_source_set_callback(bell->source, G_SOURCE_FUNC((void (*)(void))on_ring), bell, NULL);
    g_source_attach(bell->source, g_main_context_get_thread_default());
}

void
bell_unwatch(Bell *bell)
{
    g_source_destroy(bell->source);
    g_clear_pointer(&bell->source, g_source_unref);
}

void
bell_init(Bell *bell, Lane *lane)
{
    *bell = (Bell){ .lane = lane, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    g_assert_cmpint(bell->fd, >=, 0);
    if (lane)
        lane_enter(lane);
    bell_watch(bell);
    if (lane)
        lane_leave(lane);
}

void
bell_clear(Bell *bell)
{
    if (bell->lane)
        lane_enter(bell->lane);
    bell_unwatch(bell);
    close(bell->fd);
    if (bell->lane)
        lane_leave(bell->lane);
}

void
bell_ring(Bell *bell)
{
    guint64 one = 1;

    g_assert_cmpint(write(bell->fd, &one, sizeof(one)), ==, sizeof(one));
}

void
bell_wait(const Bell *bell, guint times)
{
    while (bell->rung < times)
        lane_fixture_iterate();
    g_assert_cmpuint(bell->rung, ==, times);
}

void
lane_fixture_iterate(void)
{
    (void)lane_hub_iterate(test_hub, /* may_block= */ TRUE);
}

void
lane_fixture_settle(void)
{
    while (lane_hub_iterate(test_hub, /* may_block= */ FALSE))
        ;
}
