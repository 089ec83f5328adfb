/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The negotiation of permessage-deflate (RFC 7692 section 7.1). What a server answers is taken to the letter: one
 * extension, parameters that it may choose, each at most once and with a value of its range; anything else fails the
 * connection, as section 7.1 demands, before a byte of it is inflated.
 */

#include "permessage-deflate.h"

#include <string.h>

enum { WINDOW_BITS_MIN = 8, WINDOW_BITS_MAX = 15 };

/* Decimal, without a sign or a leading zero (section 7.1.2.1). VALUE may be in quotes (RFC 6455 section 9.1). */
static gboolean
parse_window_bits(const char *value, guint8 *ret_bits)
{
    gsize length = strlen(value);
    gboolean quoted = length >= 2 && value[0] == '"' && value[length - 1] == '"';
    g_autofree char *digits = quoted ? g_strndup(value + 1, length - 2) : g_strdup(value);
    guint64 bits;

    if (digits[0] == '0' ||
        !g_ascii_string_to_unsigned(digits, /* base= */ 10, WINDOW_BITS_MIN, WINDOW_BITS_MAX, &bits, NULL))
        return FALSE;
    *ret_bits = (guint8)bits;
    return TRUE;
}

/* VALUE is NULL where the parameter has none. */
static const char *
take_parameter(PermessageDeflate *agreed, const char *name, const char *value)
{
    if (strcmp(name, "server_no_context_takeover") == 0) {
        if (value)
            return "The server gave server_no_context_takeover a value";
        agreed->server_no_context_takeover = TRUE;
    } else if (strcmp(name, "client_no_context_takeover") == 0) {
        if (value)
            return "The server gave client_no_context_takeover a value";
    } else if (strcmp(name, "server_max_window_bits") == 0) {
        if (!value || !parse_window_bits(value, &agreed->server_max_window_bits))
            return "The server's server_max_window_bits is not 8 to 15";
    } else {
        return "The server chose a parameter of permessage-deflate that was not offered";
    }
    return NULL;
}

static const char *
take_parameters(PermessageDeflate *agreed, char **parameters)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (char **parameter = parameters; *parameter; parameter++) {
        char *value = strchr(*parameter, '=');
        const char *fault;

        if (value)
            *value++ = '\0';
        g_strchomp(*parameter);
        fault = take_parameter(agreed, g_strchug(*parameter), value ? g_strstrip(value) : NULL);
        if (fault)
            return fault;
        if (!g_hash_table_add(seen, *parameter))
            return "The server chose a parameter of permessage-deflate twice";
    }
    return NULL;
}

const char *
permessage_deflate_accept(const char *value, PermessageDeflate *ret_agreed)
{
    /* No parameter that may be chosen has a comma or a semicolon in its value, not even in quotes. */
    g_auto(GStrv) parts = g_strsplit(value, ";", /* max_tokens= */ -1);
    PermessageDeflate agreed = { .agreed = TRUE, .server_max_window_bits = WINDOW_BITS_MAX };
    const char *fault;

    if (strchr(value, ','))
        return "The server chose more than one extension";
    if (!parts[0] || strcmp(g_strstrip(parts[0]), "permessage-deflate") != 0)
        return "The server chose an extension that was not offered";
    fault = take_parameters(&agreed, parts + 1);
    if (!fault)
        *ret_agreed = agreed;
    return fault;
}
