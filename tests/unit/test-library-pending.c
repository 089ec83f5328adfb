/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many WebSockets of one client, against a service that the test plays: how many calls wait for their answer
 * at a time, which of them, and what becomes of those that nobody waits for any more. */

#include "library-fixture.h"

#include <errno.h>
#include <string.h>

/* A bus permits 128. */
enum { CALLS_MAX = 96, SENDS_MAX = 64, MANY = 200 };

typedef struct Fixture {
    LibraryFixture base;
    wsb_options *options; /* without a stream */
    wsb_websocket *many[MANY];
    guint n_created, n_limits; /* CreateWebSockets and Gets that were answered */
    guint done[MANY];          /* callbacks that ran */
    int result;                /* what each is to be told */
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    library_set_up(&fixture->base, data);
    g_assert_cmpint(wsb_options_new(&fixture->options), ==, 0);
    g_assert_cmpint(wsb_options_set_stream(fixture->options, false), ==, 0);
    for (guint i = 0; i < MANY; i++)
        g_assert_cmpint(wsb_websocket_new(fixture->base.client, &fixture->many[i]), ==, 0);
}

static void
drop(Fixture *fixture, guint i)
{
    fixture->many[i] = wsb_websocket_unref(fixture->many[i]);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < MANY; i++)
        drop(fixture, i);
    wsb_options_free(fixture->options);
    library_tear_down(&fixture->base, data);
}

static void
on_done(wsb_websocket *websocket, const wsb_error *error, void *userdata)
{
    Fixture *fixture = userdata;

    g_assert_cmpint(wsb_error_errno(error), ==, fixture->result);
    for (guint i = 0; i < MANY; i++)
        fixture->done[i] += websocket == fixture->many[i];
}

/* How many of the first N have had COUNT callbacks. */
static guint
n_done(const Fixture *fixture, guint n, guint count)
{
    guint found = 0;

    for (guint i = 0; i < n; i++)
        found += fixture->done[i] == count;
    return found;
}

static void
connect_some(Fixture *fixture, guint n, const wsb_options *options)
{
    for (guint i = 0; i < n; i++)
        g_assert_cmpint(wsb_websocket_connect(fixture->many[i], "ws://h/", options, on_done, fixture), ==, 0);
    library_settle(&fixture->base);
}

static guint
n_unanswered(const Fixture *fixture)
{
    return g_queue_get_length(fixture->base.peers->calls);
}

static guint
n_unanswered_of(const Fixture *fixture, const char *member)
{
    guint n = 0;

    for (GList *link = fixture->base.peers->calls->head; link; link = link->next)
        n += g_str_equal(sd_bus_message_get_member(link->data), member);
    return n;
}

/* As the service would, when nothing is wrong; OpenStream is not there. */
static void
answer(Fixture *fixture, sd_bus_message *call)
{
    const char *member = sd_bus_message_get_member(call);
    g_autofree char *path = NULL;

    if (g_str_equal(member, "Release")) {
        sd_bus_message_unref(call);
    } else if (g_str_equal(member, "OpenStream")) {
        library_refuse(&fixture->base, call, SD_BUS_ERROR_UNKNOWN_METHOD, "what");
    } else if (g_str_equal(member, "Get")) {
        fixture->n_limits++;
        library_answer(&fixture->base, call, "v", "t", UINT64_C(1000));
    } else if (g_str_equal(member, "CreateWebSocket")) {
        path = g_strdup_printf(WSB_WEBSOCKET_PATH "/%u", ++fixture->n_created);
        library_answer(&fixture->base, call, "o", path);
    } else {
        library_answer(&fixture->base, call, "");
    }
}

static void
answer_next(Fixture *fixture)
{
    sd_bus_message *call = peer_bus_take_call(fixture->base.peers, NULL);

    g_assert_nonnull(call);
    answer(fixture, call);
}

/* The answer to the oldest call of MEMBER. */
static void
answer_one(Fixture *fixture, const char *member)
{
    GQueue *calls = fixture->base.peers->calls;

    for (GList *link = calls->head; link; link = link->next) {
        sd_bus_message *call = link->data;

        if (g_str_equal(sd_bus_message_get_member(call), member)) {
            g_queue_delete_link(calls, link);
            answer(fixture, call);
            return;
        }
    }
    g_assert_not_reached();
}

