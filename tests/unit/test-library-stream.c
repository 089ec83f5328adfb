/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The library's side of a stream, against a service that the test plays: what is asked and when, and that the
 * listeners hear the same as over signals. */

#include "library-fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef LibraryFixture Fixture;

static void
assert_read(Fixture *fixture, const char *expected)
{
    g_autofree char *text = library_read(fixture);

    g_assert_cmpstr(text, ==, expected);
}

static int
send_text(Fixture *fixture, const char *text)
{
    return wsb_websocket_send_text(fixture->websocket, text, strlen(text), library_on_done, fixture);
}

static void
assert_unanswered(Fixture *fixture, gsize expected)
{
    gsize n = 0;

    g_assert_cmpint(wsb_websocket_get_unanswered(fixture->websocket, &n, NULL), ==, 0);
    g_assert_cmpuint(n, ==, expected);
}

/* ---- Asking for it ---- */

/* All three calls at once, so that they cost one round trip, and OpenStream the first of them. */
static void
test_calls(Fixture *fixture, gconstpointer data)
{
    sd_bus_message *calls[3];

    (void)data;
    library_connect(fixture, NULL);
    calls[0] = library_take_call(fixture, "OpenStream");
    calls[1] = library_take_call(fixture, "Connect");
    calls[2] = library_take_call(fixture, "Get");
    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
        sd_bus_message_unref(calls[i]);
    library_assert_heard(fixture, "");
}

static void
open_without_stream(Fixture *fixture)
{
    sd_bus_message *call;

    library_answer(fixture, library_take_call(fixture, "Connect"), "");
    if ((call = peer_bus_take_call(fixture->peers, NULL)))
        library_answer(fixture, call, "v", "t", UINT64_C(1000));
    library_signal(fixture, "Open", "us", 101u, "Switching Protocols");
    library_assert_heard(fixture, "done:0 open ");
}

static void
assert_signals(Fixture *fixture)
{
    library_signal(fixture, "Message", "v", "s", "in");
    library_assert_heard(fixture, "message:in end ");
    g_assert_cmpint(send_text(fixture, "out"), ==, 0);
    library_settle(fixture);
    library_answer(fixture, library_take_call(fixture, "Send"), "");
    library_assert_heard(fixture, "done:0 ");
    library_signal(fixture, "Close", "qs", 1000, "");
    library_assert_heard(fixture, "close:1000 ");
}

static void
test_refused(Fixture *fixture, gconstpointer name)
{
    library_connect(fixture, NULL);
    library_refuse(fixture, library_take_call(fixture, "OpenStream"), name, "not this time");
    open_without_stream(fixture);
    assert_signals(fixture);
}

static void
test_option(Fixture *fixture, gconstpointer data)
{
    wsb_options *options = NULL;

    (void)data;
    g_assert_cmpint(wsb_options_new(&options), ==, 0);
    g_assert_cmpint(wsb_options_set_stream(options, false), ==, 0);
    library_connect(fixture, options);
    wsb_options_free(options);
    open_without_stream(fixture);
    assert_signals(fixture);
    g_assert_cmpint(wsb_options_set_stream(NULL, true), ==, -EINVAL);
}

/* The refusal is Connect's to tell; the stream that there is serves the next attempt. */
static void
test_connect_refused(Fixture *fixture, gconstpointer data)
{
    (void)data;
    library_connect(fixture, NULL);
    library_give_stream(fixture);
    library_refuse(fixture, library_take_call(fixture, "Connect"), WSB_ERROR_PREFIX "Url", "2302001: what");
    library_answer(fixture, library_take_call(fixture, "Get"), "v", "t", UINT64_C(1000));
    library_assert_heard(fixture, "done:89 "); /* EDESTADDRREQ */

    library_connect(fixture, NULL);
    library_answer(fixture, library_take_call(fixture, "Connect"), "");
    library_answer(fixture, library_take_call(fixture, "Get"), "v", "t", UINT64_C(1000));
    library_signal(fixture, "Open", "us", 101u, "Switching Protocols");
    library_write(fixture, "in");
    library_settle(fixture);
    library_assert_heard(fixture, "done:0 open message:in end ");
}

