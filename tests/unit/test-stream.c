/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One stream in its lane, the test playing the application: pauses, catching up, hanging up, the end. */

#include "stream.h"

#include "bytes.h"
#include "lane-fixture.h"
#include "wsbroker-protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Fixture {
    LaneFixture lanes;
    Stream *stream;
    int application; /* -1 once closed */
    GString *told;
    gboolean free_in_event;
    gboolean in_batch;
} Fixture;

static void
tell(Fixture *fixture, const char *what)
{
    g_string_append_printf(fixture->told, "%s ", what);
    if (fixture->free_in_event)
        g_clear_pointer(&fixture->stream, stream_free);
}

/* What is told lies between the beginning and the end of a batch. */
static void
on_batch(gboolean begins, gpointer user_data)
{
    Fixture *fixture = user_data;

    g_assert_true(fixture->in_batch != begins);
    fixture->in_batch = begins;
}

static void
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    Fixture *fixture = user_data;
    g_autofree char *what = g_strdup_printf("%c%" G_GSIZE_FORMAT, text ? 't' : 'b', g_bytes_get_size(data));

    g_assert_true(fixture->in_batch);
    tell(user_data, what);
}

static void
on_full(gboolean full, gpointer user_data)
{
    tell(user_data, full ? "full" : "room");
}

static void
on_caught_up(gpointer user_data)
{
    tell(user_data, "caught-up");
}

static void
on_fault(FrameFault fault, const char *text, gpointer user_data)
{
    g_assert_cmpint(fault, ==, FRAME_FAULT_PROTOCOL);
    g_assert_nonnull(text);
    tell(user_data, "fault");
}

static void
on_hung_up(gpointer user_data)
{
    tell(user_data, "hung-up");
}

static void
on_ended(gpointer user_data)
{
    tell(user_data, "ended");
}

static const StreamEvents events = { .batch = on_batch,
                                     .message = on_message,
                                     .full = on_full,
                                     .caught_up = on_caught_up,
                                     .fault = on_fault,
                                     .hung_up = on_hung_up,
                                     .ended = on_ended };

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    lane_fixture_set_up(&fixture->lanes, data);
    fixture->told = g_string_new(NULL);
    fixture->stream = stream_new(fixture->lanes.a, &events, fixture, &fixture->application, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fcntl(fixture->application, F_GETFL) & O_NONBLOCK, ==, 0);
    g_assert_cmpint(fcntl(fixture->application, F_GETFD) & FD_CLOEXEC, !=, 0);
    g_assert_cmpint(fcntl(fixture->application, F_SETFL, O_NONBLOCK), ==, 0);
}

static void
hang_up(Fixture *fixture)
{
    close(fixture->application);
    fixture->application = -1;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_clear_pointer(&fixture->stream, stream_free);
    if (fixture->application >= 0)
        hang_up(fixture);
    g_string_free(fixture->told, TRUE);
    lane_fixture_tear_down(&fixture->lanes, data);
}

static void
start(Fixture *fixture)
{
    lane_enter(fixture->lanes.a);
    stream_start(fixture->stream, 1000 * 1000);
    lane_leave(fixture->lanes.a);
}

static void
pause_reading(Fixture *fixture, gboolean paused)
{
    lane_enter(fixture->lanes.a);
    stream_set_paused(fixture->stream, paused);
    lane_leave(fixture->lanes.a);
}

/* The application writes one message of LENGTH bytes and of KIND. */
static void
write_message(Fixture *fixture, guint32 length, guint8 kind)
{
    const wsb_frame_header header = { .length = length, .kind = kind };
    g_autofree char *bytes = g_strnfill(sizeof(header) + length, 'x');

    memcpy(bytes, &header, sizeof(header));
    g_assert_cmpint(write(fixture->application, bytes, sizeof(header) + length), ==,
                    (gssize)(sizeof(header) + length));
}

static void
send_message(Fixture *fixture, gsize length)
{
    g_autofree char *payload = g_strnfill(length, 'y');
    g_autoptr(GBytes) data = g_bytes_new(payload, length);

    lane_enter(fixture->lanes.a);
    stream_append(fixture->stream, FALSE, data);
    stream_flush(fixture->stream);
    lane_leave(fixture->lanes.a);
}

static void
finish(Fixture *fixture)
{
    lane_enter(fixture->lanes.a);
    stream_finish(fixture->stream);
    lane_leave(fixture->lanes.a);
}

/* All that the application can read now; *ret_end says whether it came to the end of the file. */
static gsize
read_all(Fixture *fixture, gboolean *ret_end)
{
    char buffer[65536];
    gsize total = 0;
    ssize_t n;

    while ((n = read(fixture->application, buffer, sizeof(buffer))) > 0)
        total += (gsize)n;
    g_assert_true(n == 0 || errno == EAGAIN);
    *ret_end = n == 0;
    return total;
}

static void
expect(Fixture *fixture, const char *told)
{
    lane_fixture_settle();
    g_assert_cmpstr(fixture->told->str, ==, told);
    g_string_truncate(fixture->told, 0);
}

static void
test_nothing_before_the_start(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    write_message(fixture, 4, WSB_FRAME_TEXT);
    expect(fixture, "");
    g_assert_cmpuint(stream_get_unread(fixture->stream), ==, 12);
    start(fixture);
    expect(fixture, "t4 ");
    g_assert_cmpuint(stream_get_unread(fixture->stream), ==, 0);
}

static void
test_paused(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    start(fixture);
    pause_reading(fixture, TRUE);
    write_message(fixture, 4, WSB_FRAME_TEXT);
    write_message(fixture, 5, WSB_FRAME_BINARY);
    expect(fixture, "");
    pause_reading(fixture, FALSE);
    expect(fixture, "t4 b5 ");
}

