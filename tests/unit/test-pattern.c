/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Patterns against URLs and addresses, and every pattern that is refused (ACCEPTANCE rows 51 and 52). */

#include "pattern-set.h"

#include "row.h"

#include <string.h>

#define MATCH TRUE
#define NO_MATCH FALSE

static void
add_pattern(PatternSet *set, const char *text, const char *rule)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Pattern) pattern = pattern_parse(text, &error);

    g_assert_no_error(error);
    pattern_set_add(set, pattern, text, rule);
}

/* NULL, or where the pattern that matches was written. */
static const char *
find_url(const PatternSet *set, const Url *url)
{
    const PatternRule *hit = pattern_set_find_url(set, url);

    return hit == NULL ? NULL : hit->rule;
}

static const struct UrlCase {
    const char *pattern;
    const char *url;
    gboolean matches;
} url_cases[] = {
    /* A host is that host. */
    { "example.com", "ws://example.com/", MATCH },
    { "example.com", "wss://example.com/", MATCH },
    { "example.com", "ws://EXAMPLE.com/", MATCH },
    { "example.com", "ws://example.com./", MATCH },
    { "example.com", "ws://ex%61mple.com/", MATCH },
    { "EXAMPLE.COM", "ws://example.com/", MATCH },
    { "example.com.", "ws://example.com/", MATCH },
    { "example.com", "ws://a.example.com/", NO_MATCH },
    { "example.com", "ws://badexample.com/", NO_MATCH },
    { "example.com", "ws://example.com.evil/", NO_MATCH },
    { "example.com", "ws://com/", NO_MATCH },
    { "example.com", "ws://192.0.2.1/", NO_MATCH },
    { "bücher.example", "ws://xn--bcher-kva.example/", MATCH },
    { "xn--bcher-kva.example", "ws://BÜCHER.example/", MATCH },
    { "XN--Bcher-kva.example", "ws://bücher.example/", MATCH },
    { "bücher.example", "ws://bucher.example/", NO_MATCH },
    { "localhost", "ws://localhost/", MATCH },

    /* Names below. */
    { "*.example.com", "ws://a.example.com/", MATCH },
    { "*.example.com", "ws://a.b.example.com/", MATCH },
    { "*.example.com", "ws://A.EXAMPLE.COM./", MATCH },
    { "*.example.com", "ws://example.com/", NO_MATCH },
    { "*.example.com", "ws://badexample.com/", NO_MATCH },
    { "*.example.com", "ws://a.badexample.com/", NO_MATCH },
    { "*.example.com", "ws://example.com.evil/", NO_MATCH },
    { "*.example.com", "ws://a.example.com.evil/", NO_MATCH },
    { "*.example.com", "ws://com/", NO_MATCH },
    { "*.com", "ws://example.com/", MATCH },
    { "*.com", "ws://com/", NO_MATCH },
    { "*.bücher.example", "ws://a.xn--bcher-kva.example/", MATCH },
    { "*.Example.Com.", "ws://a.example.com/", MATCH },

    /* Any. */
    { "*", "ws://example.com/", MATCH },
    { "*", "wss://com/", MATCH },
    { "*", "ws://192.0.2.1/", MATCH },
    { "*", "wss://[2001:db8::1]/", MATCH },
    { "*", "ws://example.com:81/", NO_MATCH },
    { "*:*", "ws://example.com:81/", MATCH },
    { "*:81", "ws://example.com:81/", MATCH },
    { "*:81", "ws://example.com/", NO_MATCH },
    { "wss://*", "wss://example.com/", MATCH },
    { "wss://*", "ws://example.com/", NO_MATCH },
    { "wss://*:*", "ws://example.com/", NO_MATCH },

    /* Scheme and port. */
    { "example.com", "ws://example.com:80/", MATCH },
    { "example.com", "wss://example.com:443/", MATCH },
    { "example.com", "ws://example.com:443/", NO_MATCH },
    { "example.com", "wss://example.com:80/", NO_MATCH },
    { "example.com", "ws://example.com:8080/", NO_MATCH },
    { "example.com:8443", "wss://example.com:8443/", MATCH },
    { "example.com:8443", "ws://example.com:8443/", MATCH },
    { "example.com:8443", "wss://example.com/", NO_MATCH },
    { "example.com:80", "wss://example.com:80/", MATCH },
    { "example.com:80", "wss://example.com/", NO_MATCH },
    { "example.com:*", "wss://example.com/", MATCH },
    { "example.com:*", "ws://example.com:1/", MATCH },
    { "example.com:*", "ws://example.com:65535/", MATCH },
    { "ws://example.com", "ws://example.com/", MATCH },
    { "ws://example.com", "wss://example.com/", NO_MATCH },
    { "wss://example.com", "wss://example.com/", MATCH },
    { "wss://example.com", "ws://example.com/", NO_MATCH },
    { "wss://example.com", "ws://example.com:443/", NO_MATCH },
    { "wss://example.com:8443", "wss://example.com:8443/", MATCH },
    { "wss://example.com:8443", "wss://example.com/", NO_MATCH },
    { "WSS://Example.com:*", "wss://example.com:9/", MATCH },
    { "WSS://Example.com:*", "ws://example.com:9/", NO_MATCH },
    { "*.example.com:8443", "wss://a.example.com:8443/", MATCH },
    { "*.example.com:8443", "wss://a.example.com/", NO_MATCH },
    { "wss://*.example.com:*", "wss://a.example.com:1/", MATCH },

    /* Literal addresses. */
    { "192.0.2.1", "ws://192.0.2.1/", MATCH },
    { "192.0.2.1", "ws://192.0.2.2/", NO_MATCH },
    { "192.0.2.1", "ws://192.0.2.1:81/", NO_MATCH },
    { "192.0.2.1:81", "ws://192.0.2.1:81/", MATCH },
    { "ws://192.0.2.1:*", "ws://192.0.2.1:81/", MATCH },
    { "192.0.2.1", "ws://%3192.0.2.1/", MATCH },
    { "192.0.2.0/24", "ws://192.0.2.255/", MATCH },
    { "192.0.2.0/24", "ws://192.0.3.0/", NO_MATCH },
    { "192.0.2.0/24", "ws://[::ffff:192.0.2.7]/", MATCH },
    { "192.0.2.0/24", "ws://192.0.2.1.example/", NO_MATCH },
    { "192.0.2.0/25:8443", "wss://192.0.2.127:8443/", MATCH },
    { "192.0.2.0/25:8443", "wss://192.0.2.128:8443/", NO_MATCH },
    { "0.0.0.0/0", "ws://203.0.113.9/", MATCH },
    { "0.0.0.0/0", "ws://[2001:db8::1]/", NO_MATCH },
    { "0.0.0.0/0", "ws://example.com/", NO_MATCH },
    { "10.0.0.0/8", "ws://10.255.255.255/", MATCH },
    { "10.0.0.0/8", "ws://11.0.0.0/", NO_MATCH },
    { "2001:db8::1", "ws://[2001:db8::1]/", MATCH },
    { "2001:DB8:0::1", "ws://[2001:db8::1]/", MATCH },
    { "[2001:db8::1]", "ws://[2001:db8::1]/", MATCH },
    { "[2001:db8::1]:81", "ws://[2001:db8::1]:81/", MATCH },
    { "[2001:db8::1]:81", "ws://[2001:db8::1]/", NO_MATCH },
    { "[2001:db8::1]:*", "wss://[2001:db8::1]:81/", MATCH },
    { "wss://[2001:db8::1]", "ws://[2001:db8::1]/", NO_MATCH },
    { "2001:db8::/32", "ws://[2001:db8:ffff::1]/", MATCH },
    { "2001:db8::/32", "ws://[2001:db9::1]/", NO_MATCH },
    { "[2001:db8::/32]", "ws://[2001:db8::1]/", MATCH },
    { "[2001:db8::/32]:81", "ws://[2001:db8::1]:81/", MATCH },
    { "2001:db8::/33", "ws://[2001:db8:8000::1]/", NO_MATCH },
    { "2001:db8::/127", "ws://[2001:db8::1]/", MATCH },
    { "2001:db8::/127", "ws://[2001:db8::2]/", NO_MATCH },
    { "::/0", "ws://[2001:db8::2]/", MATCH },
    { "::/0", "ws://[::ffff:192.0.2.1]/", NO_MATCH },
    { "::ffff:192.0.2.1", "ws://192.0.2.1/", MATCH },
    { "::ffff:192.0.2.0/120", "ws://192.0.2.9/", MATCH },
    { "::ffff:0:0/96", "ws://192.0.2.9/", MATCH },
    { "192.0.2.1", "ws://[::ffff:c000:201]/", MATCH },
};

