/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the broker's values look in a D-Bus message. Nothing here can make a message that a bus refuses, whatever a
 * server sent: text goes through bus-text.c. */

#include "bus-append.h"

#include "bus-text.h"
#include "wsbroker-protocol.h"

#include <string.h>

int
bus_append_text(sd_bus_message *message, const char *text)
{
    g_autofree char *valid = bus_text_new(text, strlen(text));

    return sd_bus_message_append_basic(message, 's', valid);
}

/* Header fields as a{sv}: s, or as where one is repeated. */

static int
append_values(sd_bus_message *message, const HeaderList *headers, const char *name, gboolean repeated)
{
    int r = sd_bus_message_open_container(message, 'v', repeated ? "as" : "s");

    if (r >= 0 && repeated)
        r = sd_bus_message_open_container(message, 'a', "s");
    for (guint i = 0; r >= 0 && i < header_list_length(headers); i++) {
        const Header *header = header_list_get(headers, i);
        if (g_ascii_strcasecmp(header->name, name) == 0)
            r = bus_append_text(message, header->value);
    }
    if (r >= 0 && repeated)
        r = sd_bus_message_close_container(message);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

static int
append_header(sd_bus_message *message, const HeaderList *headers, const char *name)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);
    guint count = 0;
    int r = sd_bus_message_open_container(message, 'e', "sv");

    (void)header_list_find(headers, name, &count);
    if (r >= 0)
        r = bus_append_text(message, lower);
    if (r >= 0)
        r = append_values(message, headers, name, count > 1);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

int
bus_append_headers(sd_bus_message *message, const HeaderList *headers)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    int r = sd_bus_message_open_container(message, 'a', "{sv}");

    for (guint i = 0; r >= 0 && i < header_list_length(headers); i++) {
        const char *name = header_list_get(headers, i)->name;
        if (g_hash_table_add(seen, g_ascii_strdown(name, -1)))
            r = append_header(message, headers, name);
    }
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* Messages. */

static int
append_string(sd_bus_message *message, const char *bytes, gsize length)
{
    char *space = NULL;
    int r = sd_bus_message_open_container(message, 'v', "s");

    if (r >= 0)
        r = sd_bus_message_append_string_space(message, length, &space);
    if (r < 0)
        return r;
    if (length > 0)
        memcpy(space, bytes, length);
    return sd_bus_message_close_container(message);
}

static int
append_bytes(sd_bus_message *message, const char *bytes, gsize length)
{
    int r = sd_bus_message_open_container(message, 'v', "ay");

    if (r >= 0)
        r = sd_bus_message_append_array(message, 'y', bytes, length);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* Text that a D-Bus string cannot carry. */
static int
append_kind_and_bytes(sd_bus_message *message, const char *bytes, gsize length)
{
    int r = sd_bus_message_open_container(message, 'v', "(say)");

    if (r >= 0)
        r = sd_bus_message_open_container(message, 'r', "say");
    if (r >= 0)
        r = sd_bus_message_append_basic(message, 's', WSB_KIND_TEXT);
    if (r >= 0)
        r = sd_bus_message_append_array(message, 'y', bytes, length);
    if (r >= 0)
        r = sd_bus_message_close_container(message);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

int
bus_append_data(sd_bus_message *message, gboolean text, GBytes *data)
{
    gsize length = 0;
    const char *bytes = g_bytes_get_data(data, &length);

    if (!text)
        return append_bytes(message, bytes, length);
    if (bus_text_is_valid(bytes, length))
        return append_string(message, bytes, length);
    return append_kind_and_bytes(message, bytes, length);
}

/* Failures. */

static int
open_entry(sd_bus_message *message, const char *key, const char *type)
{
    int r = sd_bus_message_open_container(message, 'e', "sv");

    if (r >= 0)
        r = sd_bus_message_append_basic(message, 's', key);
    return r < 0 ? r : sd_bus_message_open_container(message, 'v', type);
}

static int
close_entry(sd_bus_message *message)
{
    int r = sd_bus_message_close_container(message);

    return r < 0 ? r : sd_bus_message_close_container(message);
}

static int
append_headers_entry(sd_bus_message *message, const HeaderList *headers)
{
    int r = open_entry(message, "headers", "a{sv}");

    if (r >= 0)
        r = bus_append_headers(message, headers);
    return r < 0 ? r : close_entry(message);
}

static int
append_body_entry(sd_bus_message *message, GBytes *body)
{
    gsize length = 0;
    const void *bytes = g_bytes_get_data(body, &length);
    int r = open_entry(message, "body", "ay");

    if (r >= 0)
        r = sd_bus_message_append_array(message, 'y', bytes, length);
    return r < 0 ? r : close_entry(message);
}

int
bus_append_details(sd_bus_message *message, const Failure *failure)
{
    int r = sd_bus_message_open_container(message, 'a', "{sv}");

    if (r >= 0)
        r = sd_bus_message_append(message, "{sv}", "stage", "s", stage_to_string(failure->stage));
    if (r >= 0 && failure->http_status > 0)
        r = sd_bus_message_append(message, "{sv}", "httpStatus", "u", failure->http_status);
    if (r >= 0 && failure->headers)
        r = append_headers_entry(message, failure->headers);
    if (r >= 0 && failure->body)
        r = append_body_entry(message, failure->body);
    return r < 0 ? r : sd_bus_message_close_container(message);
}
