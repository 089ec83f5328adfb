/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* That nothing which a server says reaches a terminal as more than text. */

#include "output.h"

#include "row.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

static const struct EscapeCase {
    const char *text;
    size_t length;
    const char *escaped;
} cases[] = {
#define ROW(text, escaped)                                                                                   \
    {                                                                                                        \
        text, sizeof(text) - 1, escaped                                                                      \
    }
    ROW("", ""),
    ROW("hello, w\xc3\xb6rld \xf0\x9f\x98\x80\n\t", "hello, w\xc3\xb6rld \xf0\x9f\x98\x80\n\t"),
    ROW("\033[31m", "\\x1b[31m"),
    ROW("\a\b\r\0\x7f", "\\x07\\x08\\x0d\\x00\\x7f"),
    ROW("\xc2\x9b"
        "31m \xc2\x80 \xc2\xa0",
        "\\u{9b}31m \\u{80} \xc2\xa0"),
    ROW("\x9b"
        "31m",
        "\\x9b31m"),
    ROW("\xe2\x80\xae \xe2\x81\xa6 \xe2\x80\x8f \xe2\x80\xa8 \xd8\x9c",
        "\\u{202e} \\u{2066} \\u{200f} \\u{2028} \\u{61c}"),
    ROW("\xff\xc0\x80\xed\xa0\x80\xc3", "\\xff\\xc0\\x80\\xed\\xa0\\x80\\xc3"),
#undef ROW
};

static void
test_escapes(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *text = NULL;
        size_t length;
        FILE *stream = open_memstream(&text, &length);

        test_row(cases[i].escaped);
        output_escaped(stream, cases[i].text, cases[i].length);
        g_assert_no_errno(fclose(stream));
        g_assert_cmpstr(text, ==, cases[i].escaped);
        free(text);
    }
}

static void
test_clipped(void)
{
    static const struct {
        size_t columns;
        const char *clipped;
    } rows[] = {
        { 0, "" },          { 1, "\xc3\xb6" },       { 2, "\xc3\xb6 " },
        { 5, "\xc3\xb6 " }, { 6, "\xc3\xb6 \\x1b" }, { 99, "\xc3\xb6 \\x1bz" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *text = NULL;
        size_t length;
        FILE *stream = open_memstream(&text, &length);
        size_t columns = output_clipped(stream, "\xc3\xb6\n\033z", rows[i].columns);

        g_assert_no_errno(fclose(stream));
        g_assert_cmpstr(text, ==, rows[i].clipped);
        g_assert_cmpuint(columns, ==, output_width(text));
        g_assert_cmpuint(columns, <=, rows[i].columns);
        free(text);
    }
}

static void
test_width(void)
{
    g_assert_cmpuint(output_width(""), ==, 0);
    g_assert_cmpuint(output_width("abc"), ==, 3);
    g_assert_cmpuint(output_width("\xc3\xb6\xf0\x9f\x98\x80"), ==, 2);
    g_assert_cmpuint(output_width("\033"), ==, strlen("\\x1b"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/output/escapes", test_escapes);
    g_test_add_func("/ctl/output/width", test_width);
    g_test_add_func("/ctl/output/clipped", test_clipped);
    return g_test_run();
}
