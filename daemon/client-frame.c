/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The frames that the service sends, where libsoup 3.2 does not make them as they should be. It takes masking keys
 * from GLib's ordinary generator, whose future can be computed from 624 of its numbers: a server that works together
 * with an application would know how to choose a payload that looks like HTTP to a proxy in between (RFC 6455
 * section 10.3), and would learn the keys of other applications' connections. So every frame gets a key of the
 * kernel's generator on its way out. And it cannot send every code that a Close frame may have.
 */

#include "client-frame.h"

#include "wsbroker-protocol.h"

#include <string.h>
#include <sys/random.h>

enum {
    FIN_AND_CLOSE = 0x88,
    BIT_MASK = 0x80,
    BITS_LENGTH = 0x7F,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    KEY_SIZE = 4
};

guint32
masking_keys_take(MaskingKeys *keys)
{
    if (keys->left == 0) {
        /* So few bytes come whole and without waiting once the system has started. */
        if (getrandom(keys->keys, sizeof(keys->keys), 0) != (gssize)sizeof(keys->keys))
            g_error("The kernel gives no random numbers");
        keys->left = G_N_ELEMENTS(keys->keys);
    }
    return keys->keys[--keys->left];
}

/* Bytes before the masking key. */
static gsize
key_offset(const guint8 *frame)
{
    switch (frame[1] & BITS_LENGTH) {
    case LENGTH_16:
        return 4;
    case LENGTH_64:
        return 10;
    default:
        return 2;
    }
}

gsize
client_frame_size(const guint8 *frame)
{
    gsize offset = key_offset(frame), length = 0;

    if (offset == 2)
        length = frame[1] & BITS_LENGTH;
    for (gsize i = 2; i < offset; i++)
        length = length << 8 | frame[i];
    return offset + KEY_SIZE + length;
}

/* TO gets LENGTH bytes of FROM, of which PATTERN is taken again and again. */
static void
copy_xor(guint8 *to, const guint8 *from, gsize length, guint32 pattern)
{
    guint64 wide = (guint64)pattern << 32 | pattern;
    guint8 narrow[KEY_SIZE];
    gsize at = 0;

    for (; at + sizeof(wide) <= length; at += sizeof(wide)) {
        guint64 word;

        memcpy(&word, from + at, sizeof(word));
        word ^= wide;
        memcpy(to + at, &word, sizeof(word));
    }
    memcpy(narrow, &pattern, sizeof(narrow));
    for (; at < length; at++)
        to[at] = from[at] ^ narrow[at % KEY_SIZE];
}

void
client_frame_remask(guint8 *to, const guint8 *frame, gsize length, guint32 key)
{
    gsize offset;
    guint32 old_key;

    if (length < 2 || !(frame[1] & BIT_MASK) || length < key_offset(frame) + KEY_SIZE) {
        memcpy(to, frame, length);
        return;
    }
    offset = key_offset(frame);
    memcpy(&old_key, frame + offset, KEY_SIZE);
    memcpy(to, frame, offset);
    memcpy(to + offset, &key, KEY_SIZE);
    offset += KEY_SIZE;
    copy_xor(to + offset, frame + offset, length - offset, old_key ^ key);
}

GByteArray *
client_frame_new_close(guint16 code, const char *reason)
{
    guint8 header[] = { FIN_AND_CLOSE, BIT_MASK, 0, 0, 0, 0 };
    const guint8 payload[] = { (guint8)(code >> 8), (guint8)code };
    GByteArray *frame = g_byte_array_new();

    if (code == WSB_CLOSE_NO_STATUS) {
        g_byte_array_append(frame, header, sizeof(header));
        return frame;
    }
    g_assert(strlen(reason) <= WSB_CLOSE_REASON_MAX);
    header[1] |= (guint8)(sizeof(payload) + strlen(reason));
    g_byte_array_append(frame, header, sizeof(header));
    g_byte_array_append(frame, payload, sizeof(payload));
    g_byte_array_append(frame, (const guint8 *)reason, (guint)strlen(reason));
    return frame;
}
