/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The frames that the service sends. Messages and Close frames are made here, because libsoup 3.2 masks them byte by byte
 * into a copy of their own, and cannot send every code that a Close frame may have; pings and pongs are libsoup's.
 *
 * No frame goes out under a masking key of libsoup's. It takes them from GLib's ordinary generator, whose future can be
 * computed from 624 of its numbers: a server that works together with an application would know how to choose a payload
 * that looks like HTTP to a proxy in between (RFC 6455 section 10.3), and would learn the keys of other applications'
 * connections. Ours are the kernel's.
 */

#include "client-frame.h"

#include <string.h>
#include <sys/random.h>

enum { KEY_SIZE = 4 };

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

gsize
client_frame_size(const guint8 *frame)
{
    return frame_header_get_size(frame) + KEY_SIZE + (gsize)frame_header_get_length(frame);
}

void
client_frame_mask(guint8 *to, const guint8 *payload, gsize length, guint32 key)
{
    guint64 wide = (guint64)key << 32 | key;
    guint8 narrow[KEY_SIZE];
    gsize at = 0;

    for (; at + sizeof(wide) <= length; at += sizeof(wide)) {
        guint64 word;

        memcpy(&word, payload + at, sizeof(word));
        word ^= wide;
        memcpy(to + at, &word, sizeof(word));
    }
    memcpy(narrow, &key, sizeof(narrow));
    for (; at < length; at++)
        to[at] = payload[at] ^ narrow[at % KEY_SIZE];
}

void
client_frame_remask(guint8 *to, const guint8 *frame, gsize length, guint32 key)
{
    gsize offset;
    guint32 old_key;

    if (length < 2 || !(frame[1] & BIT_MASK) || length < frame_header_get_size(frame) + KEY_SIZE) {
        if (length > 0)
            memcpy(to, frame, length);
        return;
    }
    offset = frame_header_get_size(frame);
    memcpy(&old_key, frame + offset, KEY_SIZE);
    memcpy(to, frame, offset);
    memcpy(to + offset, &key, KEY_SIZE);
    offset += KEY_SIZE;
    client_frame_mask(to + offset, frame + offset, length - offset, old_key ^ key);
}

gsize
client_frame_write_header(guint8 *to, FrameOpcode opcode, gsize length, guint32 key)
{
    gsize extended = length > G_MAXUINT16 ? 8 : length >= LENGTH_16 ? 2 : 0;

    to[0] = (guint8)(BIT_FIN | opcode);
    to[1] = (guint8)(BIT_MASK | (extended == 8 ? LENGTH_64 : extended == 2 ? LENGTH_16 : length));
    for (gsize i = 0; i < extended; i++)
        to[2 + i] = (guint8)((guint64)length >> (8 * (extended - 1 - i)));
    memcpy(to + 2 + extended, &key, KEY_SIZE);
    return 2 + extended + KEY_SIZE;
}
