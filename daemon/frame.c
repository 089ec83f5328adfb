/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libsoup bounds a frame but not a message of many fragments, and looks at text only when a message is whole.
 * This scanner runs over the same bytes before libsoup gets them and closes both gaps; what it refuses libsoup
 * never sees, nor a Close frame: libsoup would answer some that are right as if they were wrong, and no ping after
 * that. It keeps nothing but the frame header and a control frame's payload, at most 135 bytes.
 */

#include "frame.h"

#include "bus-text.h"
#include "wsbroker-protocol.h"

#include <string.h>

enum { CONTROL_MAX = 125 };

guint16
frame_fault_to_close_code(FrameFault fault)
{
    switch (fault) {
    case FRAME_FAULT_DATA:
        return WSB_CLOSE_INVALID_DATA;
    case FRAME_FAULT_TOO_BIG:
        return WSB_CLOSE_TOO_BIG;
    default:
        return WSB_CLOSE_PROTOCOL_ERROR;
    }
}

void
frame_scanner_init(FrameScanner *scanner, guint64 max_message_size)
{
    memset(scanner, 0, sizeof(*scanner));
    scanner->max_message_size = max_message_size;
}

void
frame_scanner_clear(FrameScanner *scanner)
{
    g_clear_pointer(&scanner->close_reason, g_free);
}

static FrameFault
fault(FrameScanner *scanner, FrameFault kind, const char *text)
{
    scanner->fault_text = text;
    return kind;
}

static FrameFault
protocol_fault(FrameScanner *scanner, const char *text)
{
    return fault(scanner, FRAME_FAULT_PROTOCOL, text);
}

/* The two bytes that every frame begins with, as soon as both are there. */
static FrameFault
check_start(FrameScanner *scanner)
{
    guint8 first = scanner->header[0], opcode = first & BITS_OPCODE;
    guint8 rsv_allowed =
        scanner->deflate && (opcode == OPCODE_TEXT || opcode == OPCODE_BINARY) ? BIT_RSV1 : 0;

    if (first & BITS_RSV & ~rsv_allowed)
        return protocol_fault(scanner, "a reserved bit is set");
    if (scanner->header[1] & BIT_MASK)
        return protocol_fault(scanner, "a server's frame is masked");
    switch (opcode) {
    case OPCODE_CONTINUATION:
        if (scanner->message_opcode == 0)
            return protocol_fault(scanner, "a continuation of no message");
        break;
    case OPCODE_TEXT:
    case OPCODE_BINARY:
        if (scanner->message_opcode != 0)
            return protocol_fault(scanner, "a message begins inside another");
        break;
    case OPCODE_CLOSE:
    case OPCODE_PING:
    case OPCODE_PONG:
        if (!(first & BIT_FIN))
            return protocol_fault(scanner, "a control frame is fragmented");
        if ((scanner->header[1] & BITS_LENGTH) > CONTROL_MAX)
            return protocol_fault(scanner, "a control frame has more than 125 bytes");
        break;
    default:
        return protocol_fault(scanner, "a reserved opcode");
    }
    return FRAME_FAULT_NONE;
}

static FrameFault
read_length(FrameScanner *scanner, guint64 *ret_length)
{
    guint8 short_length = scanner->header[1] & BITS_LENGTH;
    guint64 length = frame_header_get_length(scanner->header);
    guint64 least = short_length == LENGTH_16 ? LENGTH_16 : (guint64)G_MAXUINT16 + 1;

    if (short_length >= LENGTH_16 && length < least)
        return protocol_fault(scanner, "a length is not in its shortest form");
    if (length > G_MAXINT64)
        return protocol_fault(scanner, "a length has its highest bit set");
    *ret_length = length;
    return FRAME_FAULT_NONE;
}

/*
 * What cannot be compressed grows: a byte takes at most nine bits (RFC 1951 section 3.2.6), or five bytes more come
 * with each block, which is a twentieth where a sender has little memory. What it inflates to is bounded to the byte
 * elsewhere.
 */
static guint64
largest_message(const FrameScanner *scanner)
{
    guint64 max = scanner->max_message_size;

    return scanner->compressed ? max + max / 8 + 64 : max;
}

/* The header is whole. */
static FrameFault
begin_frame(FrameScanner *scanner)
{
    guint8 opcode = scanner->header[0] & BITS_OPCODE;
    guint64 length;
    FrameFault kind = read_length(scanner, &length);

    if (kind != FRAME_FAULT_NONE)
        return kind;
    if (opcode & BIT_CONTROL) {
        scanner->control_length = 0;
    } else {
        if (opcode != OPCODE_CONTINUATION) {
            scanner->message_opcode = opcode;
            scanner->message_size = 0;
            scanner->compressed = (scanner->header[0] & BIT_RSV1) != 0;
            scanner->text = (Utf8State){ 0 };
        }
        if (length > largest_message(scanner) - scanner->message_size)
            return fault(scanner, FRAME_FAULT_TOO_BIG, "a message is larger than the limit");
        scanner->message_size += length;
    }
    scanner->payload_left = length;
    scanner->in_payload = TRUE;
    return FRAME_FAULT_NONE;
}

