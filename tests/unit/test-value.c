/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sizes, times, rates and lists, at their edges. */

#include "value.h"

#include "row.h"

#define REFUSED G_MAXUINT64

static const struct Number {
    gboolean (*parse)(const char *text, guint64 *ret_value);
    const char *text;
    guint64 value;
} numbers[] = {
    { value_parse_size, "0", 0 },
    { value_parse_size, "1", 1 },
    { value_parse_size, "16M", 16777216 },
    { value_parse_size, "256K", 262144 },
    { value_parse_size, "1G", 1073741824 },
    { value_parse_size, "007", 7 },
    { value_parse_size, "", REFUSED },
    { value_parse_size, "K", REFUSED },
    { value_parse_size, "1k", REFUSED },
    { value_parse_size, "1KB", REFUSED },
    { value_parse_size, "1 K", REFUSED },
    { value_parse_size, "-1", REFUSED },
    { value_parse_size, "+1", REFUSED },
    { value_parse_size, "1.5M", REFUSED },
    { value_parse_size, "0x10", REFUSED },
    { value_parse_size, "17179869184G", REFUSED },
    { value_parse_size, "18446744073709551616", REFUSED },
    { value_parse_time, "0", 0 },
    { value_parse_time, "0s", 0 },
    { value_parse_time, "20s", 20000000 },
    { value_parse_time, "5ms", 5000 },
    { value_parse_time, "2min", 120000000 },
    { value_parse_time, "20", REFUSED },
    { value_parse_time, "20m", REFUSED },
    { value_parse_time, "20S", REFUSED },
    { value_parse_time, "1h", REFUSED },
    { value_parse_time, "1min 5s", REFUSED },
    { value_parse_time, "s", REFUSED },
    { value_parse_time, "99999999999999999s", REFUSED },
    { value_parse_count, "64", 64 },
    { value_parse_count, "", REFUSED },
    { value_parse_count, "64K", REFUSED },
    { value_parse_count, "six", REFUSED },
};

static void
test_numbers(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        guint64 value = REFUSED;

        test_row(numbers[i].text);
        g_assert_cmpint(numbers[i].parse(numbers[i].text, &value), ==, numbers[i].value != REFUSED);
        g_assert_cmpuint(value, ==, numbers[i].value);
    }
}

static void
test_rate(void)
{
    static const char *const refused[] = { "", "10", "10/", "/s", "10/h", "10 /s", "10/s ", "-1/s", "10/ms" };
    guint64 count = 0;
    guint64 interval = 0;

    g_assert_true(value_parse_rate("10/s", &count, &interval));
    g_assert_cmpuint(count, ==, 10);
    g_assert_cmpuint(interval, ==, 1000000);
    g_assert_true(value_parse_rate("100/min", &count, &interval));
    g_assert_cmpuint(count, ==, 100);
    g_assert_cmpuint(interval, ==, 60000000);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        test_row(refused[i]);
        g_assert_false(value_parse_rate(refused[i], &count, &interval));
        g_assert_cmpuint(count, ==, 100);
    }
}

static void
test_boolean(void)
{
    static const char *const refused[] = { "", "Yes", "true", "1", "on", "yes ", "nope" };
    gboolean value = FALSE;

    g_assert_true(value_parse_boolean("yes", &value));
    g_assert_true(value);
    g_assert_true(value_parse_boolean("no", &value));
    g_assert_false(value);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
        g_assert_false(value_parse_boolean(refused[i], &value));
}

static const struct List {
    const char *text;
    const char *joined; /* NULL: refused */
} lists[] = {
    { "", "" },    { "a", "a" },       { "a;b", "a|b" }, { " a ; b ", "a|b" },
    { "a;", "a" }, { "a;b; ", "a|b" }, { "a;;b", NULL }, { ";a", NULL },
    { ";", NULL }, { "a;;", NULL },    { " ", NULL },
};

static void
test_list(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_auto(GStrv) items = value_split_list(lists[i].text);
        g_autofree char *joined = items == NULL ? NULL : g_strjoinv("|", items);

        test_row(lists[i].text);
        g_assert_cmpstr(joined, ==, lists[i].joined);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/value/numbers", test_numbers);
    g_test_add_func("/value/rate", test_rate);
    g_test_add_func("/value/boolean", test_boolean);
    g_test_add_func("/value/list", test_list);
    return g_test_run();
}
