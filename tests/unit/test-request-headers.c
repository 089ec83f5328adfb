/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an application may put into the opening handshake. */

#include "request-headers.h"

#include "coded-error.h"
#include "row.h"

#include <string.h>

static const struct Case {
    const char *name;
    const char *value;
    gboolean allowed;
} cases[] = {
    { "name1", "value1", TRUE },
    { "Authorization", "Bearer x", TRUE },
    { "Origin", "https://example.com", TRUE },
    { "Cookie", "a=b; c=d", TRUE },
    { "X", "", TRUE },
    { "X", " blanks\tand tabs ", TRUE },
    { "X", "\x80\xff Latin-1", TRUE },
    { "X", "ünïcode", TRUE },
    { "!#$%&'*+-.^_`|~", "x", TRUE },
    { "Hos", "x", TRUE },
    { "Hostess", "x", TRUE },
    { "TEA", "x", TRUE },
    { "Sec-Fetch-Mode", "x", TRUE },
    { "Sec-WebSocket", "x", TRUE },
    { "Proxy", "x", TRUE },

    { "", "x", FALSE },
    { "a b", "x", FALSE },
    { " a", "x", FALSE },
    { "a ", "x", FALSE },
    { "a:", "x", FALSE },
    { "a\r", "x", FALSE },
    { "a\r\nb", "x", FALSE },
    { "n\xc3\xa4me", "x", FALSE },
    { "X", "a\rb", FALSE },
    { "X", "a\nb", FALSE },
    { "X", "a\r\nInjected: b", FALSE },
    { "X", "a\r\n\r\nGET / HTTP/1.1", FALSE },
    { "X", "a\x01", FALSE },
    { "X", "\x1f", FALSE },
    { "X", "\x7f", FALSE },

    { "Host", "x", FALSE },
    { "hOST", "x", FALSE },
    { "Connection", "x", FALSE },
    { "Upgrade", "x", FALSE },
    { "Content-Length", "0", FALSE },
    { "content-length", "0", FALSE },
    { "Transfer-Encoding", "chunked", FALSE },
    { "TE", "x", FALSE },
    { "te", "x", FALSE },
    { "Trailer", "x", FALSE },
    { "Expect", "100-continue", FALSE },
    { "Sec-WebSocket-Key", "x", FALSE },
    { "sec-websocket-protocol", "x", FALSE },
    { "Sec-WebSocket-Extensions", "x", FALSE },
    { "Sec-WebSocket-Version", "x", FALSE },
    { "Sec-WebSocket-", "x", FALSE },
    { "Proxy-Authorization", "x", FALSE },
    { "PROXY-CONNECTION", "x", FALSE },
    { "Proxy-", "x", FALSE },
};

static void
test_field(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        test_row(cases[i].name, cases[i].value);
        g_assert_cmpint(request_header_check(cases[i].name, cases[i].value, &error), ==, cases[i].allowed);
        if (cases[i].allowed) {
            g_assert_no_error(error);
        } else {
            g_assert_error(error, CODED_ERROR, WSB_CODE_PARAMETER);
            g_assert_nonnull(strstr(error->message, "header"));
        }
    }
}

static HeaderList *
list_of(guint count, gsize size_each)
{
    HeaderList *list = header_list_new();
    g_autofree char *value = g_strnfill(size_each - 1, 'v');

    for (guint i = 0; i < count; i++)
        header_list_append(list, "N", value);
    return list;
}

static void
check_list(guint count, gsize size_each, gboolean allowed)
{
    g_autoptr(HeaderList) list = list_of(count, size_each);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(request_headers_check(list, &error), ==, allowed);
    if (!allowed)
        g_assert_error(error, CODED_ERROR, WSB_CODE_PARAMETER);
}

static void
test_list(void)
{
    check_list(0, 1, TRUE);
    check_list(REQUEST_HEADERS_MAX, 2, TRUE);
    check_list(REQUEST_HEADERS_MAX + 1, 2, FALSE);
    check_list(1, REQUEST_HEADERS_SIZE_MAX, TRUE);
    check_list(1, REQUEST_HEADERS_SIZE_MAX + 1, FALSE);
    check_list(64, 1024, TRUE);
    check_list(65, 1024, FALSE);
}

