/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * sd-bus does not tell how large a message is. What is kept of one, and what it may cost to answer it, has to be known
 * all the same before either is done; so its parts are looked at. Strings and arrays of numbers cost one look however
 * long they are, and whatever has very many parts is not looked at to its end.
 */

#include "bus-size.h"

#include <errno.h>
#include <string.h>

enum {
    PARTS_MAX = 2048,
    PART_SIZE = 8,    /* of a number, and of what surrounds a string or an array, at most */
    REPLY_SIZE = 512, /* of an ordinary reply or error, with its header */
    INTROSPECTION_SIZE = 8192
};

static gboolean
is_number(const char *type)
{
    return strlen(type) == 1 && strchr("ynqiuxtd", *type) != NULL;
}

/* Adds the size of the part of TYPE that comes next; a negative errno if it cannot be read. */
static int
add_value(sd_bus_message *message, char type, const char *contents, gsize *size)
{
    const char *string = NULL;
    const void *numbers = NULL;
    size_t length = 0;
    int r;

    *size += PART_SIZE;
    if (strchr("sog", type)) {
        r = sd_bus_message_read_basic(message, type, &string);
        *size += r > 0 ? strlen(string) : 0;
    } else if (type == 'a' && is_number(contents)) {
        r = sd_bus_message_read_array(message, *contents, &numbers, &length);
        *size += length;
    } else {
        r = sd_bus_message_skip(message, (const char[]){ type, '\0' });
    }
    return r;
}

static gboolean
is_container(char type, const char *contents)
{
    return type == 'v' || type == 'r' || type == 'e' || (type == 'a' && !is_number(contents));
}

/* Adds what is left of the container that was entered. */
static int
add_parts(sd_bus_message *message, gsize *size, guint *parts)
{
    const char *contents = NULL;
    char type = 0;
    int r;

    while ((r = sd_bus_message_peek_type(message, &type, &contents)) > 0) {
        if (++*parts > PARTS_MAX)
            return -E2BIG;
        if (is_container(type, contents)) {
            r = sd_bus_message_enter_container(message, type, contents);
            if (r >= 0)
                r = add_parts(message, size, parts);
            if (r >= 0)
                r = sd_bus_message_exit_container(message);
        } else {
            r = add_value(message, type, contents, size);
        }
        if (r < 0)
            break;
    }
    return r;
}

static gsize
path_size(sd_bus_message *message)
{
    return strlen(sd_bus_message_get_path(message));
}

gboolean
bus_message_size(sd_bus_message *message, gsize *ret_size)
{
    gsize size = path_size(message);
    guint parts = 0;
    int r = add_parts(message, &size, &parts);

    (void)sd_bus_message_rewind(message, /* complete= */ TRUE);
    *ret_size = r < 0 ? G_MAXSIZE : size;
    return r >= 0 || r == -E2BIG;
}

gsize
bus_reply_size(sd_bus_message *call)
{
    gsize size = REPLY_SIZE + path_size(call);
    const char *string = NULL;

    if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Introspectable", "Introspect"))
        return size + INTROSPECTION_SIZE;
    /* Errors name the interface, the property or the URL that was asked for; of nothing else do they repeat all. */
    while (sd_bus_message_read_basic(call, 's', &string) > 0)
        size += strlen(string);
    (void)sd_bus_message_rewind(call, /* complete= */ TRUE);
    return size;
}
