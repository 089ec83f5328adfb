/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "frame-header.h"

/* Masking keys from the kernel's generator, a few at a time. Starts as all zero. */
typedef struct MaskingKeys {
    guint32 keys[64];
    guint left; /* of them, that have not been used */
} MaskingKeys;

/* A key that nobody can foresee from those before it (RFC 6455 section 5.3). */
guint32 masking_keys_take(MaskingKeys *keys);

/* Bytes that the client's frame at FRAME has in all, by its header, which must be whole. */
gsize client_frame_size(const guint8 *frame);

/* Copies the LENGTH bytes of one whole masked frame to TO, under KEY in place of its own masking key. Bytes that are no
 * such frame are copied as they are. */
void client_frame_remask(guint8 *to, const guint8 *frame, gsize length, guint32 key);

enum { CLIENT_FRAME_HEADER_MAX = 14 };

/* Writes to TO the header of a whole frame with LENGTH bytes of payload, which are masked with KEY. Returns its size. */
gsize client_frame_write_header(guint8 *to, FrameOpcode opcode, gsize length, guint32 key);

/* Masks with KEY LENGTH bytes of PAYLOAD, whose offset in the frame's payload is a multiple of four, into TO. */
void client_frame_mask(guint8 *to, const guint8 *payload, gsize length, guint32 key);
