/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A label counts only where the kernel enforces it: a profile in complain mode confines nothing, so a process
 * in it has proved nothing. AppArmor alone writes a mode behind the label, "name (mode)", and only what
 * enforces is listed here, so that a mode which a later kernel adds is nothing until it is understood. Labels
 * are compared whole: of a stack "a//&b" neither part is a label of its own.
 */

#include "label.h"

#include "name.h"

#include <string.h>

#define LABEL_MAX 4096
#define SNAP_PREFIX "snap."
#define HOOK_PREFIX "hook."

/* The modes in which AppArmor refuses what a profile does not allow. */
static const char *const enforcing_modes[] = { "enforce", "kill", NULL };

/* The mode in LABEL, "enforce)"; NULL where there is none. */
static const char *
find_mode(const char *label)
{
    const char *last = NULL;

    for (const char *each = strstr(label, " ("); each != NULL; each = strstr(each + 1, " ("))
        last = each;
    return last != NULL && g_str_has_suffix(last, ")") ? last + 2 : NULL;
}

static const char *
text_fault(const char *label)
{
    gsize length = strlen(label);

    if (length == 0 || length > LABEL_MAX || !g_utf8_validate(label, -1, NULL))
        return "a label has 1 to 4096 bytes of UTF-8";
    if (g_ascii_isspace(label[0]) || g_ascii_isspace(label[length - 1]))
        return "a label has no blank at its ends";
    for (const char *each = label; *each != '\0'; each = g_utf8_next_char(each))
        if (g_unichar_iscntrl(g_utf8_get_char(each)))
            return "a label has no control character";
    return NULL;
}

/* `unconfined`, here or in a namespace of AppArmor (":namespace://unconfined"). */
static gboolean
is_unconfined(const char *label)
{
    if (strcmp(label, "unconfined") == 0)
        return TRUE;
    return label[0] == ':' && strstr(label, "//&") == NULL &&
           (g_str_has_suffix(label, ":unconfined") || g_str_has_suffix(label, "/unconfined"));
}

const char *
label_fault(const char *label)
{
    const char *fault = text_fault(label);

    if (fault != NULL)
        return fault;
    if (find_mode(label) != NULL)
        return "a label is written without its mode, such as /usr/bin/chat";
    return is_unconfined(label) ? "an unconfined process has no label" : NULL;
}

gboolean
label_parse(const char *raw, char **ret_label, gboolean *ret_is_profile)
{
    const char *mode = find_mode(raw);
    g_autofree char *mode_name = mode == NULL ? NULL : g_strndup(mode, strlen(mode) - 1);
    g_autofree char *label = mode == NULL ? g_strdup(raw) : g_strndup(raw, (gsize)(mode - 2 - raw));

    if (*raw != '\0' && text_fault(label) != NULL)
        return FALSE;
    *ret_is_profile = mode != NULL;
    if (*raw == '\0' || is_unconfined(label) ||
        (mode_name != NULL && !g_strv_contains(enforcing_modes, mode_name)))
        *ret_label = NULL;
    else
        *ret_label = g_steal_pointer(&label);
    return TRUE;
}

gboolean
label_parse_snap(const char *label, char **ret_snap, char **ret_app)
{
    const char *name = label + strlen(SNAP_PREFIX);
    const char *dot;
    const char *hook;

    if (!g_str_has_prefix(label, SNAP_PREFIX)) {
        *ret_snap = *ret_app = NULL;
        return TRUE;
    }
    dot = strchr(name, '.');
    if (dot == NULL)
        return FALSE;
    hook = g_str_has_prefix(dot + 1, HOOK_PREFIX) ? dot + 1 + strlen(HOOK_PREFIX) : NULL;
    if (hook != NULL) {
        g_autofree char *as_app = g_strdup_printf("%.*s.%s", (int)(dot - name), name, hook);

        if (name_snap_fault(as_app) != NULL)
            return FALSE;
    } else if (name_snap_fault(name) != NULL) {
        return FALSE;
    }
    *ret_snap = g_strndup(name, (gsize)(dot - name));
    *ret_app = hook != NULL ? NULL : g_strdup(dot + 1);
    return TRUE;
}
