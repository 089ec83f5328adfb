/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The policy in force: sections by identity. Files are read to their end whatever is wrong in them, and a
 * single error anywhere gives no policy at all, so that no part of a rule set is ever applied without the
 * rest.
 */

#include "policy-private.h"

#include "files.h"
#include "ini.h"

#include <string.h>

#define POLICY_FOLDER "policy.d"

struct Policy {
    gatomicrefcount references;
    GHashTable *sections; /* of char *identity to Section */
    GHashTable *paths;    /* of char *label of each file to char *path */
    gboolean asks_names;  /* a section is matched by the names of a subject's groups */
};

static Policy *
policy_new(void)
{
    Policy *policy = g_new0(Policy, 1);

    g_atomic_ref_count_init(&policy->references);
    policy->sections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)section_free);
    policy->paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return policy;
}

Policy *
policy_ref(Policy *policy)
{
    g_atomic_ref_count_inc(&policy->references);
    return policy;
}

void
policy_unref(Policy *policy)
{
    if (policy == NULL || !g_atomic_ref_count_dec(&policy->references))
        return;
    g_hash_table_unref(policy->sections);
    g_hash_table_unref(policy->paths);
    g_free(policy);
}

/* The section of that identity, made if it is the first. */
static Section *
ensure_section(Policy *policy, const SectionKind *kind, const char *identity, const char *heading,
               const char *rule)
{
    Section *section = g_hash_table_lookup(policy->sections, identity);

    if (section != NULL)
        return section;
    policy->asks_names = policy->asks_names || section_kind_asks_names(kind, identity);
    section = section_new(kind, heading, rule, g_hash_table_size(policy->sections));
    g_hash_table_insert(policy->sections, g_strdup(identity), section);
    return section;
}

/* SEEN has what FILE has set so far, by identity: two spellings of one account are one section. */
static void
add_ini_section(Policy *policy, const ConfigFile *file, const IniSection *ini, GHashTable *seen,
                Problems *problems)
{
    g_autofree char *rule = g_strdup_printf("%s:%u", file->label, ini->line);
    g_autoptr(Section) nameless = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *identity = NULL;
    const SectionKind *kind = section_kind_parse(ini->name, &identity, &error);
    Section *section;

    /* Below a heading that is wrong the keys are checked all the same, for the sake of their errors. */
    if (kind == NULL) {
        problems_add(problems, file->path, ini->line, "[%s]: %s", ini->name, error->message);
        nameless = section_new(/* kind= */ NULL, ini->name, rule, 0);
        section = nameless;
    } else {
        section = ensure_section(policy, kind, identity, ini->name, rule);
    }
    for (guint i = 0; i < ini->entries->len; i++) {
        const IniEntry *entry = g_ptr_array_index(ini->entries, i);
        g_autofree char *entry_rule = g_strdup_printf("%s:%u", file->label, entry->line);

        if (kind == NULL || ini_claim_key(seen, identity, entry, file->path, problems))
            section_assign(section, entry, file->path, entry_rule, problems);
    }
}

Policy *
policy_load(const char *const *folders, Problems *problems)
{
    g_autoptr(Policy) policy = policy_new();
    g_autoptr(GPtrArray) files = config_files_new();
    guint problems_before = problems_count(problems);

    config_files_add_folder(files, folders, POLICY_FOLDER, problems);
    for (guint i = 0; i < files->len; i++) {
        const ConfigFile *file = g_ptr_array_index(files, i);
        g_autoptr(GPtrArray) sections = ini_parse(file->path, file->text, file->length, problems);
        g_autoptr(GHashTable) seen = ini_seen_new();

        g_hash_table_insert(policy->paths, g_strdup(file->label), g_strdup(file->path));
        for (guint j = 0; j < sections->len; j++)
            add_ini_section(policy, file, g_ptr_array_index(sections, j), seen, problems);
    }
    return problems_count(problems) == problems_before ? g_steal_pointer(&policy) : NULL;
}

const Section *
policy_find_section(const Policy *policy, const char *identity)
{
    return g_hash_table_lookup(policy->sections, identity);
}

gboolean
policy_asks_names(const Policy *policy)
{
    return policy->asks_names;
}

void
policy_read_names(const Policy *policy, Subject *subject)
{
    if (subject->identified && policy_asks_names(policy))
        (void)subject_read_group_names(subject);
}

static int
compare_sections(gconstpointer a, gconstpointer b)
{
    const Section *section_a = a;
    const Section *section_b = b;
    guint kind_a = section_kind_order(section_a->kind);
    guint kind_b = section_kind_order(section_b->kind);

    if (kind_a != kind_b)
        return kind_a < kind_b ? -1 : 1;
    return (section_a->order > section_b->order) - (section_a->order < section_b->order);
}

GArray *
policy_list_lines(const Policy *policy)
{
    g_autoptr(GList) sections = g_list_sort(g_hash_table_get_values(policy->sections), compare_sections);
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(PolicyLine));

    for (const GList *each = sections; each != NULL; each = each->next)
        section_append_lines(each->data, lines);
    return lines;
}

char *
policy_locate(const Policy *policy, const char *rule)
{
    const char *colon = strrchr(rule, ':');
    g_autofree char *label = colon == NULL ? NULL : g_strndup(rule, (gsize)(colon - rule));
    const char *path = label == NULL ? NULL : g_hash_table_lookup(policy->paths, label);

    /* As problems_add() does: names of folders need not be UTF-8. */
    g_autofree char *place = path == NULL ? NULL : g_strconcat(path, colon, NULL);

    return place == NULL ? NULL : g_utf8_make_valid(place, -1);
}
