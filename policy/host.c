/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A host has many spellings and must have one meaning, or the name that policy allows is not the one that is
 * dialled. So everything is mapped first and judged after: percent-escapes are decoded, IDNA maps
 * compatibility forms (full-width digits and dots among them) to ASCII, and only then is the result looked
 * at. What is left must be a canonical dotted quad or a name whose last label is not numeric. Other spellings
 * of IPv4 addresses (127.1, 0x7f.1, 2130706433), which resolvers accept, are therefore never names.
 */

#include "host.h"

#include "url.h"

#include <gio/gio.h>
#include <string.h>

#define LABEL_MAX 63
#define NAME_MAX_BYTES 253

G_GNUC_PRINTF(2, 3)
static char *
fail(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(URL_ERROR, URL_ERROR_HOST, format, arguments);
    va_end(arguments);
    return NULL;
}

static char *
canonicalize_ipv6(const char *text, gsize length, GError **error)
{
    g_autofree char *inner = NULL;
    g_autoptr(GInetAddress) address = NULL;

    if (length < 2 || text[length - 1] != ']')
        return fail(error, "The host has an opening bracket without a closing one");
    inner = g_strndup(text + 1, length - 2);
    if (strchr(inner, '%') != NULL)
        return fail(error, "The host is an IPv6 address with a zone");
    if (strchr(inner, ':') != NULL && inner[strspn(inner, "0123456789abcdefABCDEF:.")] == '\0')
        address = g_inet_address_new_from_string(inner);
    if (address == NULL)
        return fail(error, "The host in brackets is no IPv6 address");
    return g_inet_address_to_string(address);
}

/* "4", "0x7f": what inet_aton() would take for a part of an address. */
static gboolean
label_is_numeric(const char *label, gsize length)
{
    if (length >= 2 && label[0] == '0' && label[1] == 'x')
        return strspn(label + 2, "0123456789abcdef") >= length - 2;
    return strspn(label, "0123456789") >= length;
}

/* What is wrong with NAME, lower-case ASCII without a trailing dot; NULL if nothing is. */
static const char *
name_fault(const char *name)
{
    const char *label = name;

    if (strlen(name) > NAME_MAX_BYTES)
        return "The host has more than 253 bytes";
    for (;;) {
        gsize length = strcspn(label, ".");

        if (length == 0)
            return "The host has an empty label";
        if (length > LABEL_MAX)
            return "The host has a label of more than 63 bytes";
        if (strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-") < length)
            return "The host has a character other than letters, digits, hyphens and dots";
        if (label[0] == '-' || label[length - 1] == '-')
            return "The host has a label that begins or ends with a hyphen";
        if (label[length] == '\0')
            break;
        label += length + 1;
    }
    if (label_is_numeric(label, strlen(label)))
        return "The host ends in a number but is no address of four decimal numbers";
    return NULL;
}

static gboolean
is_dotted_quad(const char *text)
{
    g_autoptr(GInetAddress) address = strchr(text, ':') == NULL ? g_inet_address_new_from_string(text) : NULL;
    g_autofree char *canonical = address == NULL ? NULL : g_inet_address_to_string(address);

    return g_strcmp0(canonical, text) == 0;
}

char *
host_canonicalize(const char *text, gsize length, GError **error)
{
    g_autofree char *decoded = NULL;
    g_autofree char *mapped = NULL;
    g_autofree char *name = NULL;
    const char *fault;
    gsize end;

    if (length == 0)
        return fail(error, "There is no host");
    if (length > HOST_TEXT_MAX)
        return fail(error, "The host is too long");
    if (text[0] == '[')
        return canonicalize_ipv6(text, length, error);

    /* NULL for a malformed escape and for an encoded NUL. */
    decoded = g_uri_unescape_segment(text, text + length, NULL);
    if (decoded == NULL || !g_utf8_validate(decoded, -1, NULL))
        return fail(error, "The host has a percent-escape that is no text");
    mapped = g_hostname_to_ascii(decoded);
    if (mapped == NULL)
        return fail(error, "The host is no internationalized domain name");
    name = g_ascii_strdown(mapped, -1);
    if (is_dotted_quad(name))
        return g_steal_pointer(&name);

    end = strlen(name);
    if (end > 0 && name[end - 1] == '.')
        name[end - 1] = '\0';
    fault = name_fault(name);
    if (fault != NULL)
        return fail(error, "%s", fault);
    return g_steal_pointer(&name);
}
