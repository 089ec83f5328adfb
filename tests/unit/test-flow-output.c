/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The writing side of the metered stream: through at once or gathered, never lost, never counted wrong. */

#include "flow-fixture.h"

#include "bytes.h"
#include "client-frame.h"

#include <sys/socket.h>

/* Each write of the flow's arrives by itself. */
static void
set_up_counting(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_init(fixture, SOCK_SEQPACKET, NULL);
}

static void
write_all(FlowFixture *fixture, gconstpointer data, gsize length)
{
    g_autoptr(GError) error = NULL;
    gssize n = g_pollable_output_stream_write_nonblocking(fixture->output, data, length, NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpint(n, ==, (gssize)length); /* always whole */
}

static void
assert_arrives(FlowFixture *fixture, const char *text)
{
    char buffer[256];
    gssize n = socket_pair_read(fixture->pair, buffer, sizeof(buffer));

    if (text == NULL)
        g_assert_cmpint(n, ==, -1);
    else
        assert_bytes(buffer, MAX(n, 0), text, strlen(text));
}

static void
test_written_through(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_settle();
    for (guint i = 0; i < 3; i++) {
        write_all(fixture, "alone", 5);
        assert_arrives(fixture, "alone"); /* before any turn */
        flow_fixture_settle();
        assert_arrives(fixture, NULL);
    }
}

static void
test_gathered(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_settle();
    write_all(fixture, "first", 5);
    write_all(fixture, "second", 6);
    write_all(fixture, "third", 5);
    g_assert_cmpuint(flow_get_backlog(fixture->flow), ==, 11);
    assert_arrives(fixture, "first");
    assert_arrives(fixture, NULL);
    flow_fixture_settle();
    assert_arrives(fixture, "secondthird");
    assert_arrives(fixture, NULL);
    g_assert_cmpuint(flow_get_backlog(fixture->flow), ==, 0);
    g_assert_cmpuint(fixture->progress, >=, 1);
}

/* A batch is one write, without a turn; and a lone message after it is written through again. */
static void
test_corked(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_settle();
    for (guint i = 0; i < 2; i++) {
        flow_set_corked(fixture->flow, TRUE);
        write_all(fixture, "first", 5);
        write_all(fixture, "second", 6);
        assert_arrives(fixture, NULL);
        flow_set_corked(fixture->flow, FALSE);
        assert_arrives(fixture, "firstsecond");
        assert_arrives(fixture, NULL);
    }
    write_all(fixture, "alone", 5);
    assert_arrives(fixture, "alone");
}

/* Much in one turn goes out before its end. */
static void
test_gathered_much(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *chunk = g_strnfill(16 * 1024, 'x');
    char byte;

    flow_fixture_settle();
    for (guint i = 0; i < 4; i++)
        write_all(fixture, chunk, 16 * 1024);
    g_assert_cmpuint(flow_get_backlog(fixture->flow), ==, 48 * 1024);
    write_all(fixture, chunk, 16 * 1024);
    g_assert_cmpuint(flow_get_backlog(fixture->flow), ==, 0);
    g_assert_cmpint(socket_pair_read(fixture->pair, &byte, 1), ==, 1);
}

/* What the peer has read, appended to ALL. */
static void
peer_reads(FlowFixture *fixture, GByteArray *all)
{
    guint8 buffer[4096];
    gssize n;

    while ((n = socket_pair_read(fixture->pair, buffer, sizeof(buffer))) > 0)
        g_byte_array_append(all, buffer, (guint)n);
}

/* Bytes that are no masked frame pass as they are. */
static void
write_numbers(FlowFixture *fixture, guint32 from, guint32 to)
{
    for (guint32 i = from; i < to; i++) {
        guint32 bytes = GUINT32_TO_BE(i);

        write_all(fixture, &bytes, sizeof(bytes));
    }
}

/* The peer does not read for a while and then does, again and again. */
static void
test_nothing_lost(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    enum { ROUND = 200 * 1000 };
    g_autoptr(GByteArray) all = g_byte_array_new();

    for (guint32 round = 0; round < 4; round++) {
        write_numbers(fixture, round * ROUND, round * ROUND + ROUND / 2);
        flow_fixture_settle();
        g_assert_cmpuint(flow_get_backlog(fixture->flow), >, 0);
        write_numbers(fixture, round * ROUND + ROUND / 2, (round + 1) * ROUND);
        if (round % 2 == 1)
            peer_reads(fixture, all);
    }
    while (flow_get_backlog(fixture->flow) > 0) {
        peer_reads(fixture, all);
        flow_fixture_iterate();
    }
    peer_reads(fixture, all);
    g_assert_cmpuint(all->len, ==, 4 * ROUND * sizeof(guint32));
    for (guint32 i = 0; i < 4 * ROUND; i++) {
        guint32 number;

        memcpy(&number, all->data + i * sizeof(number), sizeof(number));
        g_assert_cmpuint(GUINT32_FROM_BE(number), ==, i);
    }
}

/* A peer that sends but does not read is not read from either, until it does. */
static void
test_backlog_pauses_reading(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *chunk = g_strnfill(64 * 1024, 'x');
    g_autoptr(GByteArray) all = g_byte_array_new();

    flow_fixture_settle();
    while (flow_get_backlog(fixture->flow) <= FLOW_MAX_BACKLOG)
        write_all(fixture, chunk, 64 * 1024);
    flow_fixture_settle();
    socket_pair_write(fixture->pair, BYTES("\x81\x02hi"));
    flow_fixture_settle();
    flow_fixture_assert_received(fixture, "", 0);
    while (fixture->received->len == 0) {
        peer_reads(fixture, all);
        flow_fixture_iterate();
    }
    flow_fixture_assert_received(fixture, BYTES("\x81\x02hi"));
    g_assert_cmpuint(flow_get_backlog(fixture->flow), <=, FLOW_MAX_BACKLOG);
}

/* A peer that has gone takes nothing more; its last words are still read. */
static void
test_peer_gone(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_settle();
    socket_pair_write(fixture->pair, BYTES("\x81\x02hi"));
    socket_pair_close_peer(fixture->pair);
    write_all(fixture, "lost", 4);
    write_all(fixture, "lost", 4);
    g_assert_cmpuint(flow_get_backlog(fixture->flow), ==, 0);
    while (!fixture->ended)
        flow_fixture_iterate();
    flow_fixture_assert_received(fixture, BYTES("\x81\x02hi"));
}

static void
test_shutdown_output(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    char byte;

    flow_fixture_settle();
    flow_shutdown_output(fixture->flow);
    g_assert_cmpint(socket_pair_read(fixture->pair, &byte, 1), ==, 0);
    socket_pair_write(fixture->pair, BYTES("\x81\x02hi"));
    flow_fixture_wait_received(fixture, 4);
    g_assert_false(fixture->ended);
    socket_pair_close_peer(fixture->pair);
    while (!fixture->ended)
        flow_fixture_iterate();
}

/* A client's frame with NUMBER as its payload, masked with zeros. */
static void
write_frame(FlowFixture *fixture, guint32 number, gsize filler)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    gsize size = sizeof(number) + filler;
    const guint8 header[] = { 0x82, 0x80 | 126, (guint8)(size >> 8), (guint8)size, 0, 0, 0, 0 };

    g_byte_array_append(frame, header, sizeof(header));
    g_byte_array_append(frame, (const guint8 *)&number, sizeof(number));
    g_byte_array_set_size(frame, (guint)(sizeof(header) + size));
    write_all(fixture, frame->data, frame->len);
}

