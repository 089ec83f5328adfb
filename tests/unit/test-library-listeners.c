/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Listeners: their order, and all that one may do from inside (ACCEPTANCE rows 46 and 47). */

#include "local-bus.h"
#include "websocket.h"

#include <errno.h>
#include <glib.h>

typedef struct Fixture {
    wsb_client *client;
    wsb_websocket *websocket;
    GString *heard;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    sd_bus *bus = local_bus_new();

    (void)data;
    g_assert_cmpint(wsb_client_new_with_bus(&fixture->client, bus), >=, 0);
    g_assert_cmpint(wsb_websocket_new(fixture->client, &fixture->websocket), ==, 0);
    fixture->heard = g_string_new(NULL);
    sd_bus_unref(bus);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    wsb_websocket_unref(fixture->websocket);
    wsb_client_unref(fixture->client);
    g_string_free(fixture->heard, TRUE);
}

/* As the library emits: holding the WebSocket. Asserts who heard. */
static void
emit(Fixture *fixture, wsb_event_type type, const char *expected)
{
    wsb_websocket *websocket = fixture->websocket;
    wsb_event event = { .type = type, .message = "" };

    g_string_truncate(fixture->heard, 0);
    websocket_hold(websocket);
    listeners_emit(websocket, &event);
    websocket_release_hold(websocket);
    g_assert_cmpstr(fixture->heard->str, ==, expected);
}

static void
hear_a(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)websocket, (void)event;
    g_string_append_c(((Fixture *)userdata)->heard, 'a');
}

static void
hear_b(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)websocket, (void)event;
    g_string_append_c(((Fixture *)userdata)->heard, 'b');
}

static void
test_order(Fixture *fixture, gconstpointer data)
{
    wsb_websocket *websocket = fixture->websocket;

    (void)data;
    emit(fixture, WSB_EVENT_OPEN, "");
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, hear_b, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, hear_a, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_CLOSE, hear_a, fixture), ==, 0);
    emit(fixture, WSB_EVENT_OPEN, "ba");
    emit(fixture, WSB_EVENT_CLOSE, "a");
    emit(fixture, WSB_EVENT_ERROR, "");
}

static void
test_off(Fixture *fixture, gconstpointer data)
{
    wsb_websocket *websocket = fixture->websocket;

    (void)data;
    g_assert_cmpint(wsb_websocket_off(websocket, WSB_EVENT_OPEN, NULL, NULL), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, hear_a, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, hear_b, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_CLOSE, hear_a, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_off(websocket, WSB_EVENT_OPEN, hear_a, /* userdata= */ NULL), ==, 0);
    emit(fixture, WSB_EVENT_OPEN, "ab");
    g_assert_cmpint(wsb_websocket_off(websocket, WSB_EVENT_OPEN, hear_a, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_off(websocket, WSB_EVENT_OPEN, hear_a, fixture), ==, 0);
    emit(fixture, WSB_EVENT_OPEN, "b");
    g_assert_cmpint(wsb_websocket_off(websocket, WSB_EVENT_OPEN, NULL, NULL), ==, 0);
    g_assert_cmpint(wsb_websocket_off(websocket, WSB_EVENT_OPEN, NULL, NULL), ==, 0);
    emit(fixture, WSB_EVENT_OPEN, "");
    emit(fixture, WSB_EVENT_CLOSE, "a");
}

static void
remove_both(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    g_string_append_c(((Fixture *)userdata)->heard, 'r');
    g_assert_cmpint(wsb_websocket_off(websocket, event->type, remove_both, userdata), ==, 0);
    g_assert_cmpint(wsb_websocket_off(websocket, event->type, hear_b, userdata), ==, 0);
}

static void
test_off_from_inside(Fixture *fixture, gconstpointer data)
{
    wsb_websocket *websocket = fixture->websocket;

    (void)data;
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, remove_both, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, hear_b, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, hear_a, fixture), ==, 0);
    emit(fixture, WSB_EVENT_OPEN, "ra");
    emit(fixture, WSB_EVENT_OPEN, "a");
}

static void
add_a(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    g_string_append_c(((Fixture *)userdata)->heard, '+');
    g_assert_cmpint(wsb_websocket_on(websocket, event->type, hear_a, userdata), ==, 0);
}

static void
test_on_from_inside(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(wsb_websocket_on(fixture->websocket, WSB_EVENT_OPEN, add_a, fixture), ==, 0);
    emit(fixture, WSB_EVENT_OPEN, "+");
    emit(fixture, WSB_EVENT_OPEN, "+a");
    emit(fixture, WSB_EVENT_OPEN, "+aa");
}

static void
emit_close(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    wsb_event close = { .type = WSB_EVENT_CLOSE, .message = "" };

    (void)event;
    g_string_append_c(((Fixture *)userdata)->heard, '(');
    listeners_emit(websocket, &close);
    g_string_append_c(((Fixture *)userdata)->heard, ')');
}

static void
test_emission_within_another(Fixture *fixture, gconstpointer data)
{
    wsb_websocket *websocket = fixture->websocket;

    (void)data;
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, emit_close, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_CLOSE, remove_both, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_CLOSE, hear_b, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, hear_a, fixture), ==, 0);
    emit(fixture, WSB_EVENT_OPEN, "(r)a");
    emit(fixture, WSB_EVENT_OPEN, "()a");
}

static void
drop(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Fixture *fixture = userdata;

    (void)event;
    g_string_append_c(fixture->heard, 'd');
    fixture->websocket = wsb_websocket_unref(websocket);
}

static void
test_drop_from_inside(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(wsb_websocket_on(fixture->websocket, WSB_EVENT_OPEN, drop, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_on(fixture->websocket, WSB_EVENT_OPEN, hear_a, fixture), ==, 0);
    emit(fixture, WSB_EVENT_OPEN, "d");
    g_assert_null(fixture->websocket);
}

static void
test_misuse(Fixture *fixture, gconstpointer data)
{
    wsb_websocket *websocket = fixture->websocket;

    (void)data;
    g_assert_cmpint(wsb_websocket_on(NULL, WSB_EVENT_OPEN, hear_a, NULL), ==, -EINVAL);
    g_assert_cmpint(wsb_websocket_on(websocket, WSB_EVENT_OPEN, NULL, NULL), ==, -EINVAL);
    g_assert_cmpint(wsb_websocket_on(websocket, (wsb_event_type)99, hear_a, NULL), ==, -EINVAL);
    g_assert_cmpint(wsb_websocket_off(NULL, WSB_EVENT_OPEN, hear_a, NULL), ==, -EINVAL);
    g_assert_cmpint(wsb_websocket_off(websocket, (wsb_event_type)99, hear_a, NULL), ==, -EINVAL);
}

static void
add_test(const char *path, void (*function)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, function, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_test("/library/listeners/order", test_order);
    add_test("/library/listeners/off", test_off);
    add_test("/library/listeners/off-from-inside", test_off_from_inside);
    add_test("/library/listeners/on-from-inside", test_on_from_inside);
    add_test("/library/listeners/emission-within-another", test_emission_within_another);
    add_test("/library/listeners/drop-from-inside", test_drop_from_inside);
    add_test("/library/listeners/misuse", test_misuse);
    return g_test_run();
}
