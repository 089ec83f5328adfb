/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bytes of a stream as the library reads them, at once and byte by byte: the same messages either way. */

#include "fuzz.h"

#include "stream-reader.h"

#include <glib.h>
#include <string.h>

/* Kind, length and bytes of what was read go to SEEN. What stream_reader_next() said last. */
static int
take(StreamReader *reader, GByteArray *seen)
{
    StreamMessage message = { 0 };
    int r;

    while ((r = stream_reader_next(reader, &message)) > 0) {
        const guint8 kind = (guint8)message.kind;

        g_assert_cmpint(((const char *)message.data)[message.length], ==, '\0');
        g_byte_array_append(seen, &kind, 1);
        g_byte_array_append(seen, (const guint8 *)&message.length, sizeof(message.length));
        g_byte_array_append(seen, message.data, (guint)message.length);
    }
    return r;
}

static int
read_all(const uint8_t *data, size_t size, size_t step, GByteArray *seen)
{
    StreamReader reader = { 0 };
    int r = 0;

    for (size_t at = 0; at < size && r == 0;) {
        void *room = NULL;
        size_t length = MIN(step, size - at), allowed = 0;

        g_assert_cmpint(stream_reader_get_room(&reader, &room, &allowed), ==, 0);
        length = MIN(length, allowed);
        memcpy(room, data + at, length);
        stream_reader_add(&reader, length);
        r = take(&reader, seen);
        at += length;
    }
    stream_reader_clear(&reader);
    return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) whole = g_byte_array_new(), pieces = g_byte_array_new();

    g_assert_cmpint(read_all(data, size, size, whole), ==, read_all(data, size, 1, pieces));
    g_assert_cmpmem(whole->data, whole->len, pieces->data, pieces->len);
    return 0;
}
