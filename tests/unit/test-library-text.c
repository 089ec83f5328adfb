/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the library tells text that a D-Bus string carries from text that it does not, and from no text. */

#include "text.h"

#include "row.h"

#include <glib.h>
#include <string.h>

static const struct TextCase {
    const char *text;
    TextKind kind;
} cases[] = {
    { "", TEXT_PLAIN },
    { "hello", TEXT_PLAIN },
    { "\x01\x7f", TEXT_PLAIN },
    { "\xc2\x80 \xdf\xbf", TEXT_PLAIN },
    { "\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbd", TEXT_PLAIN },
    { "\xf0\x90\x80\x80 \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbd", TEXT_PLAIN },
    { "\xef\xb7\x8f \xef\xb7\xb0", TEXT_PLAIN }, /* beside the noncharacters */

    /* Noncharacters. */
    { "\xef\xb7\x90", TEXT_SPECIAL },
    { "\xef\xb7\xaf", TEXT_SPECIAL },
    { "\xef\xbf\xbe", TEXT_SPECIAL },
    { "\xef\xbf\xbf", TEXT_SPECIAL },
    { "\xf0\x9f\xbf\xbe", TEXT_SPECIAL },
    { "\xf4\x8f\xbf\xbf", TEXT_SPECIAL },
    { "long before it \xef\xbf\xbf and long after it", TEXT_SPECIAL },

    /* Overlong forms, surrogates, beyond U+10FFFF, lone and missing bytes. */
    { "\xc0\x80", TEXT_INVALID },
    { "\xc1\xbf", TEXT_INVALID },
    { "\xe0\x9f\xbf", TEXT_INVALID },
    { "\xf0\x8f\xbf\xbf", TEXT_INVALID },
    { "\xed\xa0\x80", TEXT_INVALID },
    { "\xed\xbf\xbf", TEXT_INVALID },
    { "\xf4\x90\x80\x80", TEXT_INVALID },
    { "\xf5\x80\x80\x80", TEXT_INVALID },
    { "\xff", TEXT_INVALID },
    { "\x80", TEXT_INVALID },
    { "\xc3", TEXT_INVALID },
    { "\xe2\x82", TEXT_INVALID },
    { "\xf0\x9f\x98", TEXT_INVALID },
    { "\xe2\x28\xa1", TEXT_INVALID },
    { "\xf0\x9f\x28\x80", TEXT_INVALID },
    { "\xef\xbf\xbf and then \xff", TEXT_INVALID },
};

static void
test_kinds(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_row(cases[i].text);
        g_assert_cmpint(text_classify(cases[i].text, strlen(cases[i].text)), ==, cases[i].kind);
    }
}

/* The fast way over ASCII takes eight bytes at a time: the byte that matters may be at any place of them. */
static void
test_places(void)
{
    for (size_t length = 1; length <= 24; length++)
        for (size_t place = 0; place < length; place++) {
            char text[24];

            memset(text, 'a', sizeof(text));
            g_assert_cmpint(text_classify(text, length), ==, TEXT_PLAIN);
            text[place] = '\0';
            g_assert_cmpint(text_classify(text, length), ==, TEXT_SPECIAL);
            text[place] = '\x80';
            g_assert_cmpint(text_classify(text, length), ==, TEXT_INVALID);
        }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/text/kinds", test_kinds);
    g_test_add_func("/library/text/places", test_places);
    return g_test_run();
}
