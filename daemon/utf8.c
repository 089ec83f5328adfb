/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A validator of UTF-8 that can stop anywhere and go on with the next piece, and that rejects a byte as soon as
 * it cannot be right. GLib's judges whole texts only and takes U+0000 for an end. The table of what may follow a
 * lead byte is that of RFC 3629 section 4.
 */

#include "utf8.h"

#include <string.h>

static gboolean
utf8_lead(Utf8State *state, guint8 byte)
{
    if (byte < 0xC2 || byte > 0xF4)
        return FALSE;
    state->lower = 0x80;
    state->upper = 0xBF;
    if (byte < 0xE0) {
        state->needed = 1;
    } else if (byte < 0xF0) {
        state->needed = 2;
        if (byte == 0xE0)
            state->lower = 0xA0; /* shorter forms exist */
        else if (byte == 0xED)
            state->upper = 0x9F; /* surrogates */
    } else {
        state->needed = 3;
        if (byte == 0xF0)
            state->lower = 0x90;
        else if (byte == 0xF4)
            state->upper = 0x8F; /* beyond U+10FFFF */
    }
    return TRUE;
}

static gsize
skip_ascii(const guint8 *data, gsize length)
{
    gsize at = 0;

    for (; at + sizeof(guint64) <= length; at += sizeof(guint64)) {
        guint64 word;

        memcpy(&word, data + at, sizeof(word));
        if (word & G_GUINT64_CONSTANT(0x8080808080808080))
            break;
    }
    while (at < length && data[at] < 0x80)
        at++;
    return at;
}

gboolean
utf8_feed(Utf8State *state, const guint8 *data, gsize length)
{
    for (gsize at = 0; at < length; at++) {
        if (state->needed == 0) {
            at += skip_ascii(data + at, length - at);
            if (at == length)
                break;
            if (!utf8_lead(state, data[at]))
                return FALSE;
        } else {
            if (data[at] < state->lower || data[at] > state->upper)
                return FALSE;
            state->needed--;
            state->lower = 0x80;
            state->upper = 0xBF;
        }
    }
    return TRUE;
}

gboolean
utf8_complete(const Utf8State *state)
{
    return state->needed == 0;
}

gboolean
utf8_valid(const guint8 *data, gsize length)
{
    Utf8State state = { 0 };

    return utf8_feed(&state, data, length) && utf8_complete(&state);
}
