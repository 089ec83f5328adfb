/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Header fields of a handshake, request or response; repeated ones are kept apart, as Set-Cookie needs. */

#include "header-list.h"

#include <libsoup/soup.h>
#include <string.h>

struct HeaderList {
    GPtrArray *headers; /* of Header */
};

static void
header_free(Header *header)
{
    g_free(header->name);
    g_free(header->value);
    g_free(header);
}

HeaderList *
header_list_new(void)
{
    HeaderList *list = g_new0(HeaderList, 1);

    list->headers = g_ptr_array_new_with_free_func((GDestroyNotify)header_free);
    return list;
}

void
header_list_free(HeaderList *list)
{
    g_ptr_array_unref(list->headers);
    g_free(list);
}

void
header_list_append(HeaderList *list, const char *name, const char *value)
{
    Header *header = g_new0(Header, 1);

    header->name = g_strdup(name);
    header->value = g_strdup(value);
    g_ptr_array_add(list->headers, header);
}

guint
header_list_length(const HeaderList *list)
{
    return list->headers->len;
}

const Header *
header_list_get(const HeaderList *list, guint index)
{
    return g_ptr_array_index(list->headers, index);
}

const char *
header_list_find(const HeaderList *list, const char *name, guint *ret_count)
{
    const char *value = NULL;
    guint count = 0;

    for (guint i = 0; i < header_list_length(list); i++) {
        const Header *header = header_list_get(list, i);
        if (g_ascii_strcasecmp(header->name, name) == 0) {
            value = header->value;
            count++;
        }
    }
    if (ret_count)
        *ret_count = count;
    return count == 1 ? value : NULL;
}

gboolean
header_list_has_token(const HeaderList *list, const char *name, const char *token)
{
    for (guint i = 0; i < header_list_length(list); i++) {
        const Header *header = header_list_get(list, i);
        if (g_ascii_strcasecmp(header->name, name) == 0 && soup_header_contains(header->value, token))
            return TRUE;
    }
    return FALSE;
}

gboolean
header_is_token(const char *text)
{
    if (*text == '\0')
        return FALSE;
    for (; *text; text++) {
        if (!g_ascii_isalnum(*text) && !strchr("!#$%&'*+-.^_`|~", *text))
            return FALSE;
    }
    return TRUE;
}

void
header_append_basic(GString *request, const char *name, const char *user, const char *password)
{
    g_autofree char *pair = g_strconcat(user, ":", password ? password : "", NULL);
    g_autofree char *encoded = g_base64_encode((const guint8 *)pair, strlen(pair));

    g_string_append_printf(request, "%s: Basic %s\r\n", name, encoded);
    explicit_bzero(pair, strlen(pair));
    explicit_bzero(encoded, strlen(encoded));
}