static void
test_urls(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(url_cases); i++) {
        g_autoptr(PatternSet) set = pattern_set_new();
        g_autoptr(Url) url = url_parse(url_cases[i].url, 1024, NULL);

        test_row(url_cases[i].pattern, url_cases[i].url);
        g_assert_nonnull(url);
        add_pattern(set, url_cases[i].pattern, "rule");
        g_assert_cmpstr(find_url(set, url), ==, url_cases[i].matches ? "rule" : NULL);
    }
}

static const struct AddressCase {
    const char *pattern;
    const char *url;
    const char *address;
    gboolean matches;
} address_cases[] = {
    { "10.0.0.0/8", "ws://h/", "10.1.2.3", MATCH },
    { "10.0.0.0/8", "ws://h/", "::ffff:10.1.2.3", MATCH },
    { "10.0.0.0/8", "ws://h/", "11.1.2.3", NO_MATCH },
    { "10.0.0.0/8", "ws://h:81/", "10.1.2.3", NO_MATCH },
    { "10.0.0.0/8:81", "ws://h:81/", "10.1.2.3", MATCH },
    { "10.0.0.0/8:*", "wss://h:81/", "10.1.2.3", MATCH },
    { "wss://10.0.0.0/8", "ws://h/", "10.1.2.3", NO_MATCH },
    { "wss://10.0.0.0/8", "wss://h/", "10.1.2.3", MATCH },
    { "::1", "ws://h/", "::1", MATCH },
    { "::1", "ws://h/", "127.0.0.1", NO_MATCH },
    { "fe80::/10", "ws://h/", "fe80::5", MATCH },
    { "127.0.0.1", "ws://h/", "127.0.0.1", MATCH },
    { "127.0.0.1", "ws://h/", "127.0.0.2", NO_MATCH },
    /* Neither the name nor a * lists the address that a name resolves to. */
    { "*", "ws://h/", "127.0.0.1", NO_MATCH },
    { "*:*", "ws://h/", "::1", NO_MATCH },
    { "h", "ws://h/", "127.0.0.1", NO_MATCH },
};

