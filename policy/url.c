/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A URL is split by hand after RFC 3986 section 3, in one pass from left to right, so that it can be checked
 * against that text line by line; general URL parsers repair what they are given, and a repaired URL may mean
 * another host to policy than to the peer. Nothing is repaired here but what RFC 3986 itself calls
 * equivalent: the case of scheme and host, and an empty port. The length limit is on the text as given.
 */

#include "url.h"

#include "host.h"

#include <string.h>

G_DEFINE_QUARK(wsbroker - url - error - quark, url_error)

/* Where the components of a URL are in its text; end is one past the last byte. */
typedef struct Parts {
    gboolean secure;
    const char *userinfo; /* NULL where there is none */
    const char *userinfo_end;
    const char *host;
    const char *host_end;
    const char *port; /* NULL where there is none */
    const char *authority;
    const char *authority_end;
} Parts;

static const struct Scheme {
    const char *prefix;
    gboolean secure;
    guint16 port;
} schemes[] = {
    { "ws:", FALSE, 80 },
    { "wss:", TRUE, 443 },
};

static guint16
scheme_port(gboolean secure)
{
    return schemes[secure ? 1 : 0].port;
}

static gboolean
fail(GError **error, UrlError code, const char *message)
{
    g_set_error_literal(error, URL_ERROR, (int)code, message);
    return FALSE;
}

static const char *
skip_scheme(const char *text, gboolean *ret_secure)
{
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        gsize length = strlen(schemes[i].prefix);

        if (g_ascii_strncasecmp(text, schemes[i].prefix, length) == 0) {
            *ret_secure = schemes[i].secure;
            return text + length;
        }
    }
    return NULL;
}

static gboolean
split_authority(Parts *parts, GError **error)
{
    gsize length = (gsize)(parts->authority_end - parts->authority);
    const char *at = memchr(parts->authority, '@', length);
    const char *colon;

    parts->host = parts->authority;
    if (at != NULL) {
        if (memchr(at + 1, '@', (gsize)(parts->authority_end - at - 1)) != NULL)
            return fail(error, URL_ERROR_HOST, "There is more than one @ before the path");
        parts->userinfo = parts->authority;
        parts->userinfo_end = at;
        parts->host = at + 1;
    }

    colon = parts->host;
    if (*parts->host == '[') {
        const char *bracket = memchr(parts->host, ']', (gsize)(parts->authority_end - parts->host));

        colon = bracket == NULL ? parts->authority_end : bracket + 1;
        if (colon < parts->authority_end && *colon != ':')
            return fail(error, URL_ERROR_HOST, "Only a port may follow the bracket");
    }
    colon = memchr(colon, ':', (gsize)(parts->authority_end - colon));
    parts->host_end = colon == NULL ? parts->authority_end : colon;
    parts->port = colon == NULL ? NULL : colon + 1;
    return TRUE;
}

static gboolean
split(const char *text, Parts *ret_parts, GError **error)
{
    Parts parts = { 0 };
    const char *rest = skip_scheme(text, &parts.secure);

    if (rest == NULL)
        return fail(error, URL_ERROR_SCHEME, "The URL does not begin with ws:// or wss://");
    if (!g_str_has_prefix(rest, "//"))
        return fail(error, URL_ERROR_HOST, "There is no host: // does not follow the scheme");
    parts.authority = rest + 2;
    parts.authority_end = parts.authority + strcspn(parts.authority, "/?#");
    if (!split_authority(&parts, error))
        return FALSE;
    *ret_parts = parts;
    return TRUE;
}

