/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes of a stream to messages: in any pieces, and whatever they are. */

#include "row.h"
#include "stream-reader.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static void
append(GByteArray *bytes, guint8 kind, const void *data, gsize length)
{
    const wsb_frame_header header = { .length = (guint32)length, .kind = kind };

    g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
    g_byte_array_append(bytes, data, (guint)length);
}

static void
feed(StreamReader *reader, const guint8 *bytes, gsize length)
{
    while (length > 0) {
        void *room = NULL;
        gsize size = 0, n;

        g_assert_cmpint(stream_reader_get_room(reader, &room, &size), ==, 0);
        g_assert_cmpuint(size, >, 0);
        n = MIN(length, size);
        memcpy(room, bytes, n);
        stream_reader_add(reader, n);
        bytes += n;
        length -= n;
    }
}

/* Each as "KIND LENGTH:BYTES ", so that one too many or out of order shows. */
static void
drain(StreamReader *reader, GString *heard)
{
    StreamMessage message = { 0 };
    int r;

    while ((r = stream_reader_next(reader, &message)) > 0) {
        g_assert_cmpint(((const char *)message.data)[message.length], ==, '\0');
        g_string_append_printf(heard, "%d %zu:", (int)message.kind, message.length);
        g_string_append_len(heard, message.data, (gssize)MIN(message.length, (gsize)8));
        g_string_append_c(heard, ' ');
    }
    g_assert_cmpint(r, ==, 0);
}

static GByteArray *
make_batch(const char **ret_heard)
{
    GByteArray *bytes = g_byte_array_new();

    append(bytes, WSB_FRAME_TEXT, "one", 3);
    append(bytes, WSB_FRAME_BINARY, "", 0);
    append(bytes, WSB_FRAME_TEXT, "", 0);
    append(bytes, WSB_FRAME_BINARY, "\1\2\3\4\5\6\7\1", 8);
    append(bytes, WSB_FRAME_TEXT, "last", 4);
    *ret_heard = "1 3:one 2 0: 1 0: 2 8:\1\2\3\4\5\6\7\1 1 4:last ";
    return bytes;
}

static void
test_pieces(void)
{
    const char *expected = NULL;
    g_autoptr(GByteArray) bytes = make_batch(&expected);

    for (gsize step = 1; step <= bytes->len; step++) {
        g_autoptr(GString) heard = g_string_new(NULL);
        StreamReader reader = { 0 };

        for (gsize at = 0; at < bytes->len; at += step) {
            feed(&reader, bytes->data + at, MIN(step, bytes->len - at));
            drain(&reader, heard);
        }
        g_assert_cmpstr(heard->str, ==, expected);
        stream_reader_clear(&reader);
    }
}

/* Small ones and ones that need more than the memory there is, one after the other. */
static void
test_sizes(void)
{
    static const gsize sizes[] = { 1, 100, 200000, 5, 131072, 131063, 131064, 3000000, 2, 32768, 700000, 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree char *data = g_malloc(3000000);
    g_autoptr(GString) expected = g_string_new(NULL), heard = g_string_new(NULL);
    StreamReader reader = { 0 };

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        memset(data, (int)('a' + i), sizes[i]);
        append(bytes, WSB_FRAME_TEXT, data, sizes[i]);
        g_string_append_printf(expected, "1 %zu:%.*s ", sizes[i], MIN((int)sizes[i], 8), data);
    }
    for (gsize at = 0; at < bytes->len;) {
        void *room = NULL;
        gsize size = 0, n;

        g_assert_cmpint(stream_reader_get_room(&reader, &room, &size), ==, 0);
        n = MIN(size, bytes->len - at);
        memcpy(room, bytes->data + at, n);
        stream_reader_add(&reader, n);
        drain(&reader, heard);
        at += n;
    }
    g_assert_cmpstr(heard->str, ==, expected->str);
    stream_reader_clear(&reader);
}

/* A length is not believed: memory follows the bytes that have come. */
static void
test_lying_length(void)
{
    const wsb_frame_header header = { .length = 1 << 30, .kind = WSB_FRAME_BINARY };
    StreamReader reader = { 0 };
    StreamMessage message = { 0 };
    gsize given = 0;

    feed(&reader, (const guint8 *)&header, sizeof(header));
    g_assert_cmpint(stream_reader_next(&reader, &message), ==, 0);
    while (given < 1000000) {
        void *room = NULL;
        gsize size = 0;

        g_assert_cmpint(stream_reader_get_room(&reader, &room, &size), ==, 0);
        g_assert_cmpuint(reader.buffer.capacity, <=, MAX(2 * given + 65536, (gsize)256 * 1024));
        memset(room, 'x', size);
        stream_reader_add(&reader, size);
        given += size;
        g_assert_cmpint(stream_reader_next(&reader, &message), ==, 0);
    }
    stream_reader_clear(&reader);
}

static void
test_no_header(void)
{
    static const struct {
        const char *name;
        wsb_frame_header header;
    } cases[] = {
        { "kind 0", { .length = 0, .kind = 0 } },
        { "kind 3", { .length = 1, .kind = 3 } },
        { "kind 255", { .length = 1, .kind = 255 } },
        { "reserved 1", { .kind = WSB_FRAME_TEXT, .reserved = { 1, 0, 0 } } },
        { "reserved 2", { .kind = WSB_FRAME_TEXT, .reserved = { 0, 1, 0 } } },
        { "reserved 3", { .kind = WSB_FRAME_BINARY, .reserved = { 0, 0, 1 } } },
        { "over 1 GiB", { .length = (1u << 30) + 1, .kind = WSB_FRAME_BINARY } },
        { "4 GiB", { .length = G_MAXUINT32, .kind = WSB_FRAME_TEXT } },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        StreamReader reader = { 0 };
        StreamMessage message = { 0 };

        test_row(cases[i].name);
        append(bytes, WSB_FRAME_TEXT, "good", 4);
        g_byte_array_append(bytes, (const guint8 *)&cases[i].header, sizeof(cases[i].header));
        feed(&reader, bytes->data, bytes->len);
        g_assert_cmpint(stream_reader_next(&reader, &message), ==, 1);
        g_assert_cmpstr(message.data, ==, "good");
        g_assert_cmpint(stream_reader_next(&reader, &message), ==, -EBADMSG);
        g_assert_cmpint(stream_reader_next(&reader, &message), ==, -EBADMSG);
        stream_reader_clear(&reader);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/stream-reader/pieces", test_pieces);
    g_test_add_func("/library/stream-reader/sizes", test_sizes);
    g_test_add_func("/library/stream-reader/lying-length", test_lying_length);
    g_test_add_func("/library/stream-reader/no-header", test_no_header);
    return g_test_run();
}