/* Frames 0, 1, 2, … without a gap, then LAST; how many there are in all. */
static guint32
count_frames(const GByteArray *all, guint32 last, gsize filler)
{
    const gsize size = 8 + sizeof(guint32) + filler;
    guint32 count = 0;

    g_assert_cmpuint(all->len % size, ==, 0);
    for (gsize at = 0; at < all->len; at += size, count++) {
        guint32 key, number;

        memcpy(&key, all->data + at + 4, sizeof(key));
        memcpy(&number, all->data + at + 8, sizeof(number));
        g_assert_cmpuint(all->data[at], ==, 0x82);
        g_assert_cmpuint(number ^ key, ==, at + size == all->len ? last : count);
    }
    return count;
}

/* What has been begun is finished and what has not is never sent, however much of it the peer had read before. */
static void
test_discard(FlowFixture *fixture, gconstpointer data)
{
    enum { FRAMES = 2000, FILLER = 1000, LAST = 0x7fffffff };
    gsize before = GPOINTER_TO_SIZE(data);
    g_autoptr(GByteArray) all = g_byte_array_new();
    guint8 buffer[4096];

    flow_fixture_settle();
    for (guint32 i = 0; i < FRAMES; i++)
        write_frame(fixture, i, FILLER);
    flow_fixture_settle();
    while (all->len < before) {
        gssize n = socket_pair_read(fixture->pair, buffer, MIN(sizeof(buffer), before - all->len));

        if (n > 0)
            g_byte_array_append(all, buffer, (guint)n);
        else
            flow_fixture_iterate();
    }
    g_assert_cmpuint(flow_get_backlog(fixture->flow), >, 0);
    flow_discard_backlog(fixture->flow);
    write_frame(fixture, LAST, FILLER);
    while (flow_get_backlog(fixture->flow) > 0) {
        peer_reads(fixture, all);
        flow_fixture_iterate();
    }
    peer_reads(fixture, all);
    g_assert_cmpuint(count_frames(all, LAST, FILLER), <, FRAMES);
}

