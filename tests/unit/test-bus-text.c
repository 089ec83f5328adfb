/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whatever a server says becomes a string that every bus takes. */

#include "bus-text.h"

#include "bytes.h"
#include "row.h"
#include "utf8.h"

#include <string.h>

#define REPLACED "\xef\xbf\xbd"

static const struct Case {
    const char *bytes;
    gsize length;
    const char *text;
    gboolean valid; /* as it is */
} cases[] = {
    { BYTES(""), "", TRUE },
    { BYTES("plain"), "plain", TRUE },
    { BYTES("tab\tand\nnewline\x01\x7f"), "tab\tand\nnewline\x01\x7f", TRUE },
    { BYTES("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"), "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80", TRUE },
    { BYTES("\xef\xbf\xbd"), REPLACED, TRUE },
    { BYTES("\xee\x80\x80\xef\xb7\x8f\xef\xb7\xb0"), "\xee\x80\x80\xef\xb7\x8f\xef\xb7\xb0", TRUE },
    { BYTES("\xf4\x8f\xbf\xbd"), "\xf4\x8f\xbf\xbd", TRUE }, /* U+10FFFD */

    { BYTES("\0"), REPLACED, FALSE },
    { BYTES("a\0b"), "a" REPLACED "b", FALSE },
    { BYTES("ab\0"), "ab" REPLACED, FALSE },
    { BYTES("\xef\xbf\xbe"), REPLACED, FALSE },
    { BYTES("\xef\xbf\xbf"), REPLACED, FALSE },
    { BYTES("\xef\xb7\x90.\xef\xb7\xaf"), REPLACED "." REPLACED, FALSE },
    { BYTES("\xf0\x9f\xbf\xbe"), REPLACED, FALSE }, /* U+1FFFE */
    { BYTES("\xf4\x8f\xbf\xbf"), REPLACED, FALSE }, /* U+10FFFF */
    { BYTES("\xc3\xbc\0"), "\xc3\xbc" REPLACED, FALSE },

    { BYTES("caf\xe9"), "caf\xc3\xa9", FALSE },
    { BYTES("\xff\x80\xa0"), "\xc3\xbf\xc2\x80\xc2\xa0", FALSE },
    { BYTES("\xc3"), "\xc3\x83", FALSE },
    { BYTES("\xe9\0"), "\xc3\xa9" REPLACED, FALSE },
    { BYTES("\xed\xa0\x80"), "\xc3\xad\xc2\xa0\xc2\x80", FALSE },
};

static void
test_text(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *bytes = g_memdup2(cases[i].bytes, cases[i].length);
        g_autofree char *text = bus_text_new(bytes, cases[i].length);

        test_row(cases[i].text);
        g_assert_cmpstr(text, ==, cases[i].text);
        g_assert_cmpint(bus_text_is_valid(bytes, cases[i].length), ==, cases[i].valid);
        g_assert_true(bus_text_is_valid(text, strlen(text)));
    }
}

static gboolean
is_noncharacter(guint32 c)
{
    return (c & 0xffff) >= 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

static void
test_every_character(void)
{
    for (guint32 c = 0; c <= 0x10ffff; c++) {
        char bytes[8];
        gsize length;
        gboolean expected = c != 0 && !is_noncharacter(c);

        if (c >= 0xd800 && c < 0xe000)
            continue;
        length = (gsize)g_unichar_to_utf8(c, bytes);
        if (bus_text_is_valid(bytes, length) != expected)
            g_error("U+%04X: valid is %d", c, expected);
        g_assert_true(utf8_valid((const guint8 *)bytes, length));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus-text/text", test_text);
    g_test_add_func("/bus-text/every-character", test_every_character);
    return g_test_run();
}