/* A descriptor that has been hung up is reported to who polls it, whatever it asks for: no turn may be made of it. */
static void
test_hung_up_while_paused(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    start(fixture);
    pause_reading(fixture, TRUE);
    write_message(fixture, 4, WSB_FRAME_TEXT);
    hang_up(fixture);
    expect(fixture, ""); /* would not settle */
    pause_reading(fixture, FALSE);
    expect(fixture, "t4 hung-up ");
}

static void
test_hung_up_before_the_start(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    fixture->free_in_event = TRUE;
    shutdown(fixture->application, SHUT_WR);
    expect(fixture, "hung-up ");
}

static void
test_freed_from_each_event(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    fixture->free_in_event = TRUE;
    start(fixture);
    write_message(fixture, 4, WSB_FRAME_TEXT);
    write_message(fixture, 5, WSB_FRAME_TEXT);
    expect(fixture, "t4 ");
}

static void
test_fault(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    start(fixture);
    write_message(fixture, 1, WSB_FRAME_TEXT);
    write_message(fixture, 1, 77);
    write_message(fixture, 1, WSB_FRAME_TEXT);
    expect(fixture, "t1 fault ");
}

static void
test_full(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gboolean end = FALSE;
    gsize total = 0;

    start(fixture);
    send_message(fixture, 1000 * 1000);
    expect(fixture, "full ");
    g_assert_true(stream_is_full(fixture->stream));
    while (total < 1000 * 1000 + sizeof(wsb_frame_header)) {
        total += read_all(fixture, &end);
        lane_fixture_settle();
    }
    g_assert_cmpuint(total, ==, 1000 * 1000 + sizeof(wsb_frame_header));
    g_assert_false(end);
    expect(fixture, "room ");
}

static void
test_catch_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gboolean behind;

    start(fixture);
    pause_reading(fixture, TRUE);
    write_message(fixture, 4, WSB_FRAME_TEXT);
    write_message(fixture, 5, WSB_FRAME_TEXT);
    lane_enter(fixture->lanes.a);
    behind = stream_catch_up(fixture->stream, 60 * G_USEC_PER_SEC);
    lane_leave(fixture->lanes.a);
    g_assert_true(behind);
    write_message(fixture, 6, WSB_FRAME_TEXT); /* too late to count */
    expect(fixture, "");
    pause_reading(fixture, FALSE);
    expect(fixture, "t4 t5 caught-up ");
    hang_up(fixture);
    expect(fixture, "hung-up ");
}

static void
test_catch_up_in_time(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    start(fixture);
    pause_reading(fixture, TRUE);
    write_message(fixture, 4, WSB_FRAME_TEXT);
    lane_enter(fixture->lanes.a);
    g_assert_true(stream_catch_up(fixture->stream, 1000));
    lane_leave(fixture->lanes.a);
    while (fixture->told->len == 0)
        lane_fixture_iterate();
    expect(fixture, "caught-up ");
}

static void
test_nothing_to_catch_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    start(fixture);
    lane_enter(fixture->lanes.a);
    g_assert_false(stream_catch_up(fixture->stream, G_USEC_PER_SEC));
    lane_leave(fixture->lanes.a);
    write_message(fixture, 4, WSB_FRAME_TEXT);
    expect(fixture, "");
}

static void
test_finish(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gboolean end = FALSE;
    gsize total = 0;

    start(fixture);
    send_message(fixture, 1000 * 1000);
    expect(fixture, "full ");
    write_message(fixture, 4, WSB_FRAME_TEXT);
    finish(fixture);
    g_assert_cmpint(write(fixture->application, "x", 1), ==, -1);
    fixture->free_in_event = TRUE;
    while (!end) {
        total += read_all(fixture, &end);
        lane_fixture_settle();
    }
    g_assert_cmpuint(total, ==, 1000 * 1000 + sizeof(wsb_frame_header));
    expect(fixture, "ended ");
}

static void
test_finish_without_a_reader(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    start(fixture);
    send_message(fixture, 1000 * 1000);
    expect(fixture, "full ");
    finish(fixture);
    expect(fixture, "");
    hang_up(fixture);
    expect(fixture, "ended ");
}

/* The end of file, not ECONNRESET, though not all that was written had been read. */
static void
test_freed_with_bytes_unread(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gboolean end = FALSE;

    send_message(fixture, 10);
    write_message(fixture, 4, WSB_FRAME_TEXT);
    g_clear_pointer(&fixture->stream, stream_free);
    g_assert_cmpuint(read_all(fixture, &end), ==, 18);
    g_assert_true(end);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* As the service: the application's end may be written to when ours has gone. */
    signal(SIGPIPE, SIG_IGN);
#define ADD(name, function) g_test_add("/stream/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("before-start", test_nothing_before_the_start);
    ADD("paused", test_paused);
    ADD("hung-up-while-paused", test_hung_up_while_paused);
    ADD("hung-up-before-start", test_hung_up_before_the_start);
    ADD("freed-from-event", test_freed_from_each_event);
    ADD("fault", test_fault);
    ADD("full", test_full);
    ADD("catch-up", test_catch_up);
    ADD("catch-up-in-time", test_catch_up_in_time);
    ADD("nothing-to-catch-up", test_nothing_to_catch_up);
    ADD("finish", test_finish);
    ADD("finish-without-reader", test_finish_without_a_reader);
    ADD("freed-with-bytes-unread", test_freed_with_bytes_unread);
    return g_test_run();
}