static void
write_pong(FlowFixture *fixture, guint32 number)
{
    guint8 frame[6 + 125] = { 0x8a, 0x80 | 125 };

    memcpy(frame + 6, &number, sizeof(number));
    write_all(fixture, frame, sizeof(frame));
}

/* Takes the frames in ALL, in order: pongs with rising numbers up to LAST_PONG, messages without a gap. Returns how many
 * pongs there are. */
static guint
check_pongs(const GByteArray *all, guint32 last_pong, guint32 messages)
{
    gint64 pong = -1;
    guint32 message = 0, n_pongs = 0;

    for (gsize at = 0; at < all->len; at += client_frame_size(all->data + at)) {
        gboolean is_pong = all->data[at] == 0x8a;
        guint32 key, number;

        g_assert_true(is_pong || all->data[at] == 0x82);
        memcpy(&key, all->data + at + (is_pong ? 2 : 4), sizeof(key));
        memcpy(&number, all->data + at + (is_pong ? 6 : 8), sizeof(number));
        number ^= key;
        if (is_pong) {
            g_assert_cmpint(number, >, pong);
            pong = number;
            n_pongs++;
        } else {
            g_assert_cmpuint(number, ==, message++);
        }
    }
    g_assert_cmpint(pong, ==, last_pong);
    g_assert_cmpuint(message, ==, messages);
    return n_pongs;
}

/* A peer that pings and does not read. Now and then, by DATA, there is a message of the application's. */
static void
test_pongs(FlowFixture *fixture, gconstpointer data)
{
    enum { PONGS = 20000, PONG_SIZE = 131, FILLER = 1000, SOCKET = 1024 * 1024 };
    guint message_every = GPOINTER_TO_UINT(data);
    g_autoptr(GByteArray) all = g_byte_array_new();
    guint32 messages = 0;
    gsize bound = (gsize)64 * 1024 + PONG_SIZE;
    guint n_pongs;

    flow_fixture_settle();
    for (guint32 i = 0; i < PONGS; i++) {
        write_pong(fixture, i);
        if (message_every > 0 && i % message_every == 0) {
            write_frame(fixture, messages++, FILLER);
            bound += 8 + sizeof(guint32) + FILLER + PONG_SIZE;
        }
        /* The peer takes a byte now and then, wherever that ends. */
        if (i % 1000 == 999) {
            guint8 bytes[777];
            gssize n = socket_pair_read(fixture->pair, bytes, sizeof(bytes));

            g_byte_array_append(all, bytes, (guint)MAX(n, 0));
            flow_fixture_settle();
        }
        g_assert_cmpuint(flow_get_backlog(fixture->flow), <=, bound);
    }
    while (flow_get_backlog(fixture->flow) > 0) {
        peer_reads(fixture, all);
        flow_fixture_iterate();
    }
    peer_reads(fixture, all);
    n_pongs = check_pongs(all, PONGS - 1, messages);
    g_assert_cmpuint(n_pongs, <, PONGS / 2);
    g_assert_cmpuint(n_pongs, <=, (bound + SOCKET) / PONG_SIZE);
}