static void
answer_all(Fixture *fixture)
{
    while (n_unanswered(fixture) > 0) {
        g_assert_cmpuint(n_unanswered(fixture), <=, CALLS_MAX + 1);
        answer_next(fixture);
    }
}

/* A signal of the WebSocket that was created as the Nth, counted from 0. */
static void
signal_one(Fixture *fixture, guint n, const char *member, guint code, const char *text)
{
    g_autofree char *path = g_strdup_printf(WSB_WEBSOCKET_PATH "/%u", n + 1);
    gboolean is_open = g_str_equal(member, "Open");
    sd_bus_message *m = NULL;

    g_assert_cmpint(
        sd_bus_message_new_signal(fixture->base.peers->peer, &m, path, WSB_WEBSOCKET_INTERFACE, member), >=,
        0);
    g_assert_cmpint(sd_bus_message_append(m, is_open ? "us" : "qs", code, text), >=, 0);
    g_assert_cmpint(sd_bus_message_set_sender(m, LIBRARY_SERVICE), >=, 0);
    g_assert_cmpint(sd_bus_send(fixture->base.peers->peer, m, NULL), >=, 0);
    sd_bus_message_unref(m);
    library_settle(&fixture->base);
}

static void
open_one(Fixture *fixture, guint n)
{
    signal_one(fixture, n, "Open", 101, "Switching Protocols");
}

static void
open_some(Fixture *fixture, guint n)
{
    connect_some(fixture, n, fixture->options);
    answer_all(fixture);
    for (guint i = 0; i < n; i++)
        open_one(fixture, i);
    memset(fixture->done, 0, sizeof(fixture->done));
}

/* ---- How many ---- */

static void
test_bounded(Fixture *fixture, gconstpointer data)
{
    (void)data;
    connect_some(fixture, MANY, NULL);
    g_assert_cmpuint(n_unanswered_of(fixture, "CreateWebSocket"), ==, CALLS_MAX);
    g_assert_cmpuint(n_unanswered(fixture), ==, CALLS_MAX);
    answer_all(fixture);
    g_assert_cmpuint(fixture->n_created, ==, MANY);
    g_assert_cmpuint(n_done(fixture, MANY, 1), ==, MANY);
}

/* The order of each WebSocket's, however many wait. */
static void
test_in_order(Fixture *fixture, gconstpointer data)
{
    static const char *const members[] = { "OpenStream", "Connect", "Get" };
    guint seen[MANY + 1] = { 0 };

    (void)data;
    connect_some(fixture, MANY, NULL);
    while (n_unanswered(fixture) > 0) {
        sd_bus_message *call = g_queue_peek_head(fixture->base.peers->calls);
        const char *path = sd_bus_message_get_path(call);

        if (g_str_has_prefix(path, WSB_WEBSOCKET_PATH "/")) {
            guint i = (guint)g_ascii_strtoull(path + strlen(WSB_WEBSOCKET_PATH "/"), NULL, 10);

            g_assert_cmpstr(sd_bus_message_get_member(call), ==, members[seen[i]++]);
        }
        answer_next(fixture);
    }
    for (guint i = 1; i <= MANY; i++)
        g_assert_cmpuint(seen[i], >=, 2); /* no Get where OpenStream had been refused before */
}

/* MaxMessageSize must be known when the connection opens: no Connect goes out without that question. */
static void
test_limit_with_connect(Fixture *fixture, gconstpointer data)
{
    static const char *const members[] = { "CreateWebSocket", "Connect", "Get" };
    guint i = 0;

    (void)data;
    /* With OpenStream unanswered, so that there is room for every number of calls at some time. */
    connect_some(fixture, CALLS_MAX, NULL);
    while (i < G_N_ELEMENTS(members)) {
        g_assert_cmpuint(n_unanswered_of(fixture, "Get") + fixture->n_limits, ==,
                         n_unanswered_of(fixture, "Connect") + n_done(fixture, MANY, 1));
        if (n_unanswered_of(fixture, members[i]) > 0)
            answer_one(fixture, members[i]);
        else
            i++;
    }
    answer_all(fixture);
    g_assert_cmpuint(n_done(fixture, MANY, 1), ==, CALLS_MAX);
}

/* ---- What nobody waits for ---- */

