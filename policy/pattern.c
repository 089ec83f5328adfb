/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A pattern is read once, when the policy is loaded, and is refused there if it could be meant in two ways: a
 * rule that allows less than its author thinks is a nuisance, one that allows more is a hole. The text is
 * taken apart from both ends, scheme first, then port; what remains is a name, an address or a range, and
 * goes through the same mapping as the host of a URL, so that equal hosts are equal bytes.
 */

#include "pattern.h"

#include "address.h"
#include "host.h"

#include <string.h>

G_GNUC_PRINTF(2, 3)
static gboolean
fail(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, format, arguments);
    va_end(arguments);
    return FALSE;
}

/* The schemes that people write, and what to say of those that a WebSocket URL cannot have. */
static const struct Scheme {
    const char *name;
    gboolean ws;
    gboolean wss;
    const char *instead;
} schemes[] = {
    { "ws", TRUE, FALSE, NULL },
    { "wss", FALSE, TRUE, NULL },
    { "http", FALSE, FALSE, "ws" },
    { "https", FALSE, FALSE, "wss" },
};

/* Takes the scheme off TEXT. NULL if it has a wrong one. */
static const char *
parse_scheme(Pattern *pattern, const char *text, GError **error)
{
    const char *end = strstr(text, "://");
    g_autofree char *name = NULL;

    if (end == NULL) {
        pattern->ws = pattern->wss = TRUE;
        return text;
    }
    name = g_ascii_strdown(text, end - text);
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (strcmp(name, schemes[i].name) != 0)
            continue;
        if (schemes[i].instead != NULL) {
            fail(error, "the scheme is ws or wss; write %s%s", schemes[i].instead, end);
            return NULL;
        }
        pattern->ws = schemes[i].ws;
        pattern->wss = schemes[i].wss;
        return end + 3;
    }
    fail(error, "the scheme is ws or wss, or left out for both");
    return NULL;
}

static gboolean
parse_port(Pattern *pattern, const char *text, GError **error)
{
    guint64 port;

    if (strcmp(text, "*") == 0) {
        pattern->port_kind = PATTERN_PORT_ANY;
        return TRUE;
    }
    if (*text == '0' || !g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &port, NULL))
        return fail(error, "the port is a number from 1 to 65535, or * for any");
    pattern->port_kind = PATTERN_PORT_ONE;
    pattern->port = (guint16)port;
    return TRUE;
}

static GInetAddress *
parse_address(const char *text)
{
    if (*text == '\0' || text[strspn(text, "0123456789abcdefABCDEF:.")] != '\0')
        return NULL;
    return g_inet_address_new_from_string(text);
}

/* A range of mapped addresses becomes one of IPv4; a wider one stays IPv6, where no mapped address is
 * looked for. */
static void
set_network(Pattern *pattern, GInetAddress *address, guint prefix_length)
{
    g_autoptr(GInetAddress) unmapped = address_unmap(address);
    gboolean mapped = g_inet_address_get_native_size(address) != g_inet_address_get_native_size(unmapped);

    mapped = mapped && prefix_length >= 96;
    pattern->kind = PATTERN_NETWORK;
    pattern->address = g_object_ref(mapped ? unmapped : address);
    pattern->prefix_length = mapped ? prefix_length - 96 : prefix_length;
}

static GInetAddress *
clear_host_bits(GInetAddress *address, guint prefix_length)
{
    gsize size = g_inet_address_get_native_size(address);
    guint8 bytes[16];

    memcpy(bytes, g_inet_address_to_bytes(address), size);
    for (guint bit = prefix_length; bit < size * 8; bit++)
        bytes[bit / 8] &= (guint8) ~(0x80 >> bit % 8);
    return g_inet_address_new_from_bytes(bytes, g_inet_address_get_family(address));
}

static gboolean
parse_range(Pattern *pattern, const char *text, const char *slash, GError **error)
{
    g_autofree char *base = g_strndup(text, (gsize)(slash - text));
    g_autoptr(GInetAddress) address = parse_address(base);
    g_autoptr(GInetAddress) cleared = NULL;
    g_autofree char *cleared_text = NULL;
    guint64 length;
    guint64 bits;

    if (address == NULL)
        return fail(error, "a pattern has no path; leave out %s", slash);
    bits = g_inet_address_get_native_size(address) * 8;
    if (!g_ascii_string_to_unsigned(slash + 1, 10, 0, bits, &length, NULL))
        return fail(error, "a range has a prefix length from 0 to %u", (guint)bits);
    cleared = clear_host_bits(address, (guint)length);
    cleared_text = g_inet_address_to_string(cleared);
    if (!g_inet_address_equal(address, cleared))
        return fail(error, "the range has host bits set; write %s/%u, or the address alone", cleared_text,
                    (guint)length);
    set_network(pattern, address, (guint)length);
    return TRUE;
}

/* The characters that belong to parts of a URL which a pattern does not have. */
static const struct Foreign {
    const char *characters;
    const char *text;
} foreign[] = {
    { "@", "a pattern has no user and no password" },
    { "?#", "a pattern has no query and no fragment" },
    { "%", "a pattern has no percent-escapes and no IPv6 zone" },
    { " \t", "a pattern has no blank; items are separated by ;" },
    { ",", "items are separated by ;, not by a comma" },
    { "\\", "a pattern has no backslash" },
};

static gboolean
check_foreign(const char *text, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(foreign); i++)
        if (strpbrk(text, foreign[i].characters) != NULL)
            return fail(error, "%s", foreign[i].text);
    return TRUE;
}

