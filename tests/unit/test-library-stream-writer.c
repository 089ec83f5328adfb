/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages to the bytes of a stream: in how many writes, and with a peer that does not read. */

#include "stream-writer.h"

#include "socket-pair.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>

static int
get_fd(const SocketPair *pair)
{
    return g_socket_get_fd(pair->socket);
}

static void
send_text(StreamWriter *writer, const SocketPair *pair, const char *text)
{
    g_assert_cmpint(stream_writer_send(writer, get_fd(pair), WSB_MESSAGE_TEXT, text, strlen(text)), ==, 0);
}

/* One write of the writer's, as "KIND LENGTH:BYTES " for each message in it. */
static char *
read_write(SocketPair *pair)
{
    g_autoptr(GString) heard = g_string_new(NULL);
    guint8 bytes[4096];
    gssize n = socket_pair_read(pair, bytes, sizeof(bytes));

    for (gssize at = 0; at < n;) {
        wsb_frame_header header;

        memcpy(&header, bytes + at, sizeof(header));
        g_assert_cmpint(header.reserved[0] | header.reserved[1] | header.reserved[2], ==, 0);
        at += (gssize)sizeof(header);
        g_assert_cmpint(at + (gssize)header.length, <=, n);
        g_string_append_printf(heard, "%d %u:%.*s ", header.kind, header.length, (int)header.length,
                               bytes + at);
        at += header.length;
    }
    return g_string_free(g_steal_pointer(&heard), n < 0);
}

static void
assert_write(SocketPair *pair, const char *expected)
{
    g_autofree char *heard = read_write(pair);

    g_assert_cmpstr(heard, ==, expected);
}

static void
test_at_once(void)
{
    g_autoptr(SocketPair) pair = socket_pair_new(SOCK_SEQPACKET);
    StreamWriter writer = { 0 };

    send_text(&writer, pair, "lone");
    assert_write(pair, "1 4:lone ");
    g_assert_cmpint(stream_writer_send(&writer, get_fd(pair), WSB_MESSAGE_BINARY, "", 0), ==, 0);
    assert_write(pair, "2 0: ");
    assert_write(pair, NULL);
    g_assert_true(stream_writer_is_done(&writer));
    g_assert_cmpuint(writer.written, ==, writer.accepted);
    g_assert_cmpuint(writer.written, ==, 20);
    stream_writer_clear(&writer);
}

static void
test_gathered(void)
{
    g_autoptr(SocketPair) pair = socket_pair_new(SOCK_SEQPACKET);
    StreamWriter writer = { 0 };

    for (const char *text = "abc"; *text; text++)
        g_assert_cmpint(stream_writer_add(&writer, WSB_MESSAGE_TEXT, text, 1), ==, 0);
    assert_write(pair, NULL);
    stream_writer_flush(&writer, get_fd(pair));
    assert_write(pair, "1 1:a 1 1:b 1 1:c ");

    /* What was gathered goes out with what is sent, and before it. */
    g_assert_cmpint(stream_writer_add(&writer, WSB_MESSAGE_BINARY, "d", 1), ==, 0);
    send_text(&writer, pair, "e");
    assert_write(pair, "2 1:d 1 1:e ");
    g_assert_true(stream_writer_is_done(&writer));
    stream_writer_clear(&writer);
}

/* Reads all that is there, and checks that it goes on with what was expected AT bytes from the beginning. */
static gsize
read_and_check(SocketPair *pair, const GByteArray *expected, gsize at)
{
    guint8 bytes[65536];
    gssize n;

    while ((n = socket_pair_read(pair, bytes, sizeof(bytes))) > 0) {
        g_assert_cmpuint(at + (gsize)n, <=, expected->len);
        g_assert_cmpint(memcmp(bytes, expected->data + at, (gsize)n), ==, 0);
        at += (gsize)n;
    }
    return at;
}

static void
send_and_expect(StreamWriter *writer, const SocketPair *pair, GByteArray *expected, guint number,
                gsize length)
{
    const wsb_frame_header header = { .length = (guint32)length, .kind = WSB_FRAME_BINARY };
    g_autofree guint8 *data = g_malloc(length + 1);

    memset(data, (int)number, length);
    g_byte_array_append(expected, (const guint8 *)&header, sizeof(header));
    g_byte_array_append(expected, data, (guint)length);
    g_assert_cmpint(stream_writer_send(writer, get_fd(pair), WSB_MESSAGE_BINARY, data, length), ==, 0);
}

/* Messages that are cut by a full socket at any place, headers included. */
static void
test_full(void)
{
    g_autoptr(SocketPair) pair = socket_pair_new(SOCK_STREAM);
    g_autoptr(GByteArray) expected = g_byte_array_new();
    StreamWriter writer = { 0 };
    gsize at = 0;

    for (guint i = 0; i < 3000; i++)
        send_and_expect(&writer, pair, expected, i, i % 100 == 0 ? 300000 : i % 251);
    g_assert_true(writer.full);
    g_assert_false(stream_writer_is_done(&writer));
    g_assert_cmpuint(writer.accepted, ==, expected->len);
    while (!stream_writer_is_done(&writer)) {
        gsize before = at;

        at = read_and_check(pair, expected, at);
        g_assert_cmpuint(at, >, before);
        g_assert_cmpuint(writer.written, ==, at);
        stream_writer_flush(&writer, get_fd(pair));
    }
    g_assert_cmpuint(read_and_check(pair, expected, at), ==, expected->len);
    g_assert_cmpuint(writer.written, ==, writer.accepted);
    stream_writer_clear(&writer);
}

/* Without a signal, and once and for all. */
static void
test_nobody_there(void)
{
    g_autoptr(SocketPair) pair = socket_pair_new(SOCK_STREAM);
    StreamWriter writer = { 0 };

    g_assert_cmpint(stream_writer_add(&writer, WSB_MESSAGE_TEXT, "gathered", 8), ==, 0);
    socket_pair_close_peer(pair);
    send_text(&writer, pair, "into the void");
    g_assert_true(writer.broken);
    g_assert_true(stream_writer_is_done(&writer));
    send_text(&writer, pair, "again");
    g_assert_cmpint(stream_writer_add(&writer, WSB_MESSAGE_TEXT, "gathered", 8), ==, 0);
    stream_writer_flush(&writer, get_fd(pair));
    g_assert_cmpuint(writer.written, ==, 0);
    g_assert_cmpuint(writer.accepted, ==, 16 + 21 + 13 + 16);
    stream_writer_clear(&writer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/stream-writer/at-once", test_at_once);
    g_test_add_func("/library/stream-writer/gathered", test_gathered);
    g_test_add_func("/library/stream-writer/full", test_full);
    g_test_add_func("/library/stream-writer/nobody-there", test_nobody_there);
    return g_test_run();
}
