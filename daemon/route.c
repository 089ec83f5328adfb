/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Directly or through which proxy. Nothing here asks the desktop or the network: the system's proxy is what the
 * administrator wrote, and GSimpleProxyResolver only applies its list of exceptions.
 */

#include "route.h"

#include "secret.h"

#include <string.h>

#define UNUSABLE_PROXY "http:///" /* in place of a text that is no URL: no connection goes past it */

struct SystemProxy {
    GProxyResolver *ws;  /* NULL: none */
    GProxyResolver *wss; /* NULL: none */
};

void
route_clear(Route *route)
{
    g_clear_pointer(&route->scheme, g_free);
    g_clear_pointer(&route->host, g_free);
    secret_clear(&route->username);
    secret_clear(&route->password);
}

/* The system's. */

static const char *
environment(const char *lower, const char *upper)
{
    const char *value = g_getenv(lower);

    if ((!value || !*value) && upper)
        value = g_getenv(upper);
    return value && *value ? value : NULL;
}

/* An environment often has a proxy's host and port alone, which is HTTP. */
static GProxyResolver *
resolver_for(const char *proxy, const char *const *no_proxy)
{
    g_autofree char *uri = NULL;

    if (!proxy)
        return NULL;
    uri = g_strconcat(strstr(proxy, "://") ? "" : "http://", proxy, NULL);
    return g_simple_proxy_resolver_new(g_uri_is_valid(uri, G_URI_FLAGS_NONE, NULL) ? uri : UNUSABLE_PROXY,
                                       (char **)no_proxy);
}

static char **
environment_no_proxy(void)
{
    const char *text = environment("no_proxy", "NO_PROXY");
    char **items = g_strsplit(text ? text : "", ",", /* max_tokens= */ -1);

    for (char **item = items; *item; item++)
        g_strstrip(*item);
    return items;
}

SystemProxy *
system_proxy_new(const BrokerConfig *config)
{
    SystemProxy *self = g_new0(SystemProxy, 1);

    if (config->proxy) {
        self->ws = resolver_for(config->proxy, (const char *const *)config->no_proxy);
        self->wss = g_object_ref(self->ws);
    } else {
        g_auto(GStrv) no_proxy = environment_no_proxy();
        const char *all = environment("all_proxy", "ALL_PROXY");
        /* In upper case HTTP_PROXY may have been set by a request header, where a program runs under CGI. */
        const char *ws = environment("http_proxy", NULL), *wss = environment("https_proxy", "HTTPS_PROXY");

        self->ws = resolver_for(ws ? ws : all, (const char *const *)no_proxy);
        self->wss = resolver_for(wss ? wss : all, (const char *const *)no_proxy);
    }
    return self;
}

void
system_proxy_free(SystemProxy *self)
{
    g_clear_object(&self->ws);
    g_clear_object(&self->wss);
    g_free(self);
}

static guint16
default_port(const char *scheme)
{
    if (g_str_has_prefix(scheme, "socks"))
        return 1080;
    return g_str_equal(scheme, "https") ? 443 : 8080;
}

/* "http://user:password@proxy:3128". What cannot be understood is a proxy that cannot be reached, never the direct
 * way. */
static void
route_from_uri(const char *text, Route *ret_route)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_HAS_PASSWORD, NULL);

    if (!uri || !g_uri_get_host(uri) || !*g_uri_get_host(uri)) {
        *ret_route = (Route){ .kind = ROUTE_HTTP, .host = g_strdup("") };
        return;
    }
    ret_route->scheme = g_strdup(g_uri_get_scheme(uri));
    ret_route->kind = g_str_equal(ret_route->scheme, "http") ? ROUTE_HTTP : ROUTE_SOCKS;
    ret_route->host = g_strdup(g_uri_get_host(uri));
    ret_route->port =
        (guint16)(g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : default_port(ret_route->scheme));
    ret_route->username = g_strdup(g_uri_get_user(uri));
    ret_route->password = g_strdup(g_uri_get_password(uri));
}

static void
choose_system(const SystemProxy *system, const Url *url, Route *ret_route)
{
    GProxyResolver *resolver = url->secure ? system->wss : system->ws;
    g_autofree char *host = url_host_field(url);
    g_autofree char *target = g_strdup_printf("%s://%s/", url->secure ? "wss" : "ws", host);
    g_auto(GStrv) proxies = resolver ? g_proxy_resolver_lookup(resolver, target, NULL, NULL) : NULL;

    /* The resolver knows one proxy and answers at once: it, or "direct://" for an exception. */
    if (proxies && proxies[0] && !g_str_equal(proxies[0], "direct://"))
        route_from_uri(proxies[0], ret_route);
}

/* The application's. */

static gboolean
item_matches(const char *item, const char *host)
{
    gsize item_length = strlen(item), host_length = strlen(host);
    const char *tail;

    if (g_str_equal(item, "*"))
        return TRUE;
    if (g_str_has_suffix(item, "."))
        item_length--; /* as a host has none */
    if (item_length == 0 || item_length > host_length)
        return FALSE;
    tail = host + (host_length - item_length);
    if (g_ascii_strncasecmp(tail, item, item_length) != 0)
        return FALSE;
    /* An address has nothing below it. */
    return tail == host || (tail[-1] == '.' && !g_hostname_is_ip_address(host));
}

gboolean
route_is_excluded(const char *const *exclusions, const char *host)
{
    for (; exclusions && *exclusions; exclusions++) {
        if (item_matches(*exclusions, host))
            return TRUE;
    }
    return FALSE;
}

void
route_choose(const SystemProxy *system, ProxyOptions *options, const Url *url, Route *ret_route)
{
    *ret_route = (Route){ .kind = ROUTE_DIRECT };
    if (options->mode == PROXY_SYSTEM) {
        choose_system(system, url, ret_route);
        return;
    }
    ret_route->chosen_by_application = TRUE;
    if (options->mode == PROXY_NONE || route_is_excluded((const char *const *)options->exclusions, url->host))
        return;
    ret_route->kind = ROUTE_HTTP;
    ret_route->host = g_steal_pointer(&options->host);
    ret_route->port = options->port;
    ret_route->username = g_steal_pointer(&options->username);
    ret_route->password = g_steal_pointer(&options->password);
}
