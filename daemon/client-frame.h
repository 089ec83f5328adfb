/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Masking keys from the kernel's generator, a few at a time. Starts as all zero. */
typedef struct MaskingKeys {
    guint32 keys[16];
    guint left; /* of them, that have not been used */
} MaskingKeys;

/* A key that nobody can foresee from those before it (RFC 6455 section 5.3). */
guint32 masking_keys_take(MaskingKeys *keys);

/* Bytes that the client's frame at FRAME has in all, by its header, which must be whole. */
gsize client_frame_size(const guint8 *frame);

/* Copies the LENGTH bytes of one whole masked frame to TO, under KEY in place of its own masking key. Bytes that are no
 * such frame are copied as they are. */
void client_frame_remask(guint8 *to, const guint8 *frame, gsize length, guint32 key);

/* A Close frame, masked with zeros. CODE WSB_CLOSE_NO_STATUS: without a payload. REASON has at most 123 bytes. */
GByteArray *client_frame_new_close(guint16 code, const char *reason);
