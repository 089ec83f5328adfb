/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config.h"
#include "connect-options.h"
#include "url.h"

#include <gio/gio.h>

typedef enum {
    ROUTE_DIRECT,
    ROUTE_HTTP,  /* through a proxy by CONNECT (RFC 9110 section 9.3.6) */
    ROUTE_SOCKS, /* through a proxy of another kind, that GIO speaks to */
} RouteKind;

/* By which way a target is reached. Owns what it points to. */
typedef struct Route {
    RouteKind kind;
    gboolean chosen_by_application; /* its proxy, or its refusal of the system's */
    char *scheme;                   /* of ROUTE_SOCKS, as GIO names the protocol */
    char *host;                     /* of a proxy, as is the rest */
    guint16 port;
    char *username; /* may be NULL */
    char *password; /* may be NULL */
} Route;

/* Secrets are overwritten first. */
void route_clear(Route *route);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Route, route_clear)

/* The proxies of the service itself: from wsbroker.conf, else from the environment that it was started with. */
typedef struct SystemProxy SystemProxy;

SystemProxy *system_proxy_new(const BrokerConfig *config);
void system_proxy_free(SystemProxy *proxy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SystemProxy, system_proxy_free)

/* The way to URL under what the application and the system say. What OPTIONS owns may be taken. */
void route_choose(const SystemProxy *system, ProxyOptions *options, const Url *url, Route *ret_route);

/* Whether HOST is on an application's exclusionList: an item is a name that stands for itself and all below it, an
 * address, or "*" for everything; compared without case. */
gboolean route_is_excluded(const char *const *exclusions, const char *host);