static void
test_addresses(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(address_cases); i++) {
        g_autoptr(PatternSet) set = pattern_set_new();
        g_autoptr(Url) url = url_parse(address_cases[i].url, 1024, NULL);
        g_autoptr(GInetAddress) address = g_inet_address_new_from_string(address_cases[i].address);
        const PatternRule *hit;

        test_row(address_cases[i].pattern, address_cases[i].url, address_cases[i].address);
        add_pattern(set, address_cases[i].pattern, "rule");
        hit = pattern_set_find_address(set, url, address);
        g_assert_cmpint(hit != NULL, ==, address_cases[i].matches);
        if (hit != NULL)
            g_assert_cmpstr(hit->text, ==, address_cases[i].pattern);
    }
}

/* What the message must have in it: the right spelling where one is evident, else what is wrong. */
static const struct Refusal {
    const char *pattern;
    const char *message;
} refusals[] = {
    { "", "empty" },
    { "\xff", "UTF-8" },
    { "http://example.com", "write ws://example.com" },
    { "https://example.com:8443", "write wss://example.com:8443" },
    { "HTTPS://example.com", "write wss://example.com" },
    { "ftp://example.com", "ws or wss" },
    { "://example.com", "ws or wss" },
    { "*://example.com", "ws or wss" },
    { "ws://", "host is missing" },
    { "ws:example.com", "port" },
    { "example.com/", "leave out /" },
    { "example.com/chat", "leave out /chat" },
    { "wss://example.com/chat", "leave out /chat" },
    { "example.com?x", "query" },
    { "example.com#x", "fragment" },
    { "user@example.com", "user" },
    { "user:password@example.com", "user" },
    { "example.com, example.org", "separated by ;" },
    { "example.com,example.org", "separated by ;" },
    { "example com", "blank" },
    { "ex%61mple.com", "percent" },
    { "example\\com", "backslash" },
    { "*example.com", "write *.example.com" },
    { "*.*.example.com", "write *.example.com" },
    { "a.*.example.com", "write *.example.com" },
    { "example.*", "*.example.com" },
    { "exam*ple.com", "below one: *.example.com" },
    { "**", "stands alone" },
    { "*.", "no host" },
    { "*.*", "stands alone" },
    { ".example.com", "write *.example.com" },
    { ".", "empty label" },
    { "a..b", "empty label" },
    { "-a.example", "hyphen" },
    { "a_b.example", "letters, digits, hyphens" },
    { "*.192.0.2.1", "below an address" },
    { "*.[::1]", "only one port" },
    { "1.2.3", "number" },
    { "127.1", "number" },
    { "0x7f.0.0.1", "number" },
    { "192.0.2.01", "number" },
    { "192.0.2.256", "number" },
    { "example.com:", "port" },
    { "example.com:0", "port" },
    { "example.com:080", "port" },
    { "example.com:65536", "port" },
    { "example.com:http", "port" },
    { "example.com:-1", "port" },
    { "example.com:8*", "port" },
    { "example.com:80:81", "only one port" },
    { ":80", "host is missing" },
    { "10.0.0.1/8", "write 10.0.0.0/8" },
    { "192.0.2.128/24", "write 192.0.2.0/24" },
    { "192.0.2.1/0", "write 0.0.0.0/0" },
    { "10.0.0.0/33", "from 0 to 32" },
    { "10.0.0.0/", "from 0 to 32" },
    { "10.0.0.0/-1", "from 0 to 32" },
    { "10.0.0.0/255.0.0.0", "from 0 to 32" },
    { "10.0.0.0/8/8", "from 0 to 32" },
    { "10/8", "no path" },
    { "*/8", "no path" },
    { "2001:db8::1/32", "write 2001:db8::/32" },
    { "2001:db8::/129", "from 0 to 128" },
    { "[2001:db8::]/32", "write [2001:db8::/32]" },
    { "[2001:db8::]/32:443", "write [2001:db8::/32]:443" },
    { "2001:db8::/32:443", "write [2001:db8::/32]:443" },
    { "1:2:3:4:5:6:7:8:443", "write [1:2:3:4:5:6:7:8]:443" },
    { "2001:db8::1:*", "write [2001:db8::1]:*" },
    { "[2001:db8::1", "not closed" },
    { "[2001:db8::1]443", "only a port" },
    { "[2001:db8::1]:", "port" },
    { "[192.0.2.1]", "IPv6" },
    { "[example.com]", "IPv6" },
    { "[]", "IPv6" },
    { "[::g]", "" },
    { "[fe80::1%eth0]", "zone" },
    { "fe80::1%eth0", "zone" },
};