/* As long as the peer reads, each ping has its pong. */
static void
test_each_pong(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    enum { PONGS = 20000 };
    g_autoptr(GByteArray) all = g_byte_array_new();

    for (guint32 i = 0; i < PONGS; i++) {
        write_pong(fixture, i);
        if (i % 100 == 99) {
            flow_fixture_settle();
            peer_reads(fixture, all);
        }
    }
    flow_fixture_settle();
    peer_reads(fixture, all);
    g_assert_cmpuint(check_pongs(all, PONGS - 1, 0), ==, PONGS);
}

static void
test_discard_nothing(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GByteArray) all = g_byte_array_new();

    flow_fixture_settle();
    flow_discard_backlog(fixture->flow);
    write_frame(fixture, 0, 0);
    flow_discard_backlog(fixture->flow);
    write_frame(fixture, 1, 0);
    flow_discard_backlog(fixture->flow); /* gathered, and not begun */
    write_frame(fixture, 2, 0);
    flow_fixture_settle();
    peer_reads(fixture, all);
    g_assert_cmpuint(count_frames(all, 2, 0), ==, 2);
}

static void
test_stop(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *chunk = g_strnfill(1024 * 1024, 'x');
    guint progress;

    flow_fixture_settle();
    write_all(fixture, chunk, 1024 * 1024);
    g_assert_cmpuint(flow_get_backlog(fixture->flow), >, 0);
    flow_stop(fixture->flow);
    progress = fixture->progress;
    g_assert_cmpuint(flow_get_backlog(fixture->flow), ==, 0);
    socket_pair_write(fixture->pair, BYTES("\x81\x02hi"));
    write_all(fixture, "dropped", 7);
    flow_set_paused(fixture->flow, TRUE);
    flow_set_paused(fixture->flow, FALSE);
    flow_fixture_settle();
    g_assert_cmpuint(fixture->received->len, ==, 0);
    g_assert_cmpuint(fixture->progress, ==, progress);
}

/* Frames that were masked with one key leave with one each. */
static void
test_masking_keys(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    enum { FRAMES = 100 };
    g_autoptr(GHashTable) keys = g_hash_table_new(NULL, NULL);
    g_autoptr(GByteArray) all = g_byte_array_new();

    flow_fixture_settle();
    for (guint32 i = 0; i < FRAMES; i++)
        write_frame(fixture, i, 126);
    flow_fixture_settle();
    peer_reads(fixture, all);
    g_assert_cmpuint(count_frames(all, FRAMES - 1, 126), ==, FRAMES);
    for (gsize at = 4; at < all->len; at += all->len / FRAMES) {
        guint32 key;

        memcpy(&key, all->data + at, sizeof(key));
        g_hash_table_add(keys, GUINT_TO_POINTER(key));
    }
    g_assert_cmpuint(g_hash_table_size(keys), >, FRAMES - 3);
}

/* It goes out at once, behind what had been gathered. */
static void
test_send_close(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    const guint8 *close;

    flow_fixture_settle();
    write_all(fixture, "first", 5);
    write_all(fixture, "second", 6);
    flow_send_close(fixture->flow, 1012, "why");
    g_assert_cmpuint(flow_get_backlog(fixture->flow), ==, 0);
    peer_reads(fixture, all);
    g_assert_cmpuint(all->len, ==, 11 + 6 + 5);
    assert_bytes(all->data, 11, "firstsecond", 11);
    close = all->data + 11;
    g_assert_cmpuint(close[0], ==, 0x88);
    g_assert_cmpuint(close[1], ==, 0x80 | 5);
    g_assert_cmpuint(close[6] ^ close[2], ==, 1012 >> 8);
    g_assert_cmpuint(close[7] ^ close[3], ==, 1012 & 0xFF);
    g_assert_cmpuint(close[8] ^ close[4], ==, 'w');
    g_assert_cmpuint(close[9] ^ close[5], ==, 'h');
    g_assert_cmpuint(close[10] ^ close[2], ==, 'y');
}

static void
on_closed(GObject *stream, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(g_io_stream_close_finish(G_IO_STREAM(stream), result, &error));
    g_assert_no_error(error);
    *(gboolean *)user_data = TRUE;
}

