/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a section says, and the table of the keys that say it. Files are merged as they are read: each
 * assignment is applied to the section in the order of the files, so that "accumulate", "clear" and "the last
 * one" are what the assignments do and need no second pass.
 */

#include "section.h"

#include "value.h"

#include <string.h>

#define PERMISSION_INTERNET "INTERNET"

typedef struct Assignment {
    const IniEntry *entry;
    const char *path;
    const char *rule;
    Problems *problems;
} Assignment;

Section *
section_new(const char *heading, const char *rule, guint order)
{
    Section *section = g_new0(Section, 1);

    section->heading = g_strdup(heading);
    section->rule = g_strdup(rule);
    section->order = order;
    section->allow = pattern_set_new();
    section->deny = pattern_set_new();
    return section;
}

void
section_free(Section *section)
{
    if (section == NULL)
        return;
    g_free(section->heading);
    g_free(section->rule);
    g_free(section->permission_rule);
    g_free(section->allow_local_rule);
    pattern_set_free(section->allow);
    pattern_set_free(section->deny);
    g_free(section);
}

static void
add_problem(const Assignment *assignment, const char *what)
{
    problems_add(assignment->problems, assignment->path, assignment->entry->line, "%s: %s",
                 assignment->entry->key, what);
}

static void
replace_rule(char **rule, const Assignment *assignment)
{
    g_free(*rule);
    *rule = g_strdup(assignment->rule);
}

/* NULL, and a problem, for a list with an empty item. */
static char **
split_list(const Assignment *assignment)
{
    char **items = value_split_list(assignment->entry->value);

    if (items == NULL)
        add_problem(assignment, "there is an empty item in the list");
    return items;
}

static void
assign_permissions(Section *section, const Assignment *assignment)
{
    g_auto(GStrv) items = split_list(assignment);

    if (items == NULL)
        return;
    for (char **item = items; *item != NULL; item++)
        if (strcmp(*item, PERMISSION_INTERNET) != 0) {
            g_autofree char *what =
                g_strdup_printf("unknown permission \"%s\"; write INTERNET or nothing", *item);

            add_problem(assignment, what);
        }
    section->permission = *items == NULL ? PERMISSION_DENIED : PERMISSION_GRANTED;
    replace_rule(&section->permission_rule, assignment);
}

static void
assign_patterns(PatternSet *set, const Assignment *assignment)
{
    g_auto(GStrv) items = split_list(assignment);

    if (items != NULL && *items == NULL)
        pattern_set_clear(set);
    for (char **item = items; item != NULL && *item != NULL; item++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Pattern) pattern = pattern_parse(*item, &error);

        if (pattern == NULL) {
            g_autofree char *what = g_strdup_printf("\"%s\": %s", *item, error->message);

            add_problem(assignment, what);
        } else {
            pattern_set_add(set, pattern, assignment->rule);
        }
    }
}

static void
assign_allow_domains(Section *section, const Assignment *assignment)
{
    assign_patterns(section->allow, assignment);
}

static void
assign_deny_domains(Section *section, const Assignment *assignment)
{
    assign_patterns(section->deny, assignment);
}

static void
assign_allow_local_addresses(Section *section, const Assignment *assignment)
{
    if (!value_parse_boolean(assignment->entry->value, &section->allow_local))
        add_problem(assignment, "write yes or no");
    replace_rule(&section->allow_local_rule, assignment);
}

static const struct SectionKey {
    const char *name;
    void (*assign)(Section *section, const Assignment *assignment);
} keys[] = {
    { "Permissions", assign_permissions },
    { "AllowDomains", assign_allow_domains },
    { "DenyDomains", assign_deny_domains },
    { "AllowLocalAddresses", assign_allow_local_addresses },
};

static char *
list_keys(void)
{
    GString *names = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        g_string_append_printf(names, "%s%s", i == 0 ? "" : ", ", keys[i].name);
    return g_string_free(names, FALSE);
}

void
section_assign(Section *section, const IniEntry *entry, const char *path, const char *rule,
               Problems *problems)
{
    const Assignment assignment = { .entry = entry, .path = path, .rule = rule, .problems = problems };
    g_autofree char *names = NULL;
    g_autofree char *what = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i].name, entry->key) == 0) {
            keys[i].assign(section, &assignment);
            return;
        }
    names = list_keys();
    what = g_strdup_printf("unknown key; known are %s", names);
    add_problem(&assignment, what);
}
