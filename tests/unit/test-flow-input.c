/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reading side of the metered stream: what is handed on, when, and what never is. */

#include "flow-fixture.h"

#include "bytes.h"

#include <sys/socket.h>
#include <zlib.h>

enum { TURN_BUDGET = 64 * 1024 };

/* A binary frame of SIZE bytes of payload, 126 to 65535. */
static GByteArray *
frame_new(guint size)
{
    GByteArray *frame = g_byte_array_sized_new(size + 4);
    guint8 header[] = { 0x82, 126, (guint8)(size >> 8), (guint8)size };

    g_byte_array_append(frame, header, sizeof(header));
    g_byte_array_set_size(frame, size + 4);
    for (guint i = 0; i < size; i++)
        frame->data[i + 4] = (guint8)(i * 7);
    return frame;
}

static void
test_read(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    guint progress;

    flow_fixture_settle();
    g_assert_false(g_pollable_input_stream_is_readable(fixture->input));
    socket_pair_write(fixture->pair, BYTES("\x81\x05hel"));
    flow_fixture_settle();
    g_assert_cmpuint(fixture->received->len, ==, 0);
    socket_pair_write(fixture->pair, BYTES("lo"));
    flow_fixture_wait_received(fixture, 7);
    flow_fixture_settle();
    flow_fixture_assert_received(fixture, BYTES("\x81\x05hello"));
    progress = fixture->progress;
    g_assert_cmpuint(progress, >=, 2);
    flow_fixture_settle();
    g_assert_cmpuint(fixture->progress, ==, progress); /* an idle connection costs nothing */
}

/* Between messages, and within one of several frames, the reader gets control frames, and nothing else. */
static void
test_control_frames(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    static const char bytes[] = "\x89\x00\x01\x02he\x8a\x03pon\x00\x02ll\x89\x01!\x80\x01o\x81\x02hi\x8a\x00";
    static const char received[] = "\x89\x00\x8a\x03pon\x89\x01!\x81\x05hello\x81\x02hi\x8a\x00";

    for (gsize piece = 1; piece < sizeof(bytes); piece++) {
        g_byte_array_set_size(fixture->received, 0);
        for (gsize at = 0; at < sizeof(bytes) - 1; at += piece) {
            socket_pair_write(fixture->pair, bytes + at, MIN(piece, sizeof(bytes) - 1 - at));
            flow_fixture_settle();
        }
        flow_fixture_wait_received(fixture, sizeof(received) - 1);
        flow_fixture_assert_received(fixture, received, sizeof(received) - 1);
    }
}

static void
test_leftover(void)
{
    g_autoptr(GBytes) leftover = g_bytes_new_static(BYTES("\x81\x02hi\x81"));
    FlowFixture fixture;

    flow_fixture_init(&fixture, SOCK_STREAM, leftover);
    socket_pair_write(fixture.pair, BYTES("\x02ho"));
    flow_fixture_wait_received(&fixture, 8);
    flow_fixture_assert_received(&fixture, BYTES("\x81\x02hi\x81\x02ho"));
    flow_fixture_clear(&fixture);
}

/* With nothing behind it, leftover is read without a byte from the socket. */
static void
test_leftover_alone(void)
{
    g_autofree char *payload = g_strnfill(FLOW_MAX_BACKLOG - 10, 'x');
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GBytes) leftover = NULL;
    FlowFixture fixture;

    g_byte_array_append(bytes, (const guint8 *)"\x82\x7e\xff\xf0", 4);
    g_byte_array_append(bytes, (const guint8 *)payload, 0xfff0);
    leftover = g_bytes_new(bytes->data, bytes->len);
    flow_fixture_init(&fixture, SOCK_STREAM, leftover);
    flow_fixture_wait_received(&fixture, bytes->len);
    flow_fixture_assert_received(&fixture, (const char *)bytes->data, bytes->len);
    flow_fixture_clear(&fixture);
}

static void
test_pause(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_settle();
    socket_pair_write(fixture->pair, BYTES("\x81\x02hi"));
    flow_fixture_wait_received(fixture, 4);
    for (guint i = 2; i <= 4; i++) {
        flow_set_paused(fixture->flow, TRUE);
        flow_set_paused(fixture->flow, TRUE); /* once more changes nothing */
        socket_pair_write(fixture->pair, BYTES("\x81\x02hi"));
        flow_fixture_settle();
        g_assert_cmpuint(fixture->received->len, ==, (i - 1) * 4);
        g_assert_false(g_pollable_input_stream_is_readable(fixture->input));
        flow_set_paused(fixture->flow, FALSE);
        flow_fixture_wait_received(fixture, i * 4);
    }
}