static void
test_dropped_before_sent(Fixture *fixture, gconstpointer data)
{
    (void)data;
    connect_some(fixture, MANY, NULL);
    for (guint i = CALLS_MAX; i < MANY; i++)
        drop(fixture, i);
    answer_all(fixture);
    g_assert_cmpuint(fixture->n_created, ==, CALLS_MAX);
    g_assert_cmpuint(n_done(fixture, MANY, 1), ==, CALLS_MAX);
}

/* The bus counts it until it is answered; then the object goes back. */
static void
test_dropped_unanswered(Fixture *fixture, gconstpointer data)
{
    sd_bus_message *release;

    (void)data;
    connect_some(fixture, CALLS_MAX + 1, fixture->options);
    drop(fixture, 0);
    library_settle(&fixture->base);
    g_assert_cmpuint(n_unanswered(fixture), ==, CALLS_MAX);
    answer_next(fixture);
    g_assert_cmpuint(n_unanswered_of(fixture, "CreateWebSocket"), ==, CALLS_MAX);
    release = g_queue_peek_nth(fixture->base.peers->calls, CALLS_MAX - 1);
    g_assert_cmpstr(sd_bus_message_get_member(release), ==, "Release");
    g_assert_cmpstr(sd_bus_message_get_path(release), ==, WSB_WEBSOCKET_PATH "/1");
    answer_all(fixture);
    g_assert_cmpuint(n_done(fixture, MANY, 1), ==, CALLS_MAX);
}

/* The application hears in time, of those that were never sent too. */
static void
test_time_over(Fixture *fixture, gconstpointer data)
{
    guint64 usec;

    (void)data;
    g_assert_cmpint(wsb_client_set_timeout(fixture->base.client, 1000), ==, 0);
    fixture->result = -ETIMEDOUT;
    connect_some(fixture, MANY, NULL);
    while (n_done(fixture, MANY, 1) < MANY)
        g_assert_cmpint(wsb_client_wait(fixture->base.client, 1000000), >=, 0);
    g_assert_cmpint(wsb_client_get_timeout(fixture->base.client, &usec), ==, 0);

    fixture->result = 0;
    g_assert_cmpint(wsb_client_set_timeout(fixture->base.client, UINT64_MAX), ==, 0);
    connect_some(fixture, 1, fixture->options);
    g_assert_cmpuint(n_unanswered(fixture), ==, CALLS_MAX);
    answer_all(fixture);
    g_assert_cmpuint(fixture->n_created, ==, CALLS_MAX + 1);
    g_assert_cmpuint(fixture->done[0], ==, 2);
}

static void
test_service_lost(Fixture *fixture, gconstpointer data)
{
    (void)data;
    open_some(fixture, 2);
    fixture->result = -ECONNRESET;
    g_assert_cmpint(wsb_websocket_send_text(fixture->many[0], "text", 4, on_done, fixture), ==, 0);
    g_assert_cmpint(wsb_websocket_send_text(fixture->many[0], "text", 4, on_done, fixture), ==, 0);
    library_settle(&fixture->base);
    library_lose_service(&fixture->base);
    g_assert_cmpuint(fixture->done[0], ==, 2);
}

/* ---- Sends ---- */

static void
send_from(Fixture *fixture, guint i)
{
    g_assert_cmpint(wsb_websocket_send_text(fixture->many[i], "text", 4, on_done, fixture), ==, 0);
}

/* However many servers read nothing, Connect and Close get through. */
static void
test_sends_leave_room(Fixture *fixture, gconstpointer data)
{
    (void)data;
    open_some(fixture, MANY - 1);
    for (guint i = 0; i < MANY - 1; i++)
        send_from(fixture, i);
    library_settle(&fixture->base);
    g_assert_cmpuint(n_unanswered(fixture), ==, SENDS_MAX);

    g_assert_cmpint(wsb_websocket_close(fixture->many[0], 1000, NULL, NULL, NULL), ==, 0);
    g_assert_cmpint(
        wsb_websocket_connect(fixture->many[MANY - 1], "ws://h/", fixture->options, on_done, fixture), ==, 0);
    library_settle(&fixture->base);
    answer_one(fixture, "Close");
    answer_one(fixture, "CreateWebSocket");
    answer_one(fixture, "Connect");
    g_assert_cmpuint(fixture->done[MANY - 1], ==, 1);
    answer_all(fixture);
    g_assert_cmpuint(n_done(fixture, MANY, 1), ==, MANY);
}

