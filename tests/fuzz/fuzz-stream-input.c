/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an application writes to its stream, at once and in pieces of each small size: the same messages, each within
 * the limit and of valid text, and the same fault. */

#include "fuzz.h"

#include "stream-input.h"

#include <string.h>

enum { MESSAGE_MAX = 1024 };

static gboolean
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    GByteArray *told = user_data;
    gsize length = 0;
    gconstpointer bytes = g_bytes_get_data(data, &length);
    const guint32 head[] = { text ? 1 : 0, (guint32)length };

    g_assert_cmpuint(length, <=, MESSAGE_MAX);
    g_assert_true(!text || utf8_valid(bytes, length));
    g_byte_array_append(told, (const guint8 *)head, sizeof(head));
    g_byte_array_append(told, bytes, (guint)length);
    return TRUE;
}

/* As stream.c reads: into the room first, and behind it. */
static FrameFault
read_all(const uint8_t *data, size_t size, size_t piece, GByteArray *told)
{
    StreamInput input;
    FrameFault fault = FRAME_FAULT_NONE;

    stream_input_init(&input, MESSAGE_MAX, on_message, told);
    for (size_t at = 0; at < size && fault == FRAME_FAULT_NONE;) {
        const struct iovec room = stream_input_get_room(&input);
        size_t length = MIN(piece, size - at), in_room = MIN(length, room.iov_len);

        if (in_room > 0)
            memcpy(room.iov_base, data + at, in_room);
        fault = stream_input_feed(&input, data + at + in_room, length);
        at += length;
    }
    g_assert_cmpint(fault != FRAME_FAULT_NONE, ==, input.fault_text != NULL);
    stream_input_clear(&input);
    return fault;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    FrameFault fault = size > 0 ? read_all(data, size, size, whole) : FRAME_FAULT_NONE;

    for (size_t piece = 1; piece <= 9; piece += 2) {
        g_autoptr(GByteArray) pieces = g_byte_array_new();

        g_assert_cmpint(read_all(data, size, piece, pieces), ==, fault);
        g_assert_cmpmem(pieces->data, pieces->len, whole->data, whole->len);
    }
    return 0;
}