static FrameFault
take_payload(FrameScanner *scanner, const guint8 *data, gsize length)
{
    guint8 opcode = scanner->header[0] & BITS_OPCODE;

    scanner->payload_left -= length;
    if (opcode & BIT_CONTROL) {
        memcpy(scanner->control + scanner->control_length, data, length);
        scanner->control_length = (guint8)(scanner->control_length + length);
    } else if (scanner->message_opcode == OPCODE_TEXT && !scanner->compressed &&
               !utf8_feed(&scanner->text, data, length)) {
        return fault(scanner, FRAME_FAULT_DATA, "a text is not UTF-8");
    }
    return FRAME_FAULT_NONE;
}

/* RFC 6455 section 7.4 and the registry it opens: 1004 to 1006 and 1015 never travel. */
static gboolean
close_code_may_travel(guint16 code)
{
    return (code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006)) ||
           (code >= 3000 && code <= 4999);
}

static FrameFault
end_close(FrameScanner *scanner)
{
    guint16 code = WSB_CLOSE_NO_STATUS;
    const char *reason = (const char *)scanner->control + 2;
    gsize reason_length = 0;

    if (scanner->control_length == 1)
        return protocol_fault(scanner, "a Close frame of one byte");
    if (scanner->control_length >= 2) {
        code = (guint16)(scanner->control[0] << 8 | scanner->control[1]);
        reason_length = scanner->control_length - 2u;
        if (!close_code_may_travel(code))
            return protocol_fault(scanner, "a Close frame has a code that may not be sent");
        if (!utf8_valid((const guint8 *)reason, reason_length))
            return fault(scanner, FRAME_FAULT_DATA, "a close reason is not UTF-8");
    }
    scanner->close_seen = TRUE;
    scanner->close_code = code;
    scanner->close_reason = bus_text_new(reason, reason_length);
    return FRAME_FAULT_NONE;
}

static FrameFault
end_frame(FrameScanner *scanner)
{
    guint8 opcode = scanner->header[0] & BITS_OPCODE;

    scanner->n_frames++;
    scanner->in_payload = FALSE;
    scanner->header_length = 0;
    if (opcode == OPCODE_CLOSE)
        return end_close(scanner);
    if (!(opcode & BIT_CONTROL) && (scanner->header[0] & BIT_FIN)) {
        gboolean text = scanner->message_opcode == OPCODE_TEXT && !scanner->compressed;

        scanner->message_opcode = 0;
        if (text && !utf8_complete(&scanner->text))
            return fault(scanner, FRAME_FAULT_DATA, "a text ends inside a character");
    }
    return FRAME_FAULT_NONE;
}

/* Takes one more byte of a header; begins the frame with the last. */
static FrameFault
take_header_byte(FrameScanner *scanner, guint8 byte)
{
    FrameFault kind = FRAME_FAULT_NONE;

    scanner->header[scanner->header_length++] = byte;
    if (scanner->header_length == 2)
        kind = check_start(scanner);
    if (kind == FRAME_FAULT_NONE && scanner->header_length >= 2 &&
        scanner->header_length == frame_header_get_size(scanner->header))
        kind = begin_frame(scanner);
    return kind;
}

/* Whether a Close frame has begun. Its first byte tells. */
static gboolean
in_close(const FrameScanner *scanner)
{
    return scanner->close_seen ||
           (scanner->header_length > 0 && (scanner->header[0] & BITS_OPCODE) == OPCODE_CLOSE);
}

FrameFault
frame_scanner_feed(FrameScanner *scanner, const guint8 *data, gsize length, gsize *ret_accepted)
{
    FrameFault kind = FRAME_FAULT_NONE;
    gsize at = 0, accepted = 0;

    while (kind == FRAME_FAULT_NONE && at < length && !scanner->close_seen) {
        if (!scanner->in_payload) {
            kind = take_header_byte(scanner, data[at++]);
        } else {
            gsize n = (gsize)MIN(scanner->payload_left, length - at);

            kind = take_payload(scanner, data + at, n);
            at += n;
        }
        if (kind == FRAME_FAULT_NONE && scanner->in_payload && scanner->payload_left == 0)
            kind = end_frame(scanner);
        /* So libsoup never gets the byte that would make it act on what is refused. */
        if (kind == FRAME_FAULT_NONE && !in_close(scanner))
            accepted = at;
    }
    *ret_accepted = accepted;
    return kind;
}