/* A pause takes effect at once, also for bytes that were read already. */
static void
test_pause_within(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GByteArray) frame = frame_new(10000);
    guint8 buffer[1024];
    g_autoptr(GError) error = NULL;

    flow_fixture_stop_reading(fixture);
    socket_pair_write(fixture->pair, frame->data, frame->len);
    flow_set_paused(fixture->flow, TRUE);
    g_assert_cmpint(
        g_pollable_input_stream_read_nonblocking(fixture->input, buffer, sizeof(buffer), NULL, &error), ==,
        -1);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    flow_fixture_start_reading(fixture);
    flow_fixture_settle();
    g_assert_cmpuint(fixture->received->len, ==, 0);
    flow_set_paused(fixture->flow, FALSE);
    flow_fixture_wait_received(fixture, frame->len);
    flow_fixture_assert_received(fixture, (const char *)frame->data, frame->len);
}

/* Nobody waits to read for a while: what came in the meantime is not forgotten. */
static void
test_reader_comes_back(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_settle();
    flow_fixture_stop_reading(fixture);
    socket_pair_write(fixture->pair, BYTES("\x81\x02hi"));
    flow_fixture_settle();
    flow_fixture_start_reading(fixture);
    flow_fixture_wait_received(fixture, 4);
    flow_fixture_stop_reading(fixture);
    flow_fixture_settle();
    flow_fixture_start_reading(fixture);
    socket_pair_write(fixture->pair, BYTES("\x81\x00"));
    flow_fixture_wait_received(fixture, 6);
}

/* Messages that nobody wants are not put together, nor inflated: those that are wrong are not found out. */
static void
test_discard(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    const char *text = NULL;
    guint16 code = 0;

    socket_pair_write(fixture->pair, BYTES("\x81\x02hi\x02\x03hel"));
    flow_fixture_wait_received(fixture, 4);
    flow_discard_messages(fixture->flow);
    socket_pair_write(fixture->pair, BYTES("\x80\x02lo\x81\x02ho\xc2\x01\x07\x89\x01!\xc2\x00"));
    flow_fixture_wait_received(fixture, 7);
    flow_fixture_settle();
    flow_fixture_assert_received(fixture, BYTES("\x81\x02hi\x89\x01!"));
    g_assert_cmpint(flow_get_fault(fixture->flow, &text), ==, FRAME_FAULT_NONE);
    socket_pair_write(fixture->pair, BYTES("\x88\x00"));
    flow_fixture_settle();
    g_assert_true(flow_get_close(fixture->flow, &code, &text));
}

/* A compressed message of as many zero bytes as one may have, and behind them what is no block. */
static GByteArray *
wrong_bomb_new(void)
{
    g_autofree guint8 *zeros = g_new0(guint8, FLOW_MAX_MESSAGE);
    GByteArray *frame = frame_new(4096);
    z_stream zlib = { .next_in = zeros,
                      .avail_in = FLOW_MAX_MESSAGE,
                      .next_out = frame->data + 4,
                      .avail_out = frame->len - 4 };

    g_assert_cmpint(deflateInit2(&zlib, /* level= */ 9, Z_DEFLATED, /* windowBits= */ -15, /* memLevel= */ 8,
                                 Z_DEFAULT_STRATEGY),
                    ==, Z_OK);
    g_assert_cmpint(deflate(&zlib, Z_SYNC_FLUSH), ==, Z_OK);
    g_assert_cmpuint(zlib.avail_out, >, 0);
    memset(zlib.next_out, 0xff, zlib.avail_out);
    deflateEnd(&zlib);
    frame->data[0] |= 0x40;
    return frame;
}

/* Nor does the one go on that is being inflated. */
static void
test_discard_while_inflating(FlowFixture *fixture, gconstpointer discard)
{
    g_autoptr(GByteArray) bomb = wrong_bomb_new();
    const char *text = NULL;

    flow_fixture_settle();
    socket_pair_write(fixture->pair, bomb->data, bomb->len);
    while (socket_pair_unread(fixture->pair) > 0)
        flow_fixture_iterate();
    g_assert_cmpint(flow_get_fault(fixture->flow, &text), ==, FRAME_FAULT_NONE);
    if (discard)
        flow_discard_messages(fixture->flow);
    flow_fixture_settle();
    g_assert_cmpint(flow_get_fault(fixture->flow, &text), ==, discard ? FRAME_FAULT_NONE : FRAME_FAULT_DATA);
    socket_pair_write(fixture->pair, BYTES("\x89\x01!"));
    flow_fixture_settle();
    flow_fixture_assert_received(fixture, "\x89\x01!", discard ? 3 : 0);
}

