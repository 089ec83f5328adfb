/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A WebSocket URL (RFC 6455 section 3), taken apart. Every string is owned by the Url. */
typedef struct Url {
    gboolean secure;       /* wss */
    char *host;            /* lower-case ASCII (IDNA), no trailing dot; an IPv6 address without brackets */
    guint16 port;          /* the scheme's own where the URL names none, or an empty one */
    gboolean default_port; /* port is the scheme's own */
    char *target;          /* request target: path and query, never empty, ASCII */
    char *user;            /* percent-decoded; NULL where the URL has none */
    char *password;        /* percent-decoded; NULL where the URL has none */
} Url;

typedef enum {
    URL_ERROR_SCHEME,    /* not ws or wss */
    URL_ERROR_HOST,      /* no host, or none that the contract takes */
    URL_ERROR_PORT,      /* not 1 to 65535 */
    URL_ERROR_FRAGMENT,  /* RFC 6455 section 3 forbids it */
    URL_ERROR_CHARACTER, /* backslash, blank, control character, malformed percent escape */
    URL_ERROR_LENGTH,
} UrlError;

#define URL_ERROR (url_error_quark())
GQuark url_error_quark(void);

/*
 * Parses TEXT, of at most MAX_LENGTH bytes. What cannot be a WebSocket URL gives NULL and an error of
 * domain URL_ERROR whose message says what is wrong in one sentence, without repeating a password.
 */
Url *url_parse(const char *text, gsize max_length, GError **error);

/*
 * Scheme, host and port alone, for the domain policy, which is asked before the URL's other faults are
 * reported: TRUE when TEXT has a scheme ws or wss, a valid host and a valid port, whatever else is wrong with
 * it; but an authority with a backslash, blank or control character has no valid host, since readers disagree
 * on where it ends. *ret_url then has secure, host, port, default_port and nothing else set.
 */
gboolean url_parse_authority(const char *text, Url **ret_url);

/* The URL without user and password, for properties and logs. Free with g_free(). */
char *url_to_public_string(const Url *url);

/* "host", "host:port" or "[v6]:port", for a Host field (RFC 6455 section 4.1): the port only when it is not
 * the scheme's own. Free with g_free(). */
char *url_host_field(const Url *url);

void url_free(Url *url);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Url, url_free)
