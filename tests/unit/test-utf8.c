/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* UTF-8 in pieces: the same answer wherever a text is cut, and the first byte that is wrong is the one refused. */

#include "utf8.h"

#include "bytes.h"
#include "row.h"

#include <string.h>

enum { VALID = -1, CUT_SHORT = -2 };

static const struct Case {
    const char *bytes;
    gsize length;
    int wrong_at; /* index of the first byte that cannot be there, or VALID, or CUT_SHORT */
} cases[] = {
    { BYTES(""), VALID },
    { BYTES("a"), VALID },
    { BYTES("\0"), VALID },
    { BYTES("a\0b"), VALID },
    { BYTES("\x7f"), VALID },
    { BYTES("\xc2\x80"), VALID },
    { BYTES("\xdf\xbf"), VALID },
    { BYTES("\xe0\xa0\x80"), VALID },
    { BYTES("\xed\x9f\xbf"), VALID },
    { BYTES("\xee\x80\x80"), VALID },
    { BYTES("\xef\xb7\x90"), VALID }, /* U+FDD0, a noncharacter */
    { BYTES("\xef\xbf\xbf"), VALID }, /* U+FFFF */
    { BYTES("\xf0\x90\x80\x80"), VALID },
    { BYTES("\xf4\x8f\xbf\xbf"), VALID }, /* U+10FFFF */
    { BYTES("plain, then \xc3\xbc and \xe2\x82\xac and \xf0\x9f\x98\x80"), VALID },

    { BYTES("\xc2"), CUT_SHORT },
    { BYTES("\xe2\x82"), CUT_SHORT },
    { BYTES("\xf0\x9f\x98"), CUT_SHORT },
    { BYTES("long enough for a word\xf0"), CUT_SHORT },

    { BYTES("\x80"), 0 },
    { BYTES("\xbf"), 0 },
    { BYTES("\xc0\x80"), 0 }, /* two bytes for U+0000 */
    { BYTES("\xc1\xbf"), 0 },
    { BYTES("\xf5\x80\x80\x80"), 0 },
    { BYTES("\xff"), 0 },
    { BYTES("\xfe"), 0 },
    { BYTES("\xc2 "), 1 },
    { BYTES("\xc2\xc2\x80"), 1 },
    { BYTES("\xe0\x9f\xbf"), 1 }, /* three bytes for U+07FF */
    { BYTES("\xed\xa0\x80"), 1 }, /* a surrogate */
    { BYTES("\xed\xbf\xbf"), 1 },
    { BYTES("\xf0\x8f\xbf\xbf"), 1 }, /* four bytes for U+FFFF */
    { BYTES("\xf4\x90\x80\x80"), 1 }, /* U+110000 */
    { BYTES("\xe2\x82 "), 2 },
    { BYTES("\xe2\x82\xc3"), 2 },
    { BYTES("\xf0\x9f\x98 "), 3 },
    { BYTES("\xc3\xbc\xbc"), 2 },
    { BYTES("twelve bytes\xff"), 12 },
    { BYTES("\xe2\x82\xac\xe2\x28\xa1"), 4 },
};

/* A copy on the heap, so that a sanitizer sees a read past its end. */
static guint8 *
copy(const struct Case *row)
{
    return g_memdup2(row->bytes, row->length);
}

static void
test_whole(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree guint8 *bytes = copy(&cases[i]);
        Utf8State state = { 0 };

        test_row(cases[i].bytes);
        g_assert_cmpint(utf8_valid(bytes, cases[i].length), ==, cases[i].wrong_at == VALID);
        g_assert_cmpint(utf8_feed(&state, bytes, cases[i].length), ==, cases[i].wrong_at < 0);
        if (cases[i].wrong_at < 0)
            g_assert_cmpint(utf8_complete(&state), ==, cases[i].wrong_at == VALID);
    }
}

