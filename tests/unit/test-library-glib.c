/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A client in a GMainContext, also where a listener runs a loop of its own in it. */

#include "library-fixture.h"
#include "wsbroker-glib.h"

typedef LibraryFixture Fixture;

/* More than a loop takes that has one timer to wait for, and fewer than one that never waits. */
enum { TURNS_MAX = 20, MILLISECONDS = 50 };

static void
turn_until(Fixture *fixture, const char *heard)
{
    while (!g_str_has_prefix(fixture->heard->str, heard)) {
        g_assert_cmpint(sd_bus_process(fixture->peers->peer, NULL), >=, 0);
        g_main_context_iteration(NULL, TRUE);
    }
}

static gboolean
set(gpointer flag)
{
    *(gboolean *)flag = TRUE;
    return G_SOURCE_REMOVE;
}

static void
run_loop(G_GNUC_UNUSED wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Fixture *fixture = userdata;
    gboolean over = FALSE;
    guint turns = 0;

    if (!g_str_equal(event->data, "first"))
        return;
    library_write(fixture, "second");
    g_timeout_add(MILLISECONDS, set, &over);
    while (!over) {
        g_main_context_iteration(NULL, TRUE);
        turns++;
    }
    g_assert_cmpuint(turns, <, TURNS_MAX);
    g_string_append(fixture->heard, "loop ");
}

static void
test_loop_inside(Fixture *fixture, gconstpointer data)
{
    GSource *source = wsb_glib_source_new(fixture->client);

    (void)data;
    library_open(fixture);
    g_assert_cmpint(wsb_websocket_on(fixture->websocket, WSB_EVENT_MESSAGE, run_loop, fixture), ==, 0);
    g_source_attach(source, NULL);
    library_write(fixture, "first");
    turn_until(fixture, "message:first loop end message:second end ");
    library_write(fixture, "third");
    turn_until(fixture, "message:first loop end message:second end message:third end ");
    g_source_destroy(source);
    g_source_unref(source);
}

static void
destroy_source(G_GNUC_UNUSED wsb_websocket *websocket, G_GNUC_UNUSED const wsb_event *event, void *userdata)
{
    g_source_destroy(userdata);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
test_destroyed_inside(Fixture *fixture, gconstpointer data)
{
    GSource *source = wsb_glib_source_new(fixture->client);

    (void)data;
    library_open(fixture);
    g_assert_cmpint(wsb_websocket_on(fixture->websocket, WSB_EVENT_MESSAGE, destroy_source, source), ==, 0);
    g_source_attach(source, NULL);
    library_write(fixture, "first");
    turn_until(fixture, "message:first end ");
    g_source_unref(source);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/library/glib/loop-inside", Fixture, NULL, library_set_up, test_loop_inside,
               library_tear_down);
    g_test_add("/library/glib/destroyed-inside", Fixture, NULL, library_set_up, test_destroyed_inside,
               library_tear_down);
    return g_test_run();
}