static void
test_refusals(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GError) error = NULL;

        test_row(refusals[i].pattern);
        g_assert_null(pattern_parse(refusals[i].pattern, &error));
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, refusals[i].message));
    }
}

/* A proxy's host and port; the same Url stands for it with either scheme. */
static const struct ProxyCase {
    const char *pattern;
    const char *proxy;
    gboolean matches;
} proxy_cases[] = {
    { "proxy.example:3128", "proxy.example:3128", MATCH },
    { "PROXY.example.:3128", "proxy.example:3128", MATCH },
    { "proxy.example:3128", "proxy.example:8080", NO_MATCH },
    { "proxy.example:3128", "a.proxy.example:3128", NO_MATCH },
    { "proxy.example:80", "proxy.example:80", MATCH },
    { "proxy.example:80", "proxy.example:443", NO_MATCH },
    { "proxy.example:*", "proxy.example:1", MATCH },
    { "*.example:3128", "proxy.example:3128", MATCH },
    { "*.example:3128", "example:3128", NO_MATCH },
    { "*:3128", "proxy.example:3128", MATCH },
    { "*:3128", "192.0.2.1:3128", MATCH },
    { "*:*", "[2001:db8::1]:9", MATCH },
    { "192.0.2.0/24:3128", "192.0.2.7:3128", MATCH },
    { "192.0.2.0/24:3128", "192.0.3.7:3128", NO_MATCH },
    { "[2001:db8::/32]:3128", "[2001:db8::7]:3128", MATCH },
    { "[2001:db8::1]:*", "[2001:db8::2]:3128", NO_MATCH },
    { "bücher.example:3128", "xn--bcher-kva.example:3128", MATCH },
};

static void
test_proxies(void)
{
    static const char *const schemes[] = { "ws", "wss" };

    for (gsize i = 0; i < G_N_ELEMENTS(proxy_cases); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(schemes); j++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(PatternSet) set = pattern_set_new();
            g_autoptr(Pattern) pattern = pattern_parse_proxy(proxy_cases[i].pattern, &error);
            g_autofree char *text = g_strdup_printf("%s://%s/", schemes[j], proxy_cases[i].proxy);
            g_autoptr(Url) url = url_parse(text, 1024, NULL);

            test_row(proxy_cases[i].pattern, text);
            g_assert_no_error(error);
            pattern_set_add(set, pattern, proxy_cases[i].pattern, "rule");
            g_assert_cmpstr(find_url(set, url), ==, proxy_cases[i].matches ? "rule" : NULL);
        }
}

