/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "header-list.h"

#include "row.h"

#include <string.h>

static HeaderList *
list_new(const char *const *pairs)
{
    HeaderList *list = header_list_new();

    for (; *pairs != NULL; pairs += 2)
        header_list_append(list, pairs[0], pairs[1]);
    return list;
}

#define LIST(...) list_new((const char *const[]){ __VA_ARGS__, NULL })

static void
test_order(void)
{
    g_autoptr(HeaderList) list = LIST("B", "2", "A", "1", "b", "");

    g_assert_cmpuint(header_list_length(list), ==, 3);
    g_assert_cmpstr(header_list_get(list, 0)->name, ==, "B");
    g_assert_cmpstr(header_list_get(list, 0)->value, ==, "2");
    g_assert_cmpstr(header_list_get(list, 1)->name, ==, "A");
    g_assert_cmpstr(header_list_get(list, 2)->name, ==, "b");
    g_assert_cmpstr(header_list_get(list, 2)->value, ==, "");
}

static void
test_copies(void)
{
    char name[] = "name", value[] = "value";
    g_autoptr(HeaderList) list = LIST(name, value);

    name[0] = value[0] = 'x';
    g_assert_cmpstr(header_list_get(list, 0)->name, ==, "name");
    g_assert_cmpstr(header_list_get(list, 0)->value, ==, "value");
}

static void
test_find(void)
{
    g_autoptr(HeaderList) list = LIST("One", "1", "Two", "a", "TWO", "b", "Ünd", "x");
    g_autoptr(HeaderList) empty = header_list_new();
    guint count = 9;

    g_assert_cmpstr(header_list_find(list, "oNE", &count), ==, "1");
    g_assert_cmpuint(count, ==, 1);
    g_assert_null(header_list_find(list, "two", &count));
    g_assert_cmpuint(count, ==, 2);
    g_assert_null(header_list_find(list, "Three", &count));
    g_assert_cmpuint(count, ==, 0);
    g_assert_null(header_list_find(list, "On", NULL));
    g_assert_null(header_list_find(list, "ünd", NULL)); /* case is ASCII's */
    g_assert_null(header_list_find(empty, "One", &count));
    g_assert_cmpuint(count, ==, 0);
}

static const struct TokenCase {
    const char *value;
    gboolean has;
} token_cases[] = {
    { "Upgrade", TRUE },      { "upgrade", TRUE },     { "keep-alive, UPGRADE", TRUE },
    { "a,upgrade ,b", TRUE }, { "", FALSE },           { ",", FALSE },
    { "upgraded", FALSE },    { "no-upgrade", FALSE }, { "up grade", FALSE },
    { "\"upgrade\"", FALSE },
};

static void
test_has_token(void)
{
    g_autoptr(HeaderList) list = LIST("Other", "upgrade", "Connection", "close", "connection", "Upgrade");

    for (gsize i = 0; i < G_N_ELEMENTS(token_cases); i++) {
        g_autoptr(HeaderList) one = LIST("Connection", token_cases[i].value);

        test_row(token_cases[i].value);
        g_assert_cmpint(header_list_has_token(one, "connection", "Upgrade"), ==, token_cases[i].has);
    }
    g_assert_true(header_list_has_token(list, "Connection", "upgrade"));
    g_assert_true(header_list_has_token(list, "Connection", "close"));
    g_assert_false(header_list_has_token(list, "Missing", "upgrade"));
}

static void
test_is_token(void)
{
    static const char separators[] = "\"(),/:;<=>?@[\\]{} \t";

    for (guint byte = 1; byte < 256; byte++) {
        char alone[] = { (char)byte, '\0' }, within[] = { 'a', (char)byte, 'b', '\0' };
        gboolean token = byte > 0x20 && byte < 0x7f && !strchr(separators, (int)byte);

        g_assert_cmpint(header_is_token(alone), ==, token);
        g_assert_cmpint(header_is_token(within), ==, token);
    }
    g_assert_false(header_is_token(""));
}

/* RFC 7617 section 2: the pair in UTF-8, in base64. */
static void
test_append_basic(void)
{
    g_autoptr(GString) request = g_string_new("x\r\n");

    header_append_basic(request, "Authorization", "Aladdin", "open sesame");
    header_append_basic(request, "Proxy-Authorization", "test", "123\xc2\xa3");
    header_append_basic(request, "Authorization", "user", NULL);
    g_assert_cmpstr(request->str, ==,
                    "x\r\n"
                    "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
                    "Proxy-Authorization: Basic dGVzdDoxMjPCow==\r\n"
                    "Authorization: Basic dXNlcjo=\r\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/header-list/order", test_order);
    g_test_add_func("/header-list/copies", test_copies);
    g_test_add_func("/header-list/find", test_find);
    g_test_add_func("/header-list/has-token", test_has_token);
    g_test_add_func("/header-list/is-token", test_is_token);
    g_test_add_func("/header-list/append-basic", test_append_basic);
    return g_test_run();
}
