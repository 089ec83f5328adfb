/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libsoup could do this, but it asks for a KiB at a time and copies each message twice more: half of what receiving
 * costs. What arrives here the scanner has accepted, so nothing can be wrong with it any more, and lengths are bounded.
 * Control frames are passed on as they are.
 */

#include "message-reader.h"

void
message_reader_clear(MessageReader *reader)
{
    payload_clear(&reader->payload);
}

void
message_reader_discard(MessageReader *reader)
{
    payload_clear(&reader->payload);
    reader->discards = TRUE;
}

static gboolean
is_control(const MessageReader *reader)
{
    return (reader->header[0] & BIT_CONTROL) != 0;
}

/* The header is whole. */
static void
begin_frame(MessageReader *reader)
{
    guint8 opcode = reader->header[0] & BITS_OPCODE;

    reader->in_frame = TRUE;
    reader->left = frame_header_get_length(reader->header);
    if (opcode == OPCODE_TEXT || opcode == OPCODE_BINARY) {
        reader->text = opcode == OPCODE_TEXT;
        reader->compressed = (reader->header[0] & BIT_RSV1) != 0;
    }
}

/* As much of a header as there is. Returns how many bytes that is. */
static gsize
take_header(MessageReader *reader, const guint8 *data, gsize length)
{
    gsize taken = 0;

    while (!reader->in_frame && taken < length) {
        reader->header[reader->header_length++] = data[taken++];
        if (reader->header_length >= 2 && reader->header_length == frame_header_get_size(reader->header))
            begin_frame(reader);
    }
    return taken;
}

static void
end_frame(MessageReader *reader)
{
    reader->in_frame = FALSE;
    reader->header_length = 0;
}

/* Up to LENGTH bytes of a payload that is somebody else's. Returns how many. */
static gsize
skip_payload(MessageReader *reader, gsize length)
{
    gsize n = reader->in_frame ? (gsize)MIN(reader->left, length) : 0;

    reader->left -= n;
    if (reader->in_frame && reader->left == 0)
        end_frame(reader);
    return n;
}

/* The next LENGTH bytes of the payload. Returns whether a message is whole that is wanted. */
static gboolean
take_payload(MessageReader *reader, const guint8 *data, gsize length, GBytes **ret_message)
{
    gboolean last = !reader->discards && (reader->header[0] & BIT_FIN) && length == reader->left;

    /* One that is here as a whole is copied once, into a block of its size. */
    if (last && reader->payload.length == 0) {
        *ret_message = g_bytes_new(data, length);
    } else if (!reader->discards) {
        payload_append(&reader->payload, data, length, reader->payload.length + (gsize)reader->left);
        if (last)
            *ret_message = payload_take(&reader->payload);
    }
    reader->left -= length;
    if (reader->left == 0)
        end_frame(reader);
    return last;
}

MessageReaderResult
message_reader_take(MessageReader *reader, const guint8 *data, gsize length, gsize *ret_taken,
                    GBytes **ret_message, gboolean *ret_text)
{
    gsize at = 0;

    while (at < length) {
        gboolean begins = !reader->in_frame && reader->header_length == 0;
        gsize n;

        /* A control frame is told by itself. */
        if (begins && at > 0 && (data[at] & BIT_CONTROL))
            break;
        n = take_header(reader, data + at, length - at);
        if (is_control(reader)) {
            *ret_taken = n + skip_payload(reader, length - n);
            return MESSAGE_READER_CONTROL;
        }
        at += n;
        if (!reader->in_frame)
            break;
        n = (gsize)MIN(reader->left, length - at);
        if (n == 0 && reader->left > 0)
            break;
        if (take_payload(reader, data + at, n, ret_message)) {
            *ret_text = reader->text;
            *ret_taken = at + n;
            return MESSAGE_READER_MESSAGE;
        }
        at += n;
    }
    *ret_taken = at;
    return MESSAGE_READER_MORE;
}