static const struct Refusal proxy_refusals[] = {
    { "", "empty" },
    { "http://proxy.example:3128", "write proxy.example:3128" },
    { "socks5://proxy.example:1080", "write proxy.example:1080" },
    { "wss://proxy.example:3128", "write proxy.example:3128" },
    { "proxy.example", "write proxy.example:3128 or whatever it has, or proxy.example:* for any" },
    { "*", "no default port" },
    { "192.0.2.0/24", "write 192.0.2.0/24:3128" },
    { "2001:db8::1", "write [2001:db8::1]:3128" },
    { "[2001:db8::/32]", "write [2001:db8::/32]:3128" },
    { "proxy.example:0", "from 1 to 65535" },
    { "proxy.example:65536", "from 1 to 65535" },
    { "user@proxy.example:3128", "no user" },
    { "proxy.example:3128/", "port" },
    { "*proxy.example:3128", "write *.proxy.example" },
    { "192.0.2.1/24:3128", "write 192.0.2.0/24" },
};

static void
test_proxy_refusals(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(proxy_refusals); i++) {
        g_autoptr(GError) error = NULL;

        test_row(proxy_refusals[i].pattern);
        g_assert_null(pattern_parse_proxy(proxy_refusals[i].pattern, &error));
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, proxy_refusals[i].message));
    }
}

/* The most specific pattern is what an explanation names. */
static void
test_most_specific(void)
{
    static const char *const patterns[] = {
        "*:*",        "*.example.com", "*.b.example.com", "a.b.example.com", "*.example.com:81",
        "10.0.0.0/8", "10.1.0.0/16",   "10.1.2.3",
    };
    static const struct {
        const char *url;
        const char *rule;
    } expected[] = {
        { "ws://a.b.example.com/", "a.b.example.com" },
        { "ws://c.b.example.com/", "*.b.example.com" },
        { "ws://b.example.com/", "*.example.com" },
        { "ws://b.example.com:81/", "*.example.com:81" },
        { "ws://b.example.com:82/", "*:*" },
        { "ws://10.1.2.3/", "10.1.2.3" },
        { "ws://10.1.2.4/", "10.1.0.0/16" },
        { "ws://10.2.2.4/", "10.0.0.0/8" },
        { "ws://11.0.0.1/", "*:*" },
    };
    g_autoptr(PatternSet) set = pattern_set_new();

    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++)
        add_pattern(set, patterns[i], patterns[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autoptr(Url) url = url_parse(expected[i].url, 1024, NULL);

        g_assert_cmpstr(find_url(set, url), ==, expected[i].rule);
    }
}

static void
test_first_and_clear(void)
{
    g_autoptr(PatternSet) set = pattern_set_new();
    g_autoptr(Url) url = url_parse("ws://10.0.0.1/", 1024, NULL);

    add_pattern(set, "10.0.0.1", "first");
    add_pattern(set, "10.0.0.1", "second");
    g_assert_cmpstr(find_url(set, url), ==, "first");
    g_assert_cmpuint(pattern_set_count(set), ==, 2);
    g_assert_cmpstr(pattern_set_get(set, 1)->rule, ==, "second");
    pattern_set_clear(set);
    g_assert_cmpuint(pattern_set_count(set), ==, 0);
    g_assert_null(find_url(set, url));
    add_pattern(set, "10.0.0.0/24", "third");
    g_assert_cmpstr(find_url(set, url), ==, "third");
}

/* The NUMBER-th of many patterns, half of them names and half ranges. */
static char *
numbered_pattern(guint number)
{
    return number % 2 == 0 ? g_strdup_printf("*.h%u.example", number)
                           : g_strdup_printf("10.%u.%u.0/24", number / 256, number % 256);
}

/* Each of many patterns is found, and for nothing else. */
static void
test_many(void)
{
    g_autoptr(PatternSet) set = pattern_set_new();

    for (guint i = 0; i < 10000; i++) {
        g_autofree char *pattern = numbered_pattern(i);

        add_pattern(set, pattern, pattern);
    }
    for (guint i = 0; i < 20000; i++) {
        g_autofree char *pattern = numbered_pattern(i);
        g_autofree char *text = i % 2 == 0 ? g_strdup_printf("ws://a.h%u.example/", i)
                                           : g_strdup_printf("ws://10.%u.%u.9/", i / 256, i % 256);
        g_autoptr(Url) url = url_parse(text, 1024, NULL);

        g_assert_cmpstr(find_url(set, url), ==, i < 10000 ? pattern : NULL);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pattern/urls", test_urls);
    g_test_add_func("/pattern/addresses", test_addresses);
    g_test_add_func("/pattern/refusals", test_refusals);
    g_test_add_func("/pattern/proxies", test_proxies);
    g_test_add_func("/pattern/proxy-refusals", test_proxy_refusals);
    g_test_add_func("/pattern/most-specific", test_most_specific);
    g_test_add_func("/pattern/first-and-clear", test_first_and_clear);
    g_test_add_func("/pattern/many", test_many);
    return g_test_run();
}
