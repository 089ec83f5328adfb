/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * systemd tells which unit a process belongs to by the process's place in the control group tree, which no process
 * can leave without privilege over it: /system.slice/chat.service is the unit chat.service, and what is below
 * user@1000.service is user 1000's own to arrange. A path is slices, then the unit's directory, then whatever the
 * unit keeps below; a name that would collide with a control file has an underscore in front.
 */

#include "cgroup.h"

#include <string.h>

static const char *const unit_suffixes[] = { ".service", ".scope", ".socket", ".mount", ".swap", NULL };

static gboolean
is_unit_name(const char *name)
{
    for (const char *const *suffix = unit_suffixes; *suffix; suffix++) {
        if (g_str_has_suffix(name, *suffix))
            return strlen(name) > strlen(*suffix);
    }
    return FALSE;
}

/* The first part that is no slice, if it is a unit; *parts then stands behind it. */
static char *
take_unit(char ***parts)
{
    while (**parts && g_str_has_suffix(**parts, ".slice"))
        (*parts)++;
    if (!**parts)
        return NULL;

    const char *name = *(*parts)++;
    if (*name == '_')
        name++;
    return is_unit_name(name) ? g_strdup(name) : NULL;
}

static gboolean
parse_path(const char *path, uid_t uid, char **ret_unit, char **ret_user_unit)
{
    g_auto(GStrv) parts = NULL;
    g_autofree char *manager = g_strdup_printf("user@%u.service", uid);
    char **at;

    if (*path != '/')
        return FALSE;
    parts = g_strsplit(path + 1, "/", /* max_tokens= */ -1);
    /* Outside our cgroup namespace: its place is not to be seen from here. */
    if (g_strv_contains((const char *const *)parts, ".."))
        return FALSE;
    at = parts;
    *ret_unit = take_unit(&at);
    if (*ret_unit && strcmp(*ret_unit, manager) == 0)
        *ret_user_unit = take_unit(&at);
    return TRUE;
}

/* The path of the hierarchy in which systemd keeps units: its own of version 1, else that of version 2. */
static const char *
find_path(char **lines, gboolean unified)
{
    const char *second = NULL;

    for (char **line = lines; *line; line++) {
        const char *controllers = strchr(*line, ':');
        const char *path = controllers ? strchr(controllers + 1, ':') : NULL;

        if (**line == '\0')
            continue;
        if (!path)
            return NULL;
        if (!unified && g_str_has_prefix(controllers, ":name=systemd:"))
            return path + 1;
        if (g_str_has_prefix(*line, "0::"))
            second = path + 1;
    }
    return second;
}

gboolean
cgroup_parse(const char *text, gboolean unified, uid_t uid, char **ret_unit, char **ret_user_unit)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", /* max_tokens= */ -1);
    const char *path = find_path(lines, unified);

    *ret_unit = *ret_user_unit = NULL;
    return path && parse_path(path, uid, ret_unit, ret_user_unit);
}
