/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

typedef enum {
    PATTERN_ANY,     /* * */
    PATTERN_HOST,    /* example.com */
    PATTERN_BELOW,   /* *.example.com: any name below, not itself */
    PATTERN_NETWORK, /* 192.0.2.1, 2001:db8::/32 */
} PatternKind;

typedef enum {
    PATTERN_PORT_DEFAULT, /* the scheme's own */
    PATTERN_PORT_ONE,
    PATTERN_PORT_ANY, /* :* */
} PatternPort;

/* One item of AllowDomains, DenyDomains or AllowProxies. */
typedef struct Pattern {
    PatternKind kind;
    gboolean ws;
    gboolean wss;
    PatternPort port_kind;
    guint16 port;          /* of PATTERN_PORT_ONE */
    char *host;            /* of HOST and BELOW, canonical as host_canonicalize() has it, without "*." */
    GInetAddress *address; /* of NETWORK; an IPv4-mapped one is IPv4 */
    guint prefix_length;   /* of NETWORK, bits */
} Pattern;

/*
 * Parses TEXT: [ws://|wss://]HOST[:PORT|:*] with HOST one of the kinds above; an IPv6 address or range is in
 * brackets where a port follows. NULL and an error (domain G_IO_ERROR, code INVALID_ARGUMENT) that says what
 * is wrong and, where it is evident, how it is spelled right.
 */
Pattern *pattern_parse(const char *text, GError **error);

/* The same for a proxy, HOST:PORT or HOST:*, which has no scheme, so that its pattern takes both, and no
 * default port. */
Pattern *pattern_parse_proxy(const char *text, GError **error);

void pattern_free(Pattern *pattern);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pattern, pattern_free)