/* Writes FRAME to the peer as often as there is room. */
static void
flood(FlowFixture *fixture, const GByteArray *frame, gsize *at)
{
    for (;;) {
        gssize n = send(fixture->pair->peer, frame->data + *at, frame->len - *at, MSG_DONTWAIT);

        if (n < 0)
            return;
        *at = (*at + (gsize)n) % frame->len;
    }
}

/* Two servers that flood: no turn hands on more than its budget, and neither has two turns in a row. */
static void
test_flooded(void)
{
    g_autoptr(GByteArray) frame = frame_new(60000);
    g_autoptr(GString) turns = g_string_new(NULL);
    FlowFixture a, b;
    gsize at_a = 0, at_b = 0;
    int size = 512 * 1024;

    flow_fixture_init(&a, SOCK_STREAM, NULL);
    flow_fixture_init(&b, SOCK_STREAM, NULL);
    (void)setsockopt(a.pair->peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    (void)setsockopt(b.pair->peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    a.turns = b.turns = turns;
    a.name = 'a';
    b.name = 'b';
    while (turns->len < 60) {
        flood(&a, frame, &at_a);
        flood(&b, frame, &at_b);
        flow_fixture_iterate();
    }
    /* Of the first message that a turn tells, most may have been read in turns before. */
    g_assert_cmpuint(a.largest_turn, <=, TURN_BUDGET + frame->len);
    g_assert_cmpuint(b.largest_turn, <=, TURN_BUDGET + frame->len);
    g_assert_null(strstr(turns->str, "aa"));
    g_assert_null(strstr(turns->str, "bb"));
    for (gsize i = 0; i < a.received->len; i++)
        g_assert_cmpuint(a.received->data[i], ==, frame->data[i % frame->len]);
    flow_fixture_clear(&a);
    flow_fixture_clear(&b);
}

/* What is refused. */

static const struct FaultCase {
    const char *bytes;
    gsize length;
    gsize handed_on;
    FrameFault fault;
} fault_cases[] = {
    { BYTES("\x81\x02hi\x81\x82masked"), 4, FRAME_FAULT_PROTOCOL },
    { BYTES("\x81\x02hi\x89\x01!\x83\x00"), 7, FRAME_FAULT_PROTOCOL },
    { BYTES("\x81\x02hi\x81\x01\xff"), 4, FRAME_FAULT_DATA },
    { BYTES("\x82\x00\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x01much"), 2, FRAME_FAULT_TOO_BIG },
};

/* The byte that shows a fault is withheld, and so is all that follows; the fault is told when what came before it has
 * been handed on. */
static void
test_fault(FlowFixture *fixture, gconstpointer data)
{
    const struct FaultCase *row = data;
    const char *text = NULL;
    guint8 buffer[1024];

    flow_fixture_settle();
    flow_fixture_stop_reading(fixture);
    socket_pair_write(fixture->pair, row->bytes, row->length);
    flow_fixture_settle();
    /* A message needs no reader, a control frame does. */
    if (fixture->received->len < row->handed_on)
        g_assert_cmpint(flow_get_fault(fixture->flow, &text), ==, FRAME_FAULT_NONE);
    flow_fixture_start_reading(fixture);
    flow_fixture_wait_received(fixture, row->handed_on);
    flow_fixture_assert_received(fixture, row->bytes, row->handed_on);
    g_assert_cmpint(flow_get_fault(fixture->flow, &text), ==, row->fault);
    g_assert_cmpstr(text, !=, "");
    g_assert_cmpuint(fixture->progress, >=, 1);

    socket_pair_write(fixture->pair, BYTES("\x81\x02hi"));
    socket_pair_close_peer(fixture->pair);
    while (!fixture->ended)
        flow_fixture_iterate();
    g_assert_cmpuint(fixture->received->len, ==, row->handed_on);
    g_assert_cmpint(g_pollable_input_stream_read_nonblocking(fixture->input, buffer, 1, NULL, NULL), <=, 0);
}

static void
test_close(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    static const char close[] = "\x81\x02hi\x88\x05\x03\xe9"
                                "bye";
    const char *reason = NULL;
    guint16 code = 0;

    flow_fixture_settle();
    socket_pair_write(fixture->pair, close, 8);
    flow_fixture_wait_received(fixture, 4);
    flow_fixture_settle();
    g_assert_false(flow_get_close(fixture->flow, &code, &reason));
    socket_pair_write(fixture->pair, close + 8, sizeof(close) - 1 - 8);
    socket_pair_write(fixture->pair, BYTES("\x81\x80garbage"));
    while (!flow_get_close(fixture->flow, &code, &reason))
        flow_fixture_iterate();
    g_assert_cmpuint(code, ==, 1001);
    g_assert_cmpstr(reason, ==, "bye");
    g_assert_cmpint(flow_get_fault(fixture->flow, &reason), ==, FRAME_FAULT_NONE);
    socket_pair_close_peer(fixture->pair);
    while (!fixture->ended)
        flow_fixture_iterate();
    /* Not the Close frame, nor what came behind it. */
    flow_fixture_assert_received(fixture, close, 4);
}

/* It counts as said only when what came before it has been read, not when it has arrived. */
static void
test_close_not_read_yet(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    const char *reason = NULL;
    guint16 code = 0;

    flow_set_paused(fixture->flow, TRUE);
    socket_pair_write(fixture->pair, BYTES("\x82\x00\x88\x00"));
    flow_fixture_settle();
    g_assert_false(flow_get_close(fixture->flow, &code, &reason));
    flow_set_paused(fixture->flow, FALSE);
    flow_fixture_wait_received(fixture, 2);
    flow_fixture_settle();
    g_assert_true(flow_get_close(fixture->flow, &code, &reason));
    g_assert_cmpuint(code, ==, 1005);
    g_assert_cmpstr(reason, ==, "");
}

static void
test_end(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    socket_pair_write(fixture->pair, BYTES("\x81\x05he"));
    socket_pair_close_peer(fixture->pair);
    while (!fixture->ended)
        flow_fixture_iterate();
    flow_fixture_assert_received(fixture, BYTES(""));
    g_assert_cmpint(flow_get_fault(fixture->flow, &(const char *){ NULL }), ==, FRAME_FAULT_NONE);
}

static void
test_end_while_paused(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_settle();
    flow_set_paused(fixture->flow, TRUE);
    socket_pair_write(fixture->pair, BYTES("\x81\x00"));
    socket_pair_close_peer(fixture->pair);
    flow_fixture_settle();
    g_assert_false(fixture->ended);
    flow_set_paused(fixture->flow, FALSE);
    while (!fixture->ended)
        flow_fixture_iterate();
    flow_fixture_assert_received(fixture, BYTES("\x81\x00"));
}

#define ADD(name, test)                                                                                      \
    g_test_add("/flow-input/" name, FlowFixture, NULL, flow_fixture_set_up, test, flow_fixture_tear_down)

static void
add_faults(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(fault_cases); i++) {
        g_autofree char *path = g_strdup_printf("/flow-input/fault/%" G_GSIZE_FORMAT, i);

        g_test_add(path, FlowFixture, &fault_cases[i], flow_fixture_set_up, test_fault,
                   flow_fixture_tear_down);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("read", test_read);
    ADD("control-frames", test_control_frames);
    g_test_add_func("/flow-input/leftover", test_leftover);
    g_test_add_func("/flow-input/leftover-alone", test_leftover_alone);
    ADD("pause", test_pause);
    ADD("pause-within", test_pause_within);
    ADD("discard", test_discard);
    ADD("reader-comes-back", test_reader_comes_back);
    g_test_add_func("/flow-input/flooded", test_flooded);
    g_test_add("/flow-input/inflating", FlowFixture, GUINT_TO_POINTER(FALSE), flow_fixture_set_up,
               test_discard_while_inflating, flow_fixture_tear_down);
    g_test_add("/flow-input/discard-while-inflating", FlowFixture, GUINT_TO_POINTER(TRUE),
               flow_fixture_set_up, test_discard_while_inflating, flow_fixture_tear_down);
    add_faults();
    ADD("close", test_close);
    ADD("close-not-read-yet", test_close_not_read_yet);
    ADD("end", test_end);
    ADD("end-while-paused", test_end_while_paused);
    return g_test_run();
}
