/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "header-list.h"

enum {
    REQUEST_HEADERS_MAX = 128,
    REQUEST_PROTOCOLS_MAX = 128,
    REQUEST_HEADERS_SIZE_MAX = 64 * 1024 /* bytes of all names and values */
};

/* Whether an application may add the field NAME: VALUE to its request; else an error of CODED_ERROR, Parameter. */
gboolean request_header_check(const char *name, const char *value, GError **error);

/* Whether the list as a whole is within bounds; else likewise. */
gboolean request_headers_check(const HeaderList *headers, GError **error);

/* Splits "a, b" into the subprotocols that it lists, NULL for an empty TEXT. FALSE and an error likewise when one is
 * no token or is listed twice (RFC 6455 section 4.1). */
gboolean request_protocols_parse(const char *text, char ***ret_protocols, GError **error);

/* The canonical form of a proxy's host: a name, an IPv4 address, or an IPv6 address with or without brackets. NULL
 * when TEXT is none. Free with g_free(). */
char *request_proxy_host_parse(const char *text);