static void
test_each_attempt(Fixture *fixture, gconstpointer data)
{
    (void)data;
    library_connect(fixture, NULL);
    library_give_stream(fixture);
    library_answer(fixture, library_take_call(fixture, "Connect"), "");
    library_answer(fixture, library_take_call(fixture, "Get"), "v", "t", UINT64_C(1000));
    library_signal(fixture, "Error", "usa{sv}", 200u, "no", 1, "stage", "s", "connect");
    library_assert_heard(fixture, "done:0 error:connect ");
    assert_read(fixture, "");

    for (int i = 0; i < 3; i++) {
        library_open(fixture);
        library_write(fixture, "in");
        library_close_stream(fixture);
        library_signal(fixture, "Close", "qs", 1000, "");
        library_assert_heard(fixture, "message:in end close:1000 ");
    }
}

/* ---- The order of events ---- */

static void
test_held_until_open(Fixture *fixture, gconstpointer data)
{
    (void)data;
    library_connect(fixture, NULL);
    library_give_stream(fixture);
    library_write(fixture, "early");
    library_answer(fixture, library_take_call(fixture, "Connect"), "");
    library_answer(fixture, library_take_call(fixture, "Get"), "v", "t", UINT64_C(1000));
    library_assert_heard(fixture, "done:0 ");
    library_signal(fixture, "Open", "us", 101u, "Switching Protocols");
    library_assert_heard(fixture, "open message:early end ");
}

static void
test_end_is_last(Fixture *fixture, gconstpointer data)
{
    (void)data;
    library_open(fixture);
    library_signal(fixture, "Error", "usa{sv}", 200u, "failed", 1, "stage", "s", "protocol");
    library_signal(fixture, "Close", "qs", 1002, "");
    library_write(fixture, "still");
    library_settle(fixture);
    library_write(fixture, "coming");
    library_settle(fixture);
    library_assert_heard(fixture, "message:still end message:coming end ");
    g_assert_cmpint(wsb_websocket_get_state(fixture->websocket), ==, WSB_STATE_OPEN);
    library_close_stream(fixture);
    library_settle(fixture);
    library_assert_heard(fixture, "error:protocol close:1002 ");
    g_assert_cmpint(wsb_websocket_get_state(fixture->websocket), ==, WSB_STATE_CLOSED);
}

/* Sent when the end is known but not told: it fails as what was sent before does. */
static void
test_sent_at_the_end(Fixture *fixture, gconstpointer data)
{
    (void)data;
    library_open(fixture);
    library_signal(fixture, "Close", "qs", 1001, "bye");
    g_assert_cmpint(send_text(fixture, "late"), ==, 0);
    library_settle(fixture);
    library_assert_heard(fixture, "");
    library_close_stream(fixture);
    library_settle(fixture);
    library_assert_heard(fixture, "done:107 close:1001 "); /* ENOTCONN */
    assert_unanswered(fixture, 0);
}

static void
test_service_lost(Fixture *fixture, gconstpointer data)
{
    (void)data;
    library_open(fixture);
    library_write(fixture, "the");
    library_write(fixture, "rest");
    library_lose_service(fixture);
    library_assert_heard(fixture, "message:the end message:rest end error:service close:1006 ");
    library_lose_service(fixture);
    library_assert_heard(fixture, "");
    assert_read(fixture, "");
}

static void
test_no_header(Fixture *fixture, gconstpointer data)
{
    const wsb_frame_header header = { .length = 3, .kind = 77 };

    (void)data;
    library_open(fixture);
    library_write(fixture, "good");
    g_assert_cmpint(write(fixture->stream, &header, sizeof(header)), ==, sizeof(header));
    library_settle(fixture);
    library_assert_heard(fixture, "message:good end error:service close:1006 ");
    assert_read(fixture, "");
    sd_bus_message_unref(library_take_call(fixture, "Release"));
}

static void
drop(wsb_websocket *websocket, G_GNUC_UNUSED const wsb_event *event, void *userdata)
{
    Fixture *fixture = userdata;

    g_assert_true(websocket == fixture->websocket);
    fixture->websocket = wsb_websocket_unref(websocket);
    /* What the event points to is still there. */
    g_assert_cmpstr(event->data, ==, "first");
}

static void
test_dropped_inside(Fixture *fixture, gconstpointer data)
{
    (void)data;
    library_open(fixture);
    g_assert_cmpint(wsb_websocket_on(fixture->websocket, WSB_EVENT_MESSAGE, drop, fixture), ==, 0);
    library_write(fixture, "first");
    library_write(fixture, "second");
    library_settle(fixture);
    library_assert_heard(fixture, "message:first ");
    assert_read(fixture, "");
}

