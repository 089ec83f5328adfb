/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages towards the application: framed, gathered, whole and in order, whatever the socket takes at a time. */

#include "stream-output.h"

#include "bytes.h"
#include "wsbroker-protocol.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Link {
    StreamOutput output;
    int ours, peer;
} Link;

/* TYPE is SOCK_SEQPACKET where the test counts writes: each arrives by itself. */
static void
link_init(Link *link, int type)
{
    int pair[2];

    *link = (Link){ 0 };
    g_assert_cmpint(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), ==, 0);
    link->ours = pair[0];
    link->peer = pair[1];
}

static void
link_clear(Link *link)
{
    stream_output_clear(&link->output);
    close(link->ours);
    if (link->peer >= 0)
        close(link->peer);
}

static void
append(Link *link, GByteArray *expected, gboolean text, gsize length, char fill)
{
    g_autofree char *payload = g_strnfill(length, fill);
    g_autoptr(GBytes) data = g_bytes_new(payload, length);
    const wsb_frame_header header = { .length = (guint32)length,
                                      .kind = text ? WSB_FRAME_TEXT : WSB_FRAME_BINARY };

    g_byte_array_append(expected, (const guint8 *)&header, sizeof(header));
    g_byte_array_append(expected, (const guint8 *)payload, (guint)length);
    stream_output_append(&link->output, text, data);
}

static void
test_a_batch_is_one_write(void)
{
    g_autoptr(GByteArray) expected = g_byte_array_new();
    char buffer[1024];
    Link link;

    link_init(&link, SOCK_SEQPACKET);
    for (guint round = 0; round < 3; round++) {
        g_byte_array_set_size(expected, 0);
        append(&link, expected, TRUE, 5, 'a');
        append(&link, expected, FALSE, 0, '\0');
        append(&link, expected, FALSE, 100, 'b');
        g_assert_cmpuint(stream_output_get_backlog(&link.output), ==, expected->len);
        g_assert_true(stream_output_flush(&link.output, link.ours));
        g_assert_cmpuint(stream_output_get_backlog(&link.output), ==, 0);
        assert_bytes(buffer, recv(link.peer, buffer, sizeof(buffer), 0), expected->data, expected->len);
        g_assert_cmpint(recv(link.peer, buffer, sizeof(buffer), 0), ==, -1);
        g_assert_true(stream_output_flush(&link.output, link.ours)); /* nothing to do */
    }
    link_clear(&link);
}

/* More than the socket takes, in sizes that are copied, that are referenced, and on the edge. */
static void
test_nothing_is_lost(void)
{
    static const gsize sizes[] = { 1, 0, 16384, 16385, 70000, 3, 1000000, 40, 20000, 20000, 16383 };
    g_autoptr(GByteArray) expected = g_byte_array_new();
    g_autoptr(GByteArray) received = g_byte_array_new();
    Link link;

    link_init(&link, SOCK_STREAM);
    for (guint round = 0; round < 4; round++) {
        for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
            append(&link, expected, i % 2 == 0, sizes[i], (char)('a' + i));
    }
    while (received->len < expected->len) {
        guint8 buffer[10007];
        ssize_t n;

        g_assert_true(stream_output_flush(&link.output, link.ours));
        n = recv(link.peer, buffer, sizeof(buffer), 0);
        g_assert_cmpint(n, >, 0);
        g_byte_array_append(received, buffer, (guint)n);
        g_assert_cmpuint(stream_output_get_backlog(&link.output), <=, expected->len - received->len);
    }
    assert_bytes(received->data, received->len, expected->data, expected->len);
    g_assert_cmpuint(stream_output_get_backlog(&link.output), ==, 0);
    link_clear(&link);
}

static void
test_reader_that_is_gone(void)
{
    g_autoptr(GByteArray) expected = g_byte_array_new();
    Link link;

    link_init(&link, SOCK_STREAM);
    close(link.peer);
    link.peer = -1;
    append(&link, expected, TRUE, 10, 'x');
    g_assert_false(stream_output_flush(&link.output, link.ours));
    link_clear(&link);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream-output/batch", test_a_batch_is_one_write);
    g_test_add_func("/stream-output/nothing-lost", test_nothing_is_lost);
    g_test_add_func("/stream-output/reader-gone", test_reader_that_is_gone);
    return g_test_run();
}
