/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which way a connection goes: the system's proxy as the environment has it, and an application's exclusions. */

#include "route.h"

#include "row.h"

static void
choose(const char *environment, Route *ret_route)
{
    BrokerConfig config = { 0 };
    ProxyOptions options = { .mode = PROXY_SYSTEM };
    g_autoptr(Url) url = url_parse("wss://example.com/", 1024, NULL);
    g_autoptr(SystemProxy) proxy = NULL;

    g_setenv("https_proxy", environment, TRUE);
    proxy = system_proxy_new(&config);
    route_choose(proxy, &options, url, ret_route);
}

static void
test_environment(void)
{
    static const struct Case {
        const char *text;
        RouteKind kind;
        const char *scheme;
        const char *host;
        guint16 port;
    } cases[] = {
        { "", ROUTE_DIRECT, NULL, NULL, 0 },
        { "http://proxy.example:3128", ROUTE_HTTP, "http", "proxy.example", 3128 },
        { "http://proxy.example", ROUTE_HTTP, "http", "proxy.example", 8080 },
        { "proxy.example:3128", ROUTE_HTTP, "http", "proxy.example", 3128 },
        { "proxy.example", ROUTE_HTTP, "http", "proxy.example", 8080 },
        { "[2001:db8::1]:3128", ROUTE_HTTP, "http", "2001:db8::1", 3128 },
        { "socks5://proxy.example", ROUTE_SOCKS, "socks5", "proxy.example", 1080 },
        /* What a password in it must not be sent to in the clear. */
        { "https://proxy.example", ROUTE_SOCKS, "https", "proxy.example", 443 },
        { "quic://proxy.example:1", ROUTE_SOCKS, "quic", "proxy.example", 1 },
        /* Not understood is not direct. */
        { "http://", ROUTE_HTTP, NULL, "", 0 },
        { "http://pro xy:port", ROUTE_HTTP, NULL, "", 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Route) route = { 0 };

        test_row(cases[i].text);
        choose(cases[i].text, &route);
        g_assert_cmpint(route.kind, ==, cases[i].kind);
        g_assert_cmpstr(route.scheme, ==, cases[i].scheme);
        g_assert_cmpstr(route.host, ==, cases[i].host);
        g_assert_cmpuint(route.port, ==, cases[i].port);
        g_assert_false(route.chosen_by_application);
    }
    g_unsetenv("https_proxy");
}

static void
test_password(void)
{
    g_auto(Route) route = { 0 };

    choose("http://Aladdin:open%20sesame@proxy.example:3128", &route);
    g_assert_cmpstr(route.host, ==, "proxy.example");
    g_assert_cmpstr(route.username, ==, "Aladdin");
    g_assert_cmpstr(route.password, ==, "open sesame");
    g_unsetenv("https_proxy");
}

/* ACCEPTANCE row 28. */
static void
test_exclusions(void)
{
    static const struct Case {
        const char *item;
        const char *host;
        gboolean excluded;
    } cases[] = {
        { "ample.com", "ample.com", TRUE },
        { "ample.com", "www.ample.com", TRUE },
        { "AMPLE.com", "ample.com", TRUE },
        { "ample.com", "www.example.com", FALSE },
        { "ample.com", "ample.com.org", FALSE },
        { "*", "anything.example", TRUE },
        { "", "ample.com", FALSE },
        { "192.0.2.1", "192.0.2.1", TRUE },
        { "2.1", "192.0.2.11", FALSE },
        { "0.2.1", "192.0.2.1", FALSE },
        { "192.0.2.1.", "192.0.2.1", TRUE },
        { "ample.com.", "www.ample.com", TRUE },
        { ".", "ample.com", FALSE },
        { "2001:db8::1", "2001:db8::1", TRUE },
        { "www.ample.com", "ample.com", FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const items[] = { "other.example", cases[i].item, NULL };

        test_row(cases[i].item, cases[i].host);
        g_assert_cmpint(route_is_excluded(items, cases[i].host), ==, cases[i].excluded);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const char *const *name =
             (const char *const[]){ "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                    "no_proxy", "NO_PROXY", NULL };
         *name; name++)
        g_unsetenv(*name);
    g_test_add_func("/route/environment", test_environment);
    g_test_add_func("/route/password", test_password);
    g_test_add_func("/route/exclusions", test_exclusions);
    return g_test_run();
}
