/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How a frame begins, the same both ways but for the masking key (RFC 6455 section 5.2). */
enum {
    BIT_FIN = 0x80, /* of the first byte, as are the next four */
    BIT_RSV1 = 0x40,
    BITS_RSV = 0x70,
    BITS_OPCODE = 0x0F,
    BIT_CONTROL = 0x08,
    BIT_MASK = 0x80, /* of the second, as is the next */
    BITS_LENGTH = 0x7F,

    LENGTH_16 = 126, /* in place of a length: it follows in so many bits */
    LENGTH_64 = 127
};

/* RFC 6455 section 5.2. */
typedef enum {
    OPCODE_CONTINUATION = 0x0,
    OPCODE_TEXT = 0x1,
    OPCODE_BINARY = 0x2,
    OPCODE_CLOSE = 0x8,
    OPCODE_PING = 0x9,
    OPCODE_PONG = 0xA,
} FrameOpcode;

/* Bytes of the header at HEADER without a masking key, of which at least two are there. */
gsize frame_header_get_size(const guint8 *header);

/* The length of the payload that the header at HEADER tells, which is whole but for a masking key. */
guint64 frame_header_get_length(const guint8 *header);