static void
test_first_wrong_byte(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree guint8 *bytes = copy(&cases[i]);
        Utf8State state = { 0 };
        int at = 0;

        test_row(cases[i].bytes);
        while ((gsize)at < cases[i].length && utf8_feed(&state, bytes + at, 1))
            at++;
        if (cases[i].wrong_at >= 0)
            g_assert_cmpint(at, ==, cases[i].wrong_at);
        else
            g_assert_cmpuint((gsize)at, ==, cases[i].length);
    }
}

static void
test_every_split(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_row(cases[i].bytes);
        for (gsize split = 0; split <= cases[i].length; split++) {
            g_autofree guint8 *first = g_memdup2(cases[i].bytes, split);
            g_autofree guint8 *rest = g_memdup2(cases[i].bytes + split, cases[i].length - split);
            Utf8State state = { 0 };
            gboolean valid =
                utf8_feed(&state, first, split) && utf8_feed(&state, rest, cases[i].length - split);

            g_assert_cmpint(valid, ==, cases[i].wrong_at < 0);
            if (valid)
                g_assert_cmpint(utf8_complete(&state), ==, cases[i].wrong_at == VALID);
        }
    }
}

/* GLib's own validator knows whole texts without U+0000. */
static void
compare_with_glib(const guint8 *bytes, gsize length)
{
    gboolean expected = g_utf8_validate_len((const char *)bytes, length, NULL);

    if (utf8_valid(bytes, length) != expected)
        g_error("%02x %02x %02x %02x of %" G_GSIZE_FORMAT " bytes: valid is %d", bytes[0], bytes[1], bytes[2],
                bytes[3], length, expected);
}

static void
test_all_short_sequences(void)
{
    guint8 bytes[4] = { 0 };

    for (guint a = 1; a < 256; a++) {
        bytes[0] = (guint8)a;
        compare_with_glib(bytes, 1);
        for (guint b = 1; b < 256; b++) {
            bytes[1] = (guint8)b;
            compare_with_glib(bytes, 2);
            for (guint c = 1; c < 256; c++) {
                bytes[2] = (guint8)c;
                if (a >= 0xe0)
                    compare_with_glib(bytes, 3);
            }
        }
    }
}

static void
test_all_four_byte_bounds(void)
{
    static const guint8 bounds[] = { 0x01, 0x7f, 0x80, 0x8f, 0x90, 0xbf, 0xc0, 0xff };

    for (guint lead = 0xf0; lead < 256; lead++) {
        for (gsize i = 0; i < G_N_ELEMENTS(bounds); i++) {
            for (gsize j = 0; j < G_N_ELEMENTS(bounds); j++) {
                for (gsize k = 0; k < G_N_ELEMENTS(bounds); k++) {
                    guint8 bytes[4] = { (guint8)lead, bounds[i], bounds[j], bounds[k] };

                    compare_with_glib(bytes, sizeof(bytes));
                }
            }
        }
    }
}

/* ASCII is skipped a word at a time: a wrong byte must be seen wherever it stands in one. */
static void
test_behind_ascii(void)
{
    for (gsize length = 1; length <= 40; length++) {
        for (gsize at = 0; at < length; at++) {
            g_autofree guint8 *bytes = g_malloc(length);
            Utf8State state = { 0 };

            memset(bytes, 'a', length);
            g_assert_true(utf8_valid(bytes, length));
            bytes[at] = 0x80;
            g_assert_false(utf8_valid(bytes, length));
            bytes[at] = 0xc3;
            g_assert_cmpint(utf8_feed(&state, bytes, length), ==, at == length - 1);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/utf8/whole", test_whole);
    g_test_add_func("/utf8/first-wrong-byte", test_first_wrong_byte);
    g_test_add_func("/utf8/every-split", test_every_split);
    g_test_add_func("/utf8/all-short-sequences", test_all_short_sequences);
    g_test_add_func("/utf8/all-four-byte-bounds", test_all_four_byte_bounds);
    g_test_add_func("/utf8/behind-ascii", test_behind_ascii);
    return g_test_run();
}