/* ---- Sending ---- */

static void
test_not_open(Fixture *fixture, gconstpointer data)
{
    (void)data;
    library_connect(fixture, NULL);
    g_assert_cmpint(send_text(fixture, "early"), ==, 0);
    library_give_stream(fixture);
    library_answer(fixture, library_take_call(fixture, "Connect"), "");
    library_assert_heard(fixture, "done:0 ");
    library_answer(fixture, library_take_call(fixture, "Get"), "v", "t", UINT64_C(1000));
    library_assert_heard(fixture, "done:107 "); /* ENOTCONN */
    assert_read(fixture, NULL);
    library_take_call(fixture, NULL);
}

/* At once, though its callback waits for its turn. */
static void
test_at_once(Fixture *fixture, gconstpointer data)
{
    guint64 usec = 1;

    (void)data;
    library_open(fixture);
    g_assert_cmpint(send_text(fixture, "lone"), ==, 0);
    assert_read(fixture, "lone");
    library_assert_heard(fixture, "");
    assert_unanswered(fixture, 1);
    g_assert_cmpint(wsb_client_get_timeout(fixture->client, &usec), ==, 1);
    g_assert_cmpuint(usec, ==, 0);
    library_settle(fixture);
    library_assert_heard(fixture, "done:0 ");
    assert_unanswered(fixture, 0);

    g_assert_cmpint(wsb_websocket_send_binary(fixture->websocket, NULL, 0, NULL, NULL), ==, 0);
    assert_unanswered(fixture, 0);
}

static void
echo(wsb_websocket *websocket, const wsb_event *event, G_GNUC_UNUSED void *userdata)
{
    g_assert_cmpint(wsb_websocket_send_text(websocket, event->data, event->length, NULL, NULL), ==, 0);
}

/* What listeners send in one turn is one write. */
static void
test_gathered(Fixture *fixture, gconstpointer data)
{
    guint8 written[100];

    (void)data;
    fixture->type = SOCK_SEQPACKET;
    library_open(fixture);
    g_assert_cmpint(wsb_websocket_on(fixture->websocket, WSB_EVENT_MESSAGE, echo, NULL), ==, 0);
    g_assert_cmpint(wsb_websocket_on(fixture->websocket, WSB_EVENT_MESSAGE, echo, NULL), ==, 0);
    library_write(fixture, "abc");
    library_settle(fixture);
    g_assert_cmpint(recv(fixture->stream, written, sizeof(written), MSG_DONTWAIT), ==, 22);
    g_assert_cmpint(recv(fixture->stream, written, sizeof(written), MSG_DONTWAIT), ==, -1);
    library_assert_heard(fixture, "message:abc end ");
}

static void
test_too_large(Fixture *fixture, gconstpointer data)
{
    g_autofree char *large = g_strnfill(1001, 'x');

    (void)data;
    library_open(fixture);
    g_assert_cmpint(send_text(fixture, "before"), ==, 0);
    g_assert_cmpint(send_text(fixture, large), ==, 0);
    g_assert_cmpint(send_text(fixture, "after"), ==, 0);
    g_assert_cmpint(send_text(fixture, "\xff"), ==, -EINVAL);
    library_settle(fixture);
    library_assert_heard(fixture, "done:0 done:22 done:0 "); /* EINVAL */
    assert_read(fixture, "before");
    assert_read(fixture, "after");
    assert_read(fixture, NULL);
}

/* Until the socket is full, and the queue. Returns how many. */
static guint
send_all(Fixture *fixture)
{
    g_autofree char *text = g_strnfill(1000, 'x');
    guint n = 0;
    int r;

    while ((r = wsb_websocket_send_text(fixture->websocket, text, 1000, NULL, NULL)) == 0)
        n++;
    g_assert_cmpint(r, ==, -EAGAIN);
    return n;
}

static guint
read_all(Fixture *fixture)
{
    g_autofree char *text = NULL;
    guint n = 0;

    for (; (text = library_read(fixture)) != NULL; n++)
        g_clear_pointer(&text, g_free);
    return n;
}

static void
test_drain(Fixture *fixture, gconstpointer data)
{
    guint sent, read = 0;

    (void)data;
    library_open(fixture);
    sent = send_all(fixture);
    g_assert_cmpuint(sent, >=, WSB_SEND_QUEUE_MAX / (1000 + WSB_SEND_COST));
    library_settle(fixture);
    library_assert_heard(fixture, "");
    while (read < sent) {
        read += read_all(fixture);
        library_settle(fixture);
    }
    library_assert_heard(fixture, "drain ");
    assert_unanswered(fixture, 0);
}