static void
test_close_async(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gboolean closed = FALSE;
    char byte;

    flow_fixture_stop_reading(fixture);
    g_io_stream_close_async(G_IO_STREAM(fixture->flow), G_PRIORITY_DEFAULT, NULL, on_closed, &closed);
    while (!closed)
        flow_fixture_iterate();
    /* The transport is its owner's to close. */
    g_assert_cmpint(socket_pair_read(fixture->pair, &byte, 1), ==, -1);
}

#define ADD(name, test)                                                                                      \
    g_test_add("/flow-output/" name, FlowFixture, NULL, flow_fixture_set_up, test, flow_fixture_tear_down)
#define ADD_COUNTING(name, test)                                                                             \
    g_test_add("/flow-output/" name, FlowFixture, NULL, set_up_counting, test, flow_fixture_tear_down)

/* After as many bytes as the peer has read, since that moves what is kept. */
static void
add_discards(void)
{
    static const gsize read_before[] = { 0, 1, 1011, 1012, 5000, 300000, 700001, 1100000 };

    for (gsize i = 0; i < G_N_ELEMENTS(read_before); i++) {
        g_autofree char *path = g_strdup_printf("/flow-output/discard/%" G_GSIZE_FORMAT, read_before[i]);

        g_test_add(path, FlowFixture, GSIZE_TO_POINTER(read_before[i]), flow_fixture_set_up, test_discard,
                   flow_fixture_tear_down);
    }
}

/* Unmasks the frame at BYTES and compares it with a message of LENGTH times FILL. Returns the frame's size. */
static gsize
assert_message(const guint8 *bytes, gsize length, char fill)
{
    gsize size = client_frame_size(bytes), header = size - length;
    const guint8 *key = bytes + header - 4;

    g_assert_cmpint(bytes[0], ==, 0x80 | OPCODE_BINARY);
    for (gsize i = 0; i < length; i++) {
        if ((char)(bytes[header + i] ^ key[i % 4]) != fill)
            g_error("byte %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " is wrong", i, length);
    }
    return size;
}

/* Long ones go out in pieces: whatever the transport takes of them, and whatever waits before them. */
static void
test_messages(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    static const gsize sizes[] = { 10, 65536, 65537, 1000000, 65535, 300001, 131072, 0, 200000, 3 };
    g_autoptr(GByteArray) all = g_byte_array_new();
    const guint8 *at;

    for (guint round = 0; round < 3; round++) {
        flow_set_corked(fixture->flow, round == 1);
        for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
            g_autofree char *text = g_strnfill(sizes[i], (char)('a' + i));
            g_autoptr(GBytes) message = g_bytes_new(text, sizes[i]);

            flow_send(fixture->flow, FALSE, message);
            if ((i + round) % 3 == 0)
                peer_reads(fixture, all);
        }
        flow_set_corked(fixture->flow, FALSE);
        flow_fixture_settle();
    }
    while (flow_get_backlog(fixture->flow) > 0) {
        peer_reads(fixture, all);
        flow_fixture_iterate();
    }
    peer_reads(fixture, all);
    at = all->data;
    for (guint round = 0; round < 3; round++) {
        for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
            at += assert_message(at, sizes[i], (char)('a' + i));
    }
    g_assert_true(at == all->data + all->len);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_COUNTING("written-through", test_written_through);
    ADD_COUNTING("gathered", test_gathered);
    ADD_COUNTING("corked", test_corked);
    ADD("gathered-much", test_gathered_much);
    ADD("nothing-lost", test_nothing_lost);
    ADD("messages", test_messages);
    ADD("backlog-pauses-reading", test_backlog_pauses_reading);
    ADD("peer-gone", test_peer_gone);
    ADD("shutdown-output", test_shutdown_output);
    ADD("discard-nothing", test_discard_nothing);
    ADD("each-pong", test_each_pong);
    g_test_add("/flow-output/pongs", FlowFixture, NULL, flow_fixture_set_up, test_pongs,
               flow_fixture_tear_down);
    g_test_add("/flow-output/pongs-and-messages", FlowFixture, GUINT_TO_POINTER(100), flow_fixture_set_up,
               test_pongs, flow_fixture_tear_down);
    add_discards();
    ADD("stop", test_stop);
    ADD("masking-keys", test_masking_keys);
    ADD("send-close", test_send_close);
    ADD("close-async", test_close_async);
    return g_test_run();
}
