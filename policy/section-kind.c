/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One table row for each kind, in order of strength: how its heading is written, how its argument becomes an
 * identity, and which identities a subject has. Nothing else in the engine knows a kind by name.
 *
 * A name that the system does not know is no error, because an image may ship the policy of an account that
 * is made later. It never stands for a wrong number: such a name is compared with the one that the system has
 * for the caller's own uid or gid. Only that asks the name service while a caller waits, and only while there
 * is such a group; a subject's own account name is in it already.
 */

#include "section-kind.h"

#include "label.h"
#include "name.h"

#include <gio/gio.h>
#include <string.h>

#define EVERYONE "*"

struct SectionKind {
    const char *keyword;
    const char *usage;
    const char *fixed;                                          /* the one argument; NULL: identify() tells */
    char *(*identify)(const char *argument, GError **error);    /* the canonical argument */
    void (*list)(const Subject *subject, GPtrArray *arguments); /* NULL: every subject has the fixed one */
    gboolean asks_names;   /* a subject's names are known only if the name service was asked for them */
    gboolean unidentified; /* for those, and for no others */
    gboolean shared;
    gboolean fallback;
    gboolean unproven;
};

G_GNUC_PRINTF(2, 3)
static char *
fail(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, format, arguments);
    va_end(arguments);
    return NULL;
}

/* ARGUMENT itself, unless FAULT says what is wrong with it. */
static char *
identify_faultless(const char *argument, const char *fault, GError **error)
{
    return fault == NULL ? g_strdup(argument) : fail(error, "%s", fault);
}

static char *
identify_label(const char *argument, GError **error)
{
    return identify_faultless(argument, label_fault(argument), error);
}

static char *
identify_snap(const char *argument, GError **error)
{
    return identify_faultless(argument, name_snap_fault(argument), error);
}

static char *
identify_unit(const char *argument, GError **error)
{
    return identify_faultless(argument, name_unit_fault(argument), error);
}

static char *
identify_flatpak(const char *argument, GError **error)
{
    return identify_faultless(argument, name_flatpak_fault(argument), error);
}

static char *
identify_account(const char *name, NameLookup (*find)(const char *, guint32 *), GError **error)
{
    guint32 id;

    if (name_parse_id(name, &id))
        return g_strdup_printf("%u", id);
    if (!name_is_account(name))
        return fail(error, "\"%s\" is no name of an account", name);
    switch (find(name, &id)) {
    case NAME_FOUND:
        return g_strdup_printf("%u", id);
    case NAME_UNKNOWN:
        if (!g_ascii_isdigit(name[0]))
            return g_strdup(name);
        return fail(error, "there is no account \"%s\", and a UID or GID is at most 4294967294", name);
    case NAME_FAILED:
        break;
    }
    return fail(error, "the system cannot look up the account \"%s\"; its number would do", name);
}

static char *
identify_user(const char *argument, GError **error)
{
    return identify_account(argument, name_find_user, error);
}

static char *
identify_group(const char *argument, GError **error)
{
    return identify_account(argument, name_find_group, error);
}

static void
add_argument(const char *argument, GPtrArray *arguments)
{
    if (argument != NULL)
        g_ptr_array_add(arguments, g_strdup(argument));
}

static void
list_label(const Subject *subject, GPtrArray *arguments)
{
    add_argument(subject->label, arguments);
}

/* The application before the Snap it belongs to. */
static void
list_snap(const Subject *subject, GPtrArray *arguments)
{
    if (subject->snap != NULL && subject->snap_app != NULL)
        g_ptr_array_add(arguments, g_strconcat(subject->snap, ".", subject->snap_app, NULL));
    add_argument(subject->snap, arguments);
}

static void
list_unit(const Subject *subject, GPtrArray *arguments)
{
    add_argument(subject->unit, arguments);
}

static void
list_flatpak(const Subject *subject, GPtrArray *arguments)
{
    add_argument(subject->flatpak, arguments);
}

static void
list_user_unit(const Subject *subject, GPtrArray *arguments)
{
    add_argument(subject->user_unit, arguments);
}

/* A name that could be taken for a number is never an identity of its own. */
static void
add_name(const char *name, GPtrArray *arguments)
{
    if (name != NULL && !g_ascii_isdigit(name[0]))
        g_ptr_array_add(arguments, g_strdup(name));
}

static void
list_user(const Subject *subject, GPtrArray *arguments)
{
    if (subject->uid != (uid_t)-1)
        g_ptr_array_add(arguments, g_strdup_printf("%u", (guint)subject->uid));
    add_name(subject->user, arguments);
}