static gboolean
parse_name(Pattern *pattern, const char *text, GError **error)
{
    const char *name = g_str_has_prefix(text, "*.") ? text + 2 : text;
    g_autoptr(GError) fault = NULL;

    if (strcmp(text, "*") == 0) {
        pattern->kind = PATTERN_ANY;
        return TRUE;
    }
    if (strchr(name, '*') != NULL) {
        const char *tail = strrchr(text, '*') + 1;
        gboolean evident = tail == text + 1 || *tail == '.';

        tail += *tail == '.';
        if (!evident || *tail == '\0')
            return fail(error, "a * stands alone, or for all names below one: *.example.com");
        return fail(error, "a * stands alone, or for all names below one; write *.%s", tail);
    }
    if (*name == '.' && name[1] != '\0')
        return fail(error, "the host has an empty label; write *%s for all names below it", name);
    pattern->kind = name == text ? PATTERN_HOST : PATTERN_BELOW;
    pattern->host = host_canonicalize(name, strlen(name), &fault);
    if (pattern->host == NULL)
        return fail(error, "%c%s", g_ascii_tolower(fault->message[0]), fault->message + 1);
    if (g_hostname_is_ip_address(pattern->host))
        return fail(error, "no name is below an address");
    return TRUE;
}

static gboolean
parse_host(Pattern *pattern, const char *text, GError **error)
{
    const char *slash = strchr(text, '/');
    g_autoptr(GInetAddress) address = parse_address(text);

    if (*text == '\0')
        return fail(error, "the host is missing");
    if (slash != NULL)
        return parse_range(pattern, text, slash, error);
    if (address != NULL) {
        set_network(pattern, address, (guint)g_inet_address_get_native_size(address) * 8);
        return TRUE;
    }
    return parse_name(pattern, text, error);
}

/* "[2001:db8::1]", "[2001:db8::/32]:443". */
static gboolean
parse_bracketed(Pattern *pattern, const char *text, GError **error)
{
    const char *end = strchr(text, ']');
    g_autofree char *inner = NULL;

    if (end == NULL)
        return fail(error, "the bracket is not closed");
    inner = g_strndup(text + 1, (gsize)(end - text - 1));
    if (strchr(inner, ':') == NULL)
        return fail(error, "only an IPv6 address or range is in brackets");
    if (end[1] == '/')
        return fail(error, "the range as a whole is in brackets; write [%s/%.*s]%s", inner,
                    (int)strcspn(end + 2, ":"), end + 2, end + 2 + strcspn(end + 2, ":"));
    if (end[1] != '\0' && end[1] != ':')
        return fail(error, "only a port may follow the bracket");
    if (end[1] == ':' && !parse_port(pattern, end + 2, error))
        return FALSE;
    return parse_host(pattern, inner, error) &&
           (pattern->kind == PATTERN_NETWORK || fail(error, "only an IPv6 address or range is in brackets"));
}

/* An IPv6 address or range without brackets, which leaves no room for a port. */
static gboolean
parse_bare_ipv6(Pattern *pattern, const char *text, GError **error)
{
    const char *colon = strrchr(text, ':');
    gsize length = strcspn(text, "/");
    g_autofree char *base = g_strndup(text, length);
    g_autofree char *before = g_strndup(text, (gsize)(colon - text));
    g_autofree char *before_base = g_strndup(before, strcspn(before, "/"));
    g_autoptr(GInetAddress) address = parse_address(base);
    g_autoptr(GInetAddress) address_before = parse_address(before_base);

    if (address != NULL && colon < text + length)
        return parse_host(pattern, text, error);
    if (address_before != NULL)
        return fail(error, "IPv6 is in brackets where a port follows; write [%s]%s", before, colon);
    return fail(error, "the host is no IPv6 address, and only one port may follow a name");
}

Pattern *
pattern_parse(const char *text, GError **error)
{
    g_autoptr(Pattern) pattern = g_new0(Pattern, 1);
    const char *rest;
    const char *colon;
    g_autofree char *host = NULL;

    if (!g_utf8_validate(text, -1, NULL) || *text == '\0') {
        fail(error, "the pattern is empty or no UTF-8");
        return NULL;
    }
    rest = parse_scheme(pattern, text, error);
    if (rest == NULL || !check_foreign(rest, error))
        return NULL;
    if (*rest == '[')
        return parse_bracketed(pattern, rest, error) ? g_steal_pointer(&pattern) : NULL;
    colon = strchr(rest, ':');
    if (colon != NULL && strchr(colon + 1, ':') != NULL)
        return parse_bare_ipv6(pattern, rest, error) ? g_steal_pointer(&pattern) : NULL;
    if (colon != NULL && !parse_port(pattern, colon + 1, error))
        return NULL;
    host = colon == NULL ? g_strdup(rest) : g_strndup(rest, (gsize)(colon - rest));
    return parse_host(pattern, host, error) ? g_steal_pointer(&pattern) : NULL;
}

Pattern *
pattern_parse_proxy(const char *text, GError **error)
{
    const char *scheme_end = strstr(text, "://");
    g_autoptr(Pattern) pattern = NULL;

    if (scheme_end != NULL) {
        fail(error, "a proxy has no scheme; write %s", scheme_end + 3);
        return NULL;
    }
    pattern = pattern_parse(text, error);
    if (pattern != NULL && pattern->port_kind == PATTERN_PORT_DEFAULT) {
        gboolean bare_ipv6 = *text != '[' && strchr(text, ':') != NULL;
        g_autofree char *host = bare_ipv6 ? g_strdup_printf("[%s]", text) : g_strdup(text);

        fail(error, "a proxy has no default port; write %s:3128 or whatever it has, or %s:* for any", host,
             host);
        return NULL;
    }
    return g_steal_pointer(&pattern);
}

void
pattern_free(Pattern *pattern)
{
    if (pattern == NULL)
        return;
    g_free(pattern->host);
    g_clear_object(&pattern->address);
    g_free(pattern);
}
