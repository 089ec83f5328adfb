/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

/*
 * A WebSocket to URL (ws) through the HTTP proxy at the URL PROXY, by CONNECT; blocks until it is open.
 * libsoup itself asks a proxy to GET a ws URL, which squid refuses. NULL with ERROR set when it fails.
 */
SoupWebsocketConnection *tunnel_connect(const char *url, const char *proxy, GError **error);
