/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The same few words name a subject in a section's heading, in WhoAmI and in what an administrator types, so
 * that what one prints the other takes. A subject made from text has what the text says and nothing that the
 * system could add: it answers "what if", also on a machine that does not have the account.
 */

#include "subject.h"

#include "label.h"
#include "name.h"

#include <gio/gio.h>
#include <string.h>

/* Bytes: each group is looked up, while others wait for their names. A label has at most 4,096. */
enum { SUBJECT_TEXT_MAX = 16 * 1024 };

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
    Subject *subject;
    char *user = NULL;

    if (uid != (uid_t)-1 && name_of_user(uid, &user) == NAME_FAILED)
        return NULL;
    subject = g_new0(Subject, 1);
    subject->identified = TRUE;
    subject->uid = uid;
    subject->user = user;
    subject->groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    return subject;
}

gboolean
subject_read_group_names(Subject *subject)
{
    gboolean told = TRUE;

    g_clear_pointer(&subject->group_names, g_ptr_array_unref);
    subject->group_names = g_ptr_array_new_with_free_func(g_free);
    /* Who was not identified has no groups at all. */
    for (guint i = 0; subject->groups != NULL && i < subject->groups->len; i++) {
        char *name = NULL;

        if (name_of_group(g_array_index(subject->groups, gid_t, i), &name) == NAME_FAILED)
            told = FALSE;
        if (name != NULL)
            g_ptr_array_add(subject->group_names, name);
    }
    return told;
}

/* Takes LABEL. FALSE, and nothing set, where it is a Snap's but not understood. */
static gboolean
set_profile(Subject *subject, char *label)
{
    char *snap;
    char *app;

    if (!label_parse_snap(label, &snap, &app)) {
        g_free(label);
        return FALSE;
    }
    g_free(subject->label);
    g_free(subject->snap);
    g_free(subject->snap_app);
    subject->label = label;
    subject->snap = snap;
    subject->snap_app = app;
    return TRUE;
}

gboolean
subject_set_label(Subject *subject, const char *raw)
{
    gboolean is_profile;
    char *label;

    if (!label_parse(raw, &label, &is_profile))
        return FALSE;
    if (label != NULL && is_profile)
        return set_profile(subject, label);
    g_free(subject->label);
    subject->label = label;
    g_clear_pointer(&subject->snap, g_free);
    g_clear_pointer(&subject->snap_app, g_free);
    return TRUE;
}

static void
append_part(GString *text, const char *keyword, const char *name)
{
    if (name != NULL)
        g_string_append_printf(text, "%s%s %s", text->len == 0 ? "" : ", ", keyword, name);
}

char *
subject_to_string(const Subject *subject)
{
    GString *text = g_string_new(subject->identified ? NULL : "unidentified");
    g_autofree char *uid = g_strdup_printf("%u", (guint)subject->uid);
    g_autofree char *snap = NULL;

    if (!subject->identified)
        return g_string_free(text, FALSE);
    if (subject->snap_app != NULL)
        snap = g_strconcat(subject->snap, ".", subject->snap_app, NULL);
    if (subject->snap == NULL)
        append_part(text, "label", subject->label);
    append_part(text, "snap", snap != NULL ? snap : subject->snap);
    append_part(text, "unit", subject->unit);
    append_part(text, "flatpak", subject->flatpak);
    append_part(text, "user-unit", subject->user_unit);
    append_part(text, "user", subject->user == NULL && subject->uid != (uid_t)-1 ? uid : subject->user);
    return g_string_free(text, FALSE);
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
parse_label(Subject *subject, const char *name, GError **error)
{
    const char *fault = label_fault(name);

    if (fault != NULL)
        return fail(error, "label %s: %s", name, fault);
    if (subject->label != NULL || subject->snap != NULL)
        return fail(error, "label %s: a label or Snap is already named", name);
    return set_profile(subject, g_strdup(name)) ||
           fail(error, "label %s: a Snap's label is snap.NAME.APP or snap.NAME.hook.HOOK", name);
}

static gboolean
parse_snap(Subject *subject, const char *name, GError **error)
{
    const char *fault = name_snap_fault(name);

    if (fault != NULL)
        return fail(error, "snap %s: %s", name, fault);
    if (subject->label != NULL || subject->snap != NULL)
        return fail(error, "snap %s: a label or Snap is already named", name);
    if (strchr(name, '.') != NULL)
        return set_profile(subject, g_strconcat("snap.", name, NULL));
    subject->snap = g_strdup(name);
    return TRUE;
}

static gboolean
parse_flatpak(Subject *subject, const char *id, GError **error)
{
    const char *fault = name_flatpak_fault(id);

    if (fault != NULL)
        return fail(error, "flatpak %s: %s", id, fault);
    if (subject->flatpak != NULL)
        return fail(error, "flatpak %s: a Flatpak application is already named", id);
    subject->flatpak = g_strdup(id);
    return TRUE;
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
        return name_of_user(id, &subject->user) != NAME_FAILED ||
               fail(error, "user %s: the system cannot look it up", name);
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
    { "label ", parse_label },     { "snap ", parse_snap },           { "unit ", parse_unit },
    { "flatpak ", parse_flatpak }, { "user-unit ", parse_user_unit }, { "user ", parse_user },
    { "group ", parse_group },
};

/* NULL where TEXT begins with none. */
static const struct SubjectKind *
find_kind(const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_prefix(text, kinds[i].prefix))
            return &kinds[i];
    return NULL;
}

