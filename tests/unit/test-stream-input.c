/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The framing of what an application writes: any bytes, in any pieces. */

#include "stream-input.h"

#include "bytes.h"

typedef struct Reader {
    StreamInput input;
    GString *told; /* each message as "t" or "b", its length, and a digest for long ones */
    guint stop_after;
    guint count;
} Reader;

static gboolean
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    Reader *reader = user_data;
    gsize length = 0;
    const char *bytes = g_bytes_get_data(data, &length);

    g_string_append_printf(reader->told, "%c%" G_GSIZE_FORMAT ":%.*s ", text ? 't' : 'b', length,
                           (int)MIN(length, 8), length > 0 ? bytes : "");
    return ++reader->count != reader->stop_after;
}

static void
reader_init(Reader *reader, gsize max_message_size)
{
    *reader = (Reader){ .told = g_string_new(NULL) };
    stream_input_init(&reader->input, max_message_size, on_message, reader);
}

static void
reader_clear(Reader *reader)
{
    stream_input_clear(&reader->input);
    g_string_free(reader->told, TRUE);
}

/* Appends a frame that claims LENGTH. */
static void
append(GByteArray *bytes, guint32 length, guint8 kind, guint8 reserved, gconstpointer payload, gsize size)
{
    const wsb_frame_header header = { .length = length, .kind = kind, .reserved = { 0, 0, reserved } };

    g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
    if (size > 0)
        g_byte_array_append(bytes, payload, (guint)size);
}

/* As stream.c reads: into the room first, and behind it. */
static FrameFault
feed(Reader *reader, const guint8 *data, gsize length, gsize piece)
{
    FrameFault fault = FRAME_FAULT_NONE;

    while (length > 0 && fault == FRAME_FAULT_NONE) {
        struct iovec room = stream_input_get_room(&reader->input);
        gsize n = MIN(piece, length), in_room = MIN(n, room.iov_len);

        if (in_room > 0)
            memcpy(room.iov_base, data, in_room);
        fault = stream_input_feed(&reader->input, data + in_room, n);
        data += n;
        length -= n;
    }
    return fault;
}

static void
test_pieces(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree char *large = g_strnfill(300000, 'x');
    const gsize pieces[] = { 1, 3, 7, 8, 9, 4096, 65536, 1000000 };

    append(bytes, 5, WSB_FRAME_TEXT, 0, "first", 5);
    append(bytes, 0, WSB_FRAME_TEXT, 0, NULL, 0);
    append(bytes, 0, WSB_FRAME_BINARY, 0, NULL, 0);
    append(bytes, 300000, WSB_FRAME_BINARY, 0, large, 300000);
    append(bytes, 2, WSB_FRAME_BINARY, 0, "\xff\xfe", 2);
    append(bytes, 0, WSB_FRAME_TEXT, 0, NULL, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        Reader reader;

        reader_init(&reader, 300000);
        g_assert_cmpint(feed(&reader, bytes->data, bytes->len, pieces[i]), ==, FRAME_FAULT_NONE);
        g_assert_cmpstr(reader.told->str, ==, "t5:first t0: b0: b300000:xxxxxxxx b2:\xff\xfe t0: ");
        reader_clear(&reader);
    }
}

typedef struct FaultCase {
    const char *name;
    guint32 length;
    guint8 kind, reserved;
    const char *payload;
    FrameFault fault;
} FaultCase;

static const FaultCase fault_cases[] = {
    { "/stream-input/fault/kind-0", 1, 0, 0, "x", FRAME_FAULT_PROTOCOL },
    { "/stream-input/fault/kind-3", 0, 3, 0, "", FRAME_FAULT_PROTOCOL },
    { "/stream-input/fault/kind-and-size", 5000, 9, 0, "", FRAME_FAULT_PROTOCOL },
    { "/stream-input/fault/reserved", 1, WSB_FRAME_TEXT, 1, "x", FRAME_FAULT_PROTOCOL },
    { "/stream-input/fault/too-big", 1001, WSB_FRAME_BINARY, 0, "", FRAME_FAULT_TOO_BIG },
    { "/stream-input/fault/lying-length", G_MAXUINT32, WSB_FRAME_TEXT, 0, "short", FRAME_FAULT_TOO_BIG },
    { "/stream-input/fault/overlong", 2, WSB_FRAME_TEXT, 0, "\xc0\x80", FRAME_FAULT_DATA },
    { "/stream-input/fault/surrogate", 3, WSB_FRAME_TEXT, 0, "\xed\xa0\x80", FRAME_FAULT_DATA },
    { "/stream-input/fault/cut-character", 2, WSB_FRAME_TEXT, 0, "\xe2\x82", FRAME_FAULT_DATA },
};

static void
test_fault(gconstpointer data)
{
    const FaultCase *expected = data;

    for (gsize piece = 1; piece <= 64; piece++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        Reader reader;

        append(bytes, 4, WSB_FRAME_TEXT, 0, "good", 4);
        append(bytes, expected->length, expected->kind, expected->reserved, expected->payload,
               strlen(expected->payload));
        reader_init(&reader, 1000);
        g_assert_cmpint(feed(&reader, bytes->data, bytes->len, piece), ==, expected->fault);
        g_assert_nonnull(reader.input.fault_text);
        g_assert_cmpstr(reader.told->str, ==, "t4:good ");
        reader_clear(&reader);
    }
}

/* Memory follows the bytes that have come, not those that are announced. */
static void
test_announced_length_is_not_believed(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Reader reader;

    append(bytes, 1000 * 1000 * 1000, WSB_FRAME_BINARY, 0, "begun", 5);
    reader_init(&reader, G_MAXUINT32);
    g_assert_cmpint(feed(&reader, bytes->data, bytes->len, 100), ==, FRAME_FAULT_NONE);
    g_assert_cmpuint(reader.input.payload.capacity, <=, 1024 * 1024);
    reader_clear(&reader);
}

static void
test_stops_when_told(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Reader reader;

    for (int i = 0; i < 3; i++)
        append(bytes, 1, WSB_FRAME_TEXT, 0, "x", 1);
    reader_init(&reader, 1000);
    reader.stop_after = 2;
    g_assert_cmpint(stream_input_feed(&reader.input, bytes->data, bytes->len), ==, FRAME_FAULT_NONE);
    g_assert_cmpuint(reader.count, ==, 2);
    reader_clear(&reader);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream-input/pieces", test_pieces);
    for (gsize i = 0; i < G_N_ELEMENTS(fault_cases); i++)
        g_test_add_data_func(fault_cases[i].name, &fault_cases[i], test_fault);
    g_test_add_func("/stream-input/announced-length", test_announced_length_is_not_believed);
    g_test_add_func("/stream-input/stops", test_stops_when_told);
    return g_test_run();
}