static void
list_group(const Subject *subject, GPtrArray *arguments)
{
    for (guint i = 0; i < subject->groups->len; i++)
        g_ptr_array_add(arguments, g_strdup_printf("%u", (guint)g_array_index(subject->groups, gid_t, i)));
    for (guint i = 0; subject->group_names != NULL && i < subject->group_names->len; i++)
        add_name(g_ptr_array_index(subject->group_names, i), arguments);
}

static const SectionKind kinds[] = {
    { .keyword = "label", .usage = "[label L]", .identify = identify_label, .list = list_label },
    { .keyword = "snap",
      .usage = "[snap NAME], [snap NAME.APP]",
      .identify = identify_snap,
      .list = list_snap },
    { .keyword = "unit", .usage = "[unit NAME]", .identify = identify_unit, .list = list_unit },
    { .keyword = "flatpak",
      .usage = "[flatpak ID]",
      .identify = identify_flatpak,
      .list = list_flatpak,
      .unproven = TRUE },
    { .keyword = "user-unit",
      .usage = "[user-unit NAME]",
      .identify = identify_unit,
      .list = list_user_unit,
      .unproven = TRUE },
    { .keyword = "user", .usage = "[user NAME|UID]", .identify = identify_user, .list = list_user },
    { .keyword = "group",
      .usage = "[group NAME|GID]",
      .identify = identify_group,
      .list = list_group,
      .asks_names = TRUE,
      .shared = TRUE },
    { .keyword = "user", .usage = "[user *]", .fixed = EVERYONE, .fallback = TRUE },
    { .keyword = "unidentified",
      .usage = "[unidentified]",
      .fixed = "",
      .unidentified = TRUE,
      .unproven = TRUE },
};

static char *
list_usages(void)
{
    GString *usages = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        g_string_append_printf(usages, "%s%s", i == 0 ? "" : ", ", kinds[i].usage);
    return g_string_free(usages, FALSE);
}

static gboolean
kind_takes(const SectionKind *kind, const char *keyword, const char *argument)
{
    if (strcmp(kind->keyword, keyword) != 0)
        return FALSE;
    if (kind->fixed != NULL)
        return strcmp(kind->fixed, argument) == 0;
    return strcmp(argument, EVERYONE) != 0;
}

const SectionKind *
section_kind_parse(const char *heading, char **ret_identity, GError **error)
{
    const char *blank = strchr(heading, ' ');
    const char *argument = blank == NULL ? "" : blank + 1;
    g_autofree char *keyword =
        blank == NULL ? g_strdup(heading) : g_strndup(heading, (gsize)(blank - heading));
    g_autofree char *usages = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *canonical = NULL;

        if (!kind_takes(&kinds[i], keyword, argument))
            continue;
        canonical = kinds[i].fixed != NULL ? g_strdup(argument) : kinds[i].identify(argument, error);
        if (canonical == NULL)
            return NULL;
        *ret_identity = g_strconcat(keyword, " ", canonical, NULL);
        return &kinds[i];
    }
    usages = list_usages();
    fail(error, "unknown kind of section; known are %s", usages);
    return NULL;
}

const SectionKind *
section_kind_get(guint index)
{
    return index < G_N_ELEMENTS(kinds) ? &kinds[index] : NULL;
}

guint
section_kind_order(const SectionKind *kind)
{
    return (guint)(kind - kinds);
}

gboolean
section_kind_asks_names(const SectionKind *kind, const char *identity)
{
    return kind->asks_names && !g_ascii_isdigit(identity[strlen(kind->keyword) + 1]);
}

GPtrArray *
section_kind_identities(const SectionKind *kind, const Subject *subject)
{
    g_autoptr(GPtrArray) arguments = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *identities = g_ptr_array_new_with_free_func(g_free);

    if (kind->unidentified == subject->identified)
        return identities;
    if (kind->fixed != NULL)
        g_ptr_array_add(arguments, g_strdup(kind->fixed));
    else
        kind->list(subject, arguments);
    for (guint i = 0; i < arguments->len; i++)
        g_ptr_array_add(identities,
                        g_strconcat(kind->keyword, " ", (const char *)g_ptr_array_index(arguments, i), NULL));
    return identities;
}

gboolean
section_kind_is_shared(const SectionKind *kind)
{
    return kind->shared;
}

gboolean
section_kind_is_fallback(const SectionKind *kind)
{
    return kind->fallback;
}

gboolean
section_kind_is_proof(const SectionKind *kind)
{
    return !kind->unproven;
}
