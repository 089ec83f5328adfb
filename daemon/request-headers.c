/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What an application may write into the opening handshake. Refused is what could end a header line early, what the
 * handshake itself says, and what speaks to a proxy or frames a body: with those an application could make another
 * request out of this one.
 */

#include "request-headers.h"

#include "coded-error.h"
#include "host.h"

#include <string.h>

static const char *const forbidden_names[] = {
    "Host", "Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "TE", "Trailer", "Expect",
};

static const char *const forbidden_prefixes[] = { "Sec-WebSocket-", "Proxy-" };

static gboolean
name_is_forbidden(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(forbidden_names); i++) {
        if (g_ascii_strcasecmp(name, forbidden_names[i]) == 0)
            return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(forbidden_prefixes); i++) {
        if (g_ascii_strncasecmp(name, forbidden_prefixes[i], strlen(forbidden_prefixes[i])) == 0)
            return TRUE;
    }
    return FALSE;
}

/* RFC 9110 section 5.5: visible characters, blanks and tabs, and what is beyond ASCII. */
static gboolean
value_is_valid(const char *value)
{
    for (; *value; value++) {
        guint8 byte = (guint8)*value;
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F)
            return FALSE;
    }
    return TRUE;
}

gboolean
request_header_check(const char *name, const char *value, GError **error)
{
    if (!header_is_token(name))
        return coded_error_set(error, WSB_CODE_PARAMETER, "option header: a name is no token");
    if (name_is_forbidden(name))
        return coded_error_set(error, WSB_CODE_PARAMETER,
                               "option header: %.64s is not the application's to set", name);
    if (!value_is_valid(value))
        return coded_error_set(error, WSB_CODE_PARAMETER,
                               "option header: the value of %.64s has a control character", name);
    return TRUE;
}

gboolean
request_headers_check(const HeaderList *headers, GError **error)
{
    gsize size = 0;

    for (guint i = 0; i < header_list_length(headers); i++) {
        const Header *header = header_list_get(headers, i);
        size += strlen(header->name) + strlen(header->value);
    }
    if (header_list_length(headers) > REQUEST_HEADERS_MAX)
        return coded_error_set(error, WSB_CODE_PARAMETER, "option header: more than %d fields",
                               REQUEST_HEADERS_MAX);
    if (size > REQUEST_HEADERS_SIZE_MAX)
        return coded_error_set(error, WSB_CODE_PARAMETER, "option header: more than %d bytes",
                               REQUEST_HEADERS_SIZE_MAX);
    return TRUE;
}

gboolean
request_protocols_parse(const char *text, char ***ret_protocols, GError **error)
{
    g_auto(GStrv) protocols = NULL;

    *ret_protocols = NULL;
    if (*text == '\0')
        return TRUE;
    if (strlen(text) > REQUEST_HEADERS_SIZE_MAX)
        return coded_error_set(error, WSB_CODE_PARAMETER, "option protocol: more than %d bytes",
                               REQUEST_HEADERS_SIZE_MAX);
    protocols = g_strsplit(text, ",", /* max_tokens= */ REQUEST_PROTOCOLS_MAX + 1);
    if (g_strv_length(protocols) > REQUEST_PROTOCOLS_MAX)
        return coded_error_set(error, WSB_CODE_PARAMETER, "option protocol: more than %d subprotocols",
                               REQUEST_PROTOCOLS_MAX);
    for (guint i = 0; protocols[i]; i++) {
        g_strstrip(protocols[i]);
        if (!header_is_token(protocols[i]))
            return coded_error_set(error, WSB_CODE_PARAMETER, "option protocol: not a list of tokens");
        for (guint j = 0; j < i; j++) {
            if (strcmp(protocols[i], protocols[j]) == 0)
                return coded_error_set(error, WSB_CODE_PARAMETER, "option protocol: %s is listed twice",
                                       protocols[i]);
        }
    }
    *ret_protocols = g_steal_pointer(&protocols);
    return TRUE;
}

char *
request_proxy_host_parse(const char *text)
{
    g_autofree char *bracketed = NULL;

    if (strchr(text, ':') && *text != '[') {
        bracketed = g_strdup_printf("[%s]", text);
        text = bracketed;
    }
    return host_canonicalize(text, strlen(text), NULL);
}