/* One after the other, and those that have gone, or have nothing to send any more, keep nobody back. */
static void
test_line(Fixture *fixture, gconstpointer data)
{
    (void)data;
    open_some(fixture, SENDS_MAX + 7);
    for (guint i = 0; i < SENDS_MAX + 7; i++)
        send_from(fixture, i);
    library_settle(&fixture->base);
    drop(fixture, SENDS_MAX);
    drop(fixture, SENDS_MAX + 2);
    fixture->result = -ENOTCONN;
    signal_one(fixture, SENDS_MAX + 3, "Close", WSB_CLOSE_NORMAL, "");
    g_assert_cmpuint(fixture->done[SENDS_MAX + 3], ==, 1);
    fixture->result = 0;
    for (guint n = 1; n <= 4; n++) {
        answer_one(fixture, "Send");
        g_assert_cmpuint(n_unanswered_of(fixture, "Send"), ==, SENDS_MAX);
    }
    answer_one(fixture, "Send");
    g_assert_cmpuint(n_unanswered_of(fixture, "Send"), ==, SENDS_MAX - 1);
    answer_all(fixture);
    g_assert_cmpuint(n_done(fixture, MANY, 1), ==, SENDS_MAX + 5);
}

/* A Close that is asked for after a Send that has no room yet is called after it. */
static void
test_close_after_send(Fixture *fixture, gconstpointer data)
{
    (void)data;
    open_some(fixture, SENDS_MAX + 1);
    for (guint i = 0; i <= SENDS_MAX; i++)
        send_from(fixture, i);
    g_assert_cmpint(wsb_websocket_close(fixture->many[SENDS_MAX], 1000, NULL, NULL, NULL), ==, 0);
    library_settle(&fixture->base);
    g_assert_cmpuint(n_unanswered_of(fixture, "Close"), ==, 0);
    answer_next(fixture);
    g_assert_cmpuint(n_unanswered_of(fixture, "Send"), ==, SENDS_MAX);
    g_assert_cmpuint(n_unanswered_of(fixture, "Close"), ==, 1);
    g_assert_cmpstr(sd_bus_message_get_member(g_queue_peek_tail(fixture->base.peers->calls)), ==, "Close");
    answer_all(fixture);
}

/* ---- One WebSocket ---- */

static void
test_one_alone(Fixture *fixture, gconstpointer data)
{
    int r = 0;
    guint n = 0;

    (void)data;
    while (r == 0 && n < 1000 &&
           (r = wsb_websocket_close(fixture->many[0], 1000, NULL, on_done, fixture)) == 0)
        n++;
    g_assert_cmpint(r, ==, -EDQUOT);
    g_assert_cmpint(wsb_error_code(wsb_websocket_last_error(fixture->many[0])), ==, WSB_CODE_LIMIT_EXCEEDED);
    library_settle(&fixture->base);
    answer_all(fixture);
    g_assert_cmpuint(fixture->done[0], ==, n);
    g_assert_cmpint(wsb_websocket_close(fixture->many[0], 1000, NULL, on_done, fixture), ==, 0);
}

/* An open WebSocket that nothing is asked of wakes nobody up. */
static void
test_no_timer(Fixture *fixture, gconstpointer data)
{
    guint64 usec = 1;

    (void)data;
    connect_some(fixture, 1, fixture->options);
    g_assert_cmpint(wsb_client_get_timeout(fixture->base.client, &usec), ==, 1);
    g_assert_cmpuint(usec, >, 0);
    answer_all(fixture);
    open_one(fixture, 0);
    g_assert_cmpint(wsb_client_get_timeout(fixture->base.client, &usec), ==, 0);
    g_assert_cmpuint(usec, ==, UINT64_MAX);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(Fixture *fixture, gconstpointer data);
    } cases[] = {
        { "bounded", test_bounded },
        { "in-order", test_in_order },
        { "limit-with-connect", test_limit_with_connect },
        { "dropped-before-sent", test_dropped_before_sent },
        { "dropped-unanswered", test_dropped_unanswered },
        { "time-over", test_time_over },
        { "service-lost", test_service_lost },
        { "sends-leave-room", test_sends_leave_room },
        { "line", test_line },
        { "close-after-send", test_close_after_send },
        { "one-alone", test_one_alone },
        { "no-timer", test_no_timer },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/library/pending/", cases[i].path, NULL);

        g_test_add(path, Fixture, NULL, set_up, cases[i].run, tear_down);
    }
    return g_test_run();
}