/* Backslash, blanks and control characters, in UTF-8 from START to END. */
static gboolean
check_characters(const char *start, const char *end, GError **error)
{
    for (const char *each = start; each < end; each = g_utf8_next_char(each)) {
        gunichar character = g_utf8_get_char(each);

        if (character == '\\' || g_unichar_isspace(character) || g_unichar_iscntrl(character)) {
            g_set_error(error, URL_ERROR, URL_ERROR_CHARACTER,
                        "The URL has a backslash, a blank or a control character at byte %" G_GSIZE_FORMAT,
                        (gsize)(each - start));
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
check_escapes(const char *text, GError **error)
{
    for (const char *each = strchr(text, '%'); each != NULL; each = strchr(each + 1, '%'))
        if (!g_ascii_isxdigit(each[1]) || !g_ascii_isxdigit(each[2])) {
            g_set_error(error, URL_ERROR, URL_ERROR_CHARACTER,
                        "The URL has a %% without two hexadecimal digits at byte %" G_GSIZE_FORMAT,
                        (gsize)(each - text));
            return FALSE;
        }
    return TRUE;
}

/* An empty port is the scheme's own (RFC 3986 section 3.2.3). */
static gboolean
parse_port(const Parts *parts, guint16 *ret_port, GError **error)
{
    guint port = 0;

    if (parts->port == NULL || parts->port == parts->authority_end) {
        *ret_port = scheme_port(parts->secure);
        return TRUE;
    }
    for (const char *each = parts->port; each < parts->authority_end; each++) {
        port = g_ascii_isdigit(*each) ? port * 10 + (guint)(*each - '0') : G_MAXUINT16 + 1;
        if (port > G_MAXUINT16)
            break;
    }
    if (port == 0 || port > G_MAXUINT16)
        return fail(error, URL_ERROR_PORT, "The port is no number from 1 to 65535");
    *ret_port = (guint16)port;
    return TRUE;
}

static Url *
url_new(const Parts *parts, GError **error)
{
    g_autoptr(Url) url = g_new0(Url, 1);

    url->secure = parts->secure;
    url->host = host_canonicalize(parts->host, (gsize)(parts->host_end - parts->host), error);
    if (url->host == NULL || !parse_port(parts, &url->port, error))
        return NULL;
    url->default_port = url->port == scheme_port(url->secure);
    return g_steal_pointer(&url);
}

/* One half of the userinfo, for HTTP's Basic scheme, which takes no control character (RFC 7617 section
 * 2). */
static char *
decode_credential(const char *start, const char *end, GError **error)
{
    g_autofree char *decoded = g_uri_unescape_segment(start, end, NULL);
    gboolean valid = decoded != NULL && g_utf8_validate(decoded, -1, NULL);

    for (const char *each = decoded; valid && *each != '\0'; each = g_utf8_next_char(each))
        valid = !g_unichar_iscntrl(g_utf8_get_char(each));
    if (!valid) {
        fail(error, URL_ERROR_CHARACTER, "The user or the password has a control character or is no UTF-8");
        return NULL;
    }
    return g_steal_pointer(&decoded);
}

static gboolean
parse_userinfo(Url *url, const Parts *parts, GError **error)
{
    const char *colon;

    if (parts->userinfo == parts->userinfo_end)
        return TRUE;
    colon = memchr(parts->userinfo, ':', (gsize)(parts->userinfo_end - parts->userinfo));
    url->user = decode_credential(parts->userinfo, colon == NULL ? parts->userinfo_end : colon, error);
    if (url->user == NULL)
        return FALSE;
    if (strchr(url->user, ':') != NULL)
        return fail(error, URL_ERROR_CHARACTER, "The user has a colon, which Basic cannot carry");
    if (colon == NULL)
        return TRUE;
    url->password = decode_credential(colon + 1, parts->userinfo_end, error);
    return url->password != NULL;
}

/* Path and query from TEXT to its end, of which every percent-escape is known to be well-formed. */
static char *
encode_target(const char *text)
{
    GString *target = g_string_new(*text == '/' ? NULL : "/");

    for (const char *each = text; *each != '\0'; each++)
        if (g_ascii_isalnum(*each) || strchr("%/?:@-._~!$&'()*+,;=", *each) != NULL)
            g_string_append_c(target, *each);
        else
            g_string_append_printf(target, "%%%02X", (guint8)*each);
    return g_string_free(target, FALSE);
}

/* What RFC 6455 and the contract forbid anywhere in a URL. */
static gboolean
check_text(const char *text, GError **error)
{
    if (strchr(text, '#') != NULL)
        return fail(error, URL_ERROR_FRAGMENT, "The URL has a fragment");
    return check_characters(text, text + strlen(text), error) && check_escapes(text, error);
}

Url *
url_parse(const char *text, gsize max_length, GError **error)
{
    g_autoptr(Url) url = NULL;
    Parts parts;

    if (strlen(text) > max_length) {
        g_set_error(error, URL_ERROR, URL_ERROR_LENGTH, "The URL has more than %" G_GSIZE_FORMAT " bytes",
                    max_length);
        return NULL;
    }
    if (!g_utf8_validate(text, -1, NULL)) {
        fail(error, URL_ERROR_CHARACTER, "The URL is no UTF-8");
        return NULL;
    }
    if (!split(text, &parts, error) || !check_text(text, error))
        return NULL;
    url = url_new(&parts, error);
    if (url == NULL || !parse_userinfo(url, &parts, error))
        return NULL;
    url->target = encode_target(parts.authority_end);
    return g_steal_pointer(&url);
}

gboolean
url_parse_authority(const char *text, Url **ret_url)
{
    g_autoptr(Url) url = NULL;
    Parts parts;

    if (!split(text, &parts, NULL))
        return FALSE;
    /* Readers of URLs disagree on where a host ends beside a backslash, so such a host is none. */
    if (!g_utf8_validate(parts.authority, parts.authority_end - parts.authority, NULL) ||
        !check_characters(parts.authority, parts.authority_end, NULL))
        return FALSE;
    url = url_new(&parts, NULL);
    if (url == NULL)
        return FALSE;
    *ret_url = g_steal_pointer(&url);
    return TRUE;
}

char *
url_host_field(const Url *url)
{
    gboolean ipv6 = strchr(url->host, ':') != NULL;
    g_autofree char *port = url->default_port ? g_strdup("") : g_strdup_printf(":%u", url->port);

    return g_strconcat(ipv6 ? "[" : "", url->host, ipv6 ? "]" : "", port, NULL);
}

char *
url_to_public_string(const Url *url)
{
    g_autofree char *host = url_host_field(url);

    return g_strconcat(url->secure ? "wss://" : "ws://", host, url->target == NULL ? "/" : url->target, NULL);
}

void
url_free(Url *url)
{
    if (url == NULL)
        return;
    g_free(url->host);
    g_free(url->target);
    g_free(url->user);
    /* It shall not outlive its use in freed memory. */
    if (url->password != NULL)
        explicit_bzero(url->password, strlen(url->password));
    g_free(url->password);
    g_free(url);
}
