/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "table.h"

#include <glib.h>
#include <stdlib.h>

static const TableColumn columns[] = {
    { "ID", TRUE }, { "STATE", FALSE }, { "BYTES", TRUE }, { "URL", FALSE }
};

static const char *const cells[] = {
    "9",  "open", "12",     "ws://a/",                 /* */
    "10", "",     "123456", "",                        /* */
    "11", "new",  "",       "ws://b\xc3\xb6/\n\033[m", /* */
};

static void
assert_table(gboolean legend, gsize width, const char *expected)
{
    g_autoptr(Table) table = table_new(columns, G_N_ELEMENTS(columns));
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++)
        table_add(table, cells[i], i % 2 == 0 ? COLOUR_GOOD : COLOUR_NONE);
    table_print(table, stream, legend, width);
    g_assert_no_errno(fclose(stream));
    g_assert_cmpstr(text, ==, expected);
    free(text);
}

static void
test_aligned(void)
{
    assert_table(TRUE, G_MAXSIZE,
                 "ID  STATE   BYTES  URL\n"
                 " 9  open       12  ws://a/\n"
                 "10         123456\n"
                 "11  new            ws://b\xc3\xb6/ \\x1b[m\n");
}

static void
test_without_legend(void)
{
    assert_table(FALSE, G_MAXSIZE,
                 " 9  open      12  ws://a/\n"
                 "10        123456\n"
                 "11  new           ws://b\xc3\xb6/ \\x1b[m\n");
}

/* Texts are cut, numbers are whole or not there. */
static void
test_clipped(void)
{
    assert_table(TRUE, 22,
                 "ID  STATE   BYTES  URL\n"
                 " 9  open       12  ws:\n"
                 "10         123456\n"
                 "11  new            ws:\n");
    assert_table(TRUE, 16,
                 "ID  STATE\n"
                 " 9  open\n"
                 "10\n"
                 "11  new\n");
    assert_table(TRUE, 6,
                 "ID  ST\n"
                 " 9  op\n"
                 "10\n"
                 "11  ne\n");
    assert_table(TRUE, 1, "\n\n\n\n");
}

static void
test_empty(void)
{
    g_autoptr(Table) table = table_new(columns, G_N_ELEMENTS(columns));
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    table_print(table, stream, /* legend= */ TRUE, G_MAXSIZE);
    g_assert_no_errno(fclose(stream));
    g_assert_cmpstr(text, ==, "ID  STATE  BYTES  URL\n");
    free(text);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/table/aligned", test_aligned);
    g_test_add_func("/table/without-legend", test_without_legend);
    g_test_add_func("/table/clipped", test_clipped);
    g_test_add_func("/table/empty", test_empty);
    return g_test_run();
}