static const struct ProtocolCase {
    const char *text;
    const char *protocols; /* joined by '|'; NULL: refused */
} protocol_cases[] = {
    { "", "" },
    { "chat", "chat" },
    { "my-protocol", "my-protocol" },
    { "a, b", "a|b" },
    { "a,b,c", "a|b|c" },
    { "  a\t, b ", "a|b" },
    { "a, A", "a|A" },
    { "v1.json~x", "v1.json~x" },

    { ",", NULL },
    { "a,", NULL },
    { ",a", NULL },
    { "a,,b", NULL },
    { " ", NULL },
    { "a b", NULL },
    { "a, b c", NULL },
    { "a;b", NULL },
    { "a/b", NULL },
    { "\"a\"", NULL },
    { "a\r\nX: y", NULL },
    { "\xc3\xa4", NULL },
    { "a, a", NULL },
    { "a,b,a", NULL },
};

static void
test_protocols(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(protocol_cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) protocols = NULL;
        gboolean allowed = request_protocols_parse(protocol_cases[i].text, &protocols, &error);
        g_autofree char *joined = protocols ? g_strjoinv("|", protocols) : g_strdup("");

        test_row(protocol_cases[i].text);
        g_assert_cmpint(allowed, ==, protocol_cases[i].protocols != NULL);
        if (allowed)
            g_assert_cmpstr(joined, ==, protocol_cases[i].protocols);
        else
            g_assert_error(error, CODED_ERROR, WSB_CODE_PARAMETER);
        g_assert_cmpint(protocols != NULL, ==, allowed && *joined != '\0');
    }
}

static void
test_long_protocol(void)
{
    g_autofree char *text = g_strnfill(REQUEST_HEADERS_SIZE_MAX + 1, 'p');
    g_auto(GStrv) protocols = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_false(request_protocols_parse(text, &protocols, &error));
    g_assert_error(error, CODED_ERROR, WSB_CODE_PARAMETER);
    g_assert_null(protocols);
}

/* Each is compared with all before it. */
static void
test_many_protocols(void)
{
    for (guint more = 0; more <= 1; more++) {
        g_autoptr(GString) text = g_string_new("p");
        g_auto(GStrv) protocols = NULL;
        g_autoptr(GError) error = NULL;

        for (guint i = 1; i < REQUEST_PROTOCOLS_MAX + more; i++)
            g_string_append_printf(text, ",p%u", i);
        g_assert_cmpint(request_protocols_parse(text->str, &protocols, &error), ==, more == 0);
        if (more == 0)
            g_assert_cmpuint(g_strv_length(protocols), ==, REQUEST_PROTOCOLS_MAX);
        else
            g_assert_error(error, CODED_ERROR, WSB_CODE_PARAMETER);
    }
}

static const struct ProxyCase {
    const char *text;
    const char *host; /* NULL: refused */
} proxy_cases[] = {
    { "proxy.example", "proxy.example" },
    { "PROXY.Example.", "proxy.example" },
    { "192.0.2.1", "192.0.2.1" },
    { "[2001:DB8::1]", "2001:db8::1" },
    { "2001:db8::1", "2001:db8::1" },
    { "bücher.example", "xn--bcher-kva.example" },
    { "", NULL },
    { "a b", NULL },
    { "http://proxy.example", NULL },
    { "proxy.example:8080", NULL },
    { "proxy.example/", NULL },
    { "user@proxy.example", NULL },
    { "1.2.3", NULL },
    { "[fe80::1%eth0]", NULL },
    { "fe80::1%eth0", NULL },
    { "[::1", NULL },
};

static void
test_proxy_host(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(proxy_cases); i++) {
        g_autofree char *host = request_proxy_host_parse(proxy_cases[i].text);

        test_row(proxy_cases[i].text);
        g_assert_cmpstr(host, ==, proxy_cases[i].host);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/request-headers/field", test_field);
    g_test_add_func("/request-headers/list", test_list);
    g_test_add_func("/request-headers/protocols", test_protocols);
    g_test_add_func("/request-headers/long-protocol", test_long_protocol);
    g_test_add_func("/request-headers/many-protocols", test_many_protocols);
    g_test_add_func("/request-headers/proxy-host", test_proxy_host);
    return g_test_run();
}