/* ---- Closing ---- */

/* When Close is called, all that was sent before it is on the stream. */
static void
test_close_follows(Fixture *fixture, gconstpointer data)
{
    sd_bus_message *call = NULL;
    guint sent, read = 0;

    (void)data;
    library_open(fixture);
    sent = send_all(fixture);
    g_assert_cmpint(wsb_websocket_close(fixture->websocket, 1000, NULL, library_on_done, fixture), ==, 0);
    library_settle(fixture);
    while (!(call = peer_bus_take_call(fixture->peers, NULL))) {
        g_assert_cmpuint(read, <, sent);
        read += read_all(fixture);
        library_settle(fixture);
    }
    g_assert_cmpuint(read, >, 0);
    g_assert_cmpuint(read + read_all(fixture), ==, sent);
    g_assert_cmpstr(sd_bus_message_get_member(call), ==, "Close");
    library_answer(fixture, call, "");
    library_assert_heard(fixture, "drain done:0 ");
    g_assert_cmpint(send_text(fixture, "too late"), ==, 0);
    library_settle(fixture);
    library_assert_heard(fixture, "done:107 "); /* ENOTCONN */
    assert_read(fixture, NULL);
}

/* A Close that the service refuses changes nothing for what was sent after it. */
static void
test_close_refused(Fixture *fixture, gconstpointer data)
{
    (void)data;
    library_open(fixture);
    g_assert_cmpint(wsb_websocket_close(fixture->websocket, 999, NULL, library_on_done, fixture), ==, 0);
    g_assert_cmpint(send_text(fixture, "after"), ==, 0);
    library_settle(fixture);
    assert_read(fixture, NULL);
    library_refuse(fixture, library_take_call(fixture, "Close"), WSB_ERROR_PREFIX "Parameter", "401: no");
    library_assert_heard(fixture, "done:22 done:0 ");
    assert_read(fixture, "after");
}

/* A service that reads nothing cannot keep it open. */
static void
test_close_in_time(Fixture *fixture, gconstpointer data)
{
    sd_bus_message *call = NULL;

    (void)data;
    library_open(fixture);
    g_assert_cmpint(wsb_client_set_timeout(fixture->client, 1000), ==, 0);
    (void)send_all(fixture);
    g_assert_cmpint(wsb_websocket_close(fixture->websocket, 1000, NULL, NULL, NULL), ==, 0);
    while (!(call = peer_bus_take_call(fixture->peers, NULL))) {
        g_assert_cmpint(wsb_client_wait(fixture->client, 1000000), >=, 0);
        library_settle(fixture);
    }
    g_assert_cmpstr(sd_bus_message_get_member(call), ==, "Close");
    sd_bus_message_unref(call);
    assert_unanswered(fixture, 0);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(Fixture *fixture, gconstpointer data);
        gconstpointer data;
    } cases[] = {
        { "calls", test_calls, NULL },
        { "refused/unknown", test_refused, SD_BUS_ERROR_UNKNOWN_METHOD },
        { "refused/limit", test_refused, WSB_ERROR_PREFIX "LimitExceeded" },
        { "option", test_option, NULL },
        { "connect-refused", test_connect_refused, NULL },
        { "each-attempt", test_each_attempt, NULL },
        { "held-until-open", test_held_until_open, NULL },
        { "end-is-last", test_end_is_last, NULL },
        { "sent-at-the-end", test_sent_at_the_end, NULL },
        { "service-lost", test_service_lost, NULL },
        { "no-header", test_no_header, NULL },
        { "dropped-inside", test_dropped_inside, NULL },
        { "not-open", test_not_open, NULL },
        { "at-once", test_at_once, NULL },
        { "gathered", test_gathered, NULL },
        { "too-large", test_too_large, NULL },
        { "drain", test_drain, NULL },
        { "close-follows", test_close_follows, NULL },
        { "close-refused", test_close_refused, NULL },
        { "close-in-time", test_close_in_time, NULL },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/library/stream/", cases[i].path, NULL);

        g_test_add(path, Fixture, cases[i].data, library_set_up, cases[i].run, library_tear_down);
    }
    return g_test_run();
}