static gboolean
parse_part(Subject *subject, const char *part, GError **error)
{
    const struct SubjectKind *kind = find_kind(part);
    g_autofree char *name = kind == NULL ? NULL : g_strchug(g_strdup(part + strlen(kind->prefix)));

    if (kind != NULL)
        return kind->parse(subject, name, error);
    return fail(error,
                "\"%s\" is no label L, snap NAME, snap NAME.APP, unit NAME, flatpak ID, user-unit NAME, "
                "user NAME|UID or group NAME|GID",
                part);
}

/* The comma behind the part that begins at TEXT, or NULL. SELinux contexts have commas of their own, so a
 * label goes on to where another part begins. */
static const char *
find_comma(const char *text)
{
    const struct SubjectKind *kind = find_kind(text);
    const char *comma = strchr(text, ',');

    while (kind != NULL && kind->parse == parse_label && comma != NULL &&
           find_kind(comma + 1 + strspn(comma + 1, " ")) == NULL)
        comma = strchr(comma + 1, ',');
    return comma;
}

static gboolean
parse_parts(Subject *subject, const char *text, GError **error)
{
    while (text != NULL) {
        const char *start = text + strspn(text, " ");
        const char *comma = find_comma(start);
        g_autofree char *part = comma == NULL ? g_strdup(start) : g_strndup(start, (gsize)(comma - start));

        if (!parse_part(subject, g_strchomp(part), error))
            return FALSE;
        text = comma == NULL ? NULL : comma + 1;
    }
    return TRUE;
}

Subject *
subject_parse(const char *text, GError **error)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(text));
    g_autoptr(Subject) subject = NULL;

    if (strlen(text) > SUBJECT_TEXT_MAX) {
        fail(error, "the subject has more than %d bytes", SUBJECT_TEXT_MAX);
        return NULL;
    }
    if (!g_utf8_validate(text, -1, NULL) || *trimmed == '\0') {
        fail(error, "the subject is empty or no UTF-8");
        return NULL;
    }
    if (strcmp(trimmed, "unidentified") == 0)
        return subject_new_unidentified();
    subject = subject_new_for_uid((uid_t)-1);
    return parse_parts(subject, trimmed, error) ? g_steal_pointer(&subject) : NULL;
}

void
subject_free(Subject *subject)
{
    if (subject == NULL)
        return;
    g_free(subject->user);
    g_clear_pointer(&subject->groups, g_array_unref);
    g_clear_pointer(&subject->group_names, g_ptr_array_unref);
    g_free(subject->label);
    g_free(subject->snap);
    g_free(subject->snap_app);
    g_free(subject->unit);
    g_free(subject->flatpak);
    g_free(subject->user_unit);
    g_free(subject);
}
