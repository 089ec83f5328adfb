/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The same few words name a subject in a section's heading, in WhoAmI and in what an administrator types, so
 * that what one prints the other takes. A subject made from text has what the text says and nothing that the
 * system could add: it answers "what if", also on a machine that does not have the account.
 */

#include "subject.h"

#include "name.h"

#include <gio/gio.h>
#include <string.h>

Subject *
subject_new_unidentified(void)
{
    Subject *subject = g_new0(Subject, 1);

    subject->uid = (uid_t)-1;
    return subject;
}

Subject *
subject_new_for_uid(uid_t uid)
{
    Subject *subject = g_new0(Subject, 1);

    subject->identified = TRUE;
    subject->uid = uid;
    subject->user = uid == (uid_t)-1 ? NULL : name_of_user(uid);
    subject->groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    return subject;
}

char *
subject_to_string(const Subject *subject)
{
    g_autoptr(GPtrArray) parts = NULL;

    if (!subject->identified)
        return g_strdup("unidentified");
    parts = g_ptr_array_new_with_free_func(g_free);
    if (subject->unit != NULL)
        g_ptr_array_add(parts, g_strdup_printf("unit %s", subject->unit));
    if (subject->user_unit != NULL)
        g_ptr_array_add(parts, g_strdup_printf("user-unit %s", subject->user_unit));
    if (subject->user != NULL)
        g_ptr_array_add(parts, g_strdup_printf("user %s", subject->user));
    else if (subject->uid != (uid_t)-1)
        g_ptr_array_add(parts, g_strdup_printf("user %u", (guint)subject->uid));
    g_ptr_array_add(parts, NULL);
    return g_strjoinv(", ", (char **)parts->pdata);
}

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

static gboolean
set_unit(char **unit, const char *name, GError **error)
{
    const char *fault = name_unit_fault(name);

    if (fault != NULL)
        return fail(error, "%s: %s", name, fault);
    if (*unit != NULL)
        return fail(error, "%s: a unit of this kind is already named", name);
    *unit = g_strdup(name);
    return TRUE;
}

static gboolean
parse_unit(Subject *subject, const char *name, GError **error)
{
    return set_unit(&subject->unit, name, error);
}

static gboolean
parse_user_unit(Subject *subject, const char *name, GError **error)
{
    return set_unit(&subject->user_unit, name, error);
}

static gboolean
parse_user(Subject *subject, const char *name, GError **error)
{
    NameLookup lookup;
    guint32 id;

    if (subject->user != NULL || subject->uid != (uid_t)-1)
        return fail(error, "user %s: a user is already named", name);
    if (name_parse_id(name, &id)) {
        subject->uid = id;
        subject->user = name_of_user(id);
        return TRUE;
    }
    if (!name_is_account(name))
        return fail(error, "user %s: that is no name of an account", name);
    lookup = name_find_user(name, &subject->uid);
    if (lookup == NAME_FAILED)
        return fail(error, "user %s: the system cannot look it up", name);
    if (lookup == NAME_UNKNOWN && g_ascii_isdigit(name[0]))
        return fail(error, "user %s: there is no such user, and a UID is at most 4294967294", name);
    subject->user = g_strdup(name);
    return TRUE;
}

static gboolean
parse_group(Subject *subject, const char *name, GError **error)
{
    guint32 id;
    gid_t gid;

    if (name_parse_id(name, &id))
        gid = id;
    else if (!name_is_account(name) || name_find_group(name, &gid) != NAME_FOUND)
        return fail(error, "group %s: there is no such group; a number would do", name);
    g_array_append_val(subject->groups, gid);
    return TRUE;
}

static const struct SubjectKind {
    const char *prefix;
    gboolean (*parse)(Subject *subject, const char *name, GError **error);
} kinds[] = {
    { "unit ", parse_unit },
    { "user-unit ", parse_user_unit },
    { "user ", parse_user },
    { "group ", parse_group },
};

static gboolean
parse_part(Subject *subject, const char *part, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_prefix(part, kinds[i].prefix)) {
            g_autofree char *name = g_strchug(g_strdup(part + strlen(kinds[i].prefix)));

            return kinds[i].parse(subject, name, error);
        }
    return fail(error, "\"%s\" is no unit NAME, user-unit NAME, user NAME|UID or group NAME|GID", part);
}

Subject *
subject_parse(const char *text, GError **error)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(text));
    g_auto(GStrv) parts = NULL;
    g_autoptr(Subject) subject = NULL;

    if (!g_utf8_validate(text, -1, NULL) || *trimmed == '\0') {
        fail(error, "the subject is empty or no UTF-8");
        return NULL;
    }
    if (strcmp(trimmed, "unidentified") == 0)
        return subject_new_unidentified();
    subject = subject_new_for_uid((uid_t)-1);
    parts = g_strsplit(trimmed, ",", -1);
    for (char **part = parts; *part != NULL; part++)
        if (!parse_part(subject, g_strstrip(*part), error))
            return NULL;
    return g_steal_pointer(&subject);
}

void
subject_free(Subject *subject)
{
    if (subject == NULL)
        return;
    g_free(subject->user);
    g_clear_pointer(&subject->groups, g_array_unref);
    g_free(subject->unit);
    g_free(subject->user_unit);
    g_free(subject);
}
