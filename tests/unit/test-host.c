/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One meaning for each spelling of a host, or none. */

#include "host.h"
#include "url.h"

#include "row.h"

#include <string.h>

#define LABEL_63 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc"

static const struct Case {
    const char *text;
    const char *host; /* NULL: refused */
} cases[] = {
    { "example.com", "example.com" },
    { "EXAMPLE.Com", "example.com" },
    { "localhost", "localhost" },
    { "h", "h" },
    { "1h", "1h" },
    { "a-b.example", "a-b.example" },
    { "a--b.example", "a--b.example" },
    { "1.2.3.example", "1.2.3.example" },
    { "0x7f.example", "0x7f.example" },
    { "example.c0m", "example.c0m" },
    { "example.com.", "example.com" },
    { "example.com..", NULL },
    { ".", NULL },
    { "", NULL },
    { ".example.com", NULL },
    { "a..b", NULL },
    { "-a.example", NULL },
    { "a-.example", NULL },
    { "a_b.example", NULL },
    { "a b", NULL },
    { "a\\b", NULL },
    { "a,b", NULL },
    { "*.example.com", NULL },
    { "h]", NULL },
    { LABEL_63 ".example", LABEL_63 ".example" },
    { LABEL_63 "d.example", NULL },
    { LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, NULL },
    { LABEL_63 "." LABEL_63 "." LABEL_63 ".abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghija",
      LABEL_63 "." LABEL_63 "." LABEL_63 ".abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghija" },

    /* Percent-escapes. */
    { "ex%61mple.com", "example.com" },
    { "example%2Ecom", "example.com" },
    { "%31%32%37.0.0.1", "127.0.0.1" },
    { "h%00", NULL },
    { "h%2f", NULL },
    { "h%", NULL },
    { "h%4", NULL },
    { "h%zz", NULL },
    { "h%0a", NULL },
    { "h%20", NULL },
    { "h%40evil", NULL },
    { "h%3a80", NULL },
    { "h%ff", NULL },
    { "h%25", NULL },
    { "%5b::1%5d", NULL },
    { "b%c3%bccher.example", "xn--bcher-kva.example" },

    /* Internationalized names. */
    { "bücher.example", "xn--bcher-kva.example" },
    { "BÜCHER.example", "xn--bcher-kva.example" },
    { "xn--bcher-kva.example", "xn--bcher-kva.example" },
    { "XN--BCHER-KVA.EXAMPLE", "xn--bcher-kva.example" },
    { "bu\xcc\x88"
      "cher.example",
      "xn--bcher-kva.example" },
    { "例え.テスト", "xn--r8jz45g.xn--zckzah" },
    { "例え。テスト", "xn--r8jz45g.xn--zckzah" },
    { "ｅｘａｍｐｌｅ．ｃｏｍ", "example.com" },
    { "１２７.０.０.１", "127.0.0.1" },
    { "127。0。0。1", "127.0.0.1" },
    { "a℀b.example", NULL },
    { "a\xe2\x80\x8b.example", "a.example" }, /* a zero-width space maps to nothing */
    { "\xc3\xbc\xff.example", NULL },
    { "ü" LABEL_63 ".example", NULL },

    /* IPv4: a canonical dotted quad or nothing. */
    { "127.0.0.1", "127.0.0.1" },
    { "255.255.255.255", "255.255.255.255" },
    { "127.0.0.1.", NULL },
    { "256.0.0.1", NULL },
    { "127.0.0.01", NULL },
    { "0177.0.0.1", NULL },
    { "0x7f.0.0.1", NULL },
    { "0x7f.1", NULL },
    { "0x7f000001", NULL },
    { "2130706433", NULL },
    { "127.1", NULL },
    { "1.2.3", NULL },
    { "1.2.3.4.5", NULL },
    { "example.1", NULL },
    { "example.0x", NULL },
    { "example.0xAb", NULL },
    { "0", NULL },

    /* IPv6: in brackets, without a zone. */
    { "[::1]", "::1" },
    { "[0:0:0:0:0:0:0:1]", "::1" },
    { "[2001:DB8::A]", "2001:db8::a" },
    { "[2001:db8:0:0:1:0:0:1]", "2001:db8::1:0:0:1" },
    { "[::ffff:127.0.0.1]", "::ffff:127.0.0.1" },
    { "[::ffff:7f00:1]", "::ffff:127.0.0.1" },
    { "[fe80::1%25eth0]", NULL },
    { "[fe80::1%eth0]", NULL },
    { "[fe80::1%1]", NULL },
    { "[::1", NULL },
    { "[]", NULL },
    { "[", NULL },
    { "[127.0.0.1]", NULL },
    { "[1]", NULL },
    { "[:::1]", NULL },
    { "[::1 ]", NULL },
    { "[::g]", NULL },
    { "[v1.x]", NULL },
    { "[1:2:3:4:5:6:7:8:9]", NULL },
    { "::1", NULL },
};

static void
test_canonicalize(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *host = host_canonicalize(cases[i].text, strlen(cases[i].text), &error);

        test_row(cases[i].text);
        g_assert_cmpstr(host, ==, cases[i].host);
        if (cases[i].host == NULL)
            g_assert_error(error, URL_ERROR, URL_ERROR_HOST);
        else
            g_assert_no_error(error);
    }
}

/* What comes out goes in again and is the same. */
static void
test_idempotent(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *format = cases[i].host != NULL && strchr(cases[i].host, ':') != NULL ? "[" : "";
        g_autofree char *text = g_strconcat(format, cases[i].host, *format == '\0' ? "" : "]", NULL);
        g_autofree char *host = cases[i].host == NULL ? NULL : host_canonicalize(text, strlen(text), NULL);

        g_assert_cmpstr(host, ==, cases[i].host);
    }
}

static void
test_length(void)
{
    g_autofree char *text = g_strnfill(HOST_TEXT_MAX + 1, 'a');
    g_autoptr(GError) error = NULL;

    g_assert_null(host_canonicalize(text, HOST_TEXT_MAX + 1, &error));
    g_assert_error(error, URL_ERROR, URL_ERROR_HOST);
    /* Bytes behind the length do not count. */
    g_clear_pointer(&text, g_free);
    text = host_canonicalize("example.com:80", strlen("example.com"), NULL);
    g_assert_cmpstr(text, ==, "example.com");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/canonicalize", test_canonicalize);
    g_test_add_func("/host/idempotent", test_idempotent);
    g_test_add_func("/host/length", test_length);
    return g_test_run();
}
