/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Servers' bytes as D-Bus strings: nothing that a server sends may make a bus refuse our message. */

#include "bus-text.h"

#include "utf8.h"

#define REPLACEMENT 0xFFFD

static gboolean
is_noncharacter(gunichar c)
{
    return (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

gboolean
bus_text_is_valid(const char *bytes, gsize length)
{
    const guint8 *at = (const guint8 *)bytes, *end = at + length;

    if (!utf8_valid(at, length))
        return FALSE;
    for (; at < end; at = (const guint8 *)g_utf8_next_char(at)) {
        /* Noncharacters begin with EF or a lead byte of four; ASCII needs only the look at U+0000. */
        if (*at == 0 || (*at >= 0xEF && is_noncharacter(g_utf8_get_char((const char *)at))))
            return FALSE;
    }
    return TRUE;
}

char *
bus_text_new(const char *bytes, gsize length)
{
    gboolean utf8 = utf8_valid((const guint8 *)bytes, length);
    GString *text = g_string_sized_new(length);

    for (const char *at = bytes; at < bytes + length; at = utf8 ? g_utf8_next_char(at) : at + 1) {
        gunichar c = utf8 ? g_utf8_get_char(at) : (guint8)*at;

        g_string_append_unichar(text, c == 0 || is_noncharacter(c) ? REPLACEMENT : c);
    }
    return g_string_free(text, FALSE);
}
