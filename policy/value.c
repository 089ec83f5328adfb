/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Numbers are digits and one of a table's units; the multiplication is checked. A time without a unit would
 * be read as seconds by one and as milliseconds by another, so only 0 goes without.
 */

#include "value.h"

#include <gio/gio.h>
#include <string.h>

typedef struct Unit {
    const char *name;
    guint64 factor;
} Unit;

static const Unit size_units[] = {
    { "", 1 },   { "K", 1024 }, { "M", (guint64)1024 * 1024 }, { "G", (guint64)1024 * 1024 * 1024 },
    { NULL, 0 },
};

static const Unit time_units[] = {
    { "ms", G_TIME_SPAN_MILLISECOND },
    { "s", G_TIME_SPAN_SECOND },
    { "min", G_TIME_SPAN_MINUTE },
    { NULL, 0 },
};

static const Unit rate_units[] = {
    { "/s", G_TIME_SPAN_SECOND },
    { "/min", G_TIME_SPAN_MINUTE },
    { NULL, 0 },
};

static const Unit count_units[] = {
    { "", 1 },
    { NULL, 0 },
};

static gboolean
parse_number(const char *text, const Unit *units, guint64 *ret_number, guint64 *ret_factor)
{
    gsize digits = strspn(text, "0123456789");
    g_autofree char *number = g_strndup(text, digits);

    for (; units->name != NULL; units++)
        if (strcmp(text + digits, units->name) == 0) {
            *ret_factor = units->factor;
            return g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT64, ret_number, NULL);
        }
    return FALSE;
}

static gboolean
parse_scaled(const char *text, const Unit *units, guint64 *ret_value)
{
    guint64 number;
    guint64 factor;
    guint64 value;

    if (!parse_number(text, units, &number, &factor) || !g_uint64_checked_mul(&value, number, factor))
        return FALSE;
    *ret_value = value;
    return TRUE;
}

gboolean
value_parse_size(const char *text, guint64 *ret_bytes)
{
    return parse_scaled(text, size_units, ret_bytes);
}

gboolean
value_parse_time(const char *text, guint64 *ret_microseconds)
{
    return parse_scaled(strcmp(text, "0") == 0 ? "0s" : text, time_units, ret_microseconds);
}

gboolean
value_parse_count(const char *text, guint64 *ret_count)
{
    return parse_scaled(text, count_units, ret_count);
}

gboolean
value_parse_rate(const char *text, guint64 *ret_count, guint64 *ret_interval)
{
    guint64 count;
    guint64 interval;

    if (!parse_number(text, rate_units, &count, &interval))
        return FALSE;
    *ret_count = count;
    *ret_interval = interval;
    return TRUE;
}

gboolean
value_parse_boolean(const char *text, gboolean *ret_value)
{
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        return FALSE;
    *ret_value = strcmp(text, "yes") == 0;
    return TRUE;
}

char **
value_split_list(const char *text)
{
    g_auto(GStrv) items = g_strsplit(text, ";", -1);
    guint count = g_strv_length(items);

    if (count > 1 && *g_strstrip(items[count - 1]) == '\0')
        g_clear_pointer(&items[count - 1], g_free);
    for (char **item = items; *item != NULL; item++)
        if (*g_strstrip(*item) == '\0')
            return NULL;
    return g_steal_pointer(&items);
}
