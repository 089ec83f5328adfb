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
};

static Policy *
policy_new(void)
{
    Policy *policy = g_new0(Policy, 1);

    g_atomic_ref_count_init(&policy->references);
    policy->sections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)section_free);
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
    g_free(policy);
}

/* The section of that identity, made if it is the first. Takes IDENTITY. */
static Section *
ensure_section(Policy *policy, char *identity, const char *heading, const char *rule)
{
    Section *section = g_hash_table_lookup(policy->sections, identity);

    if (section != NULL) {
        g_free(identity);
        return section;
    }
    section = section_new(heading, rule, g_hash_table_size(policy->sections));
    g_hash_table_insert(policy->sections, identity, section);
    return section;
}

static void
add_ini_section(Policy *policy, const ConfigFile *file, const IniSection *ini, Problems *problems)
{
    g_autofree char *rule = g_strdup_printf("%s:%u", file->label, ini->line);
    g_autoptr(Section) nameless = NULL;
    g_autoptr(GError) error = NULL;
    char *identity = NULL;
    Section *section;

    /* Below a heading that is wrong the keys are checked all the same, for the sake of their errors. */
    if (section_kind_parse(ini->name, &identity, &error) == NULL) {
        problems_add(problems, file->path, ini->line, "[%s]: %s", ini->name, error->message);
        nameless = section_new(ini->name, rule, 0);
        section = nameless;
    } else {
        section = ensure_section(policy, identity, ini->name, rule);
    }
    for (guint i = 0; i < ini->entries->len; i++) {
        const IniEntry *entry = g_ptr_array_index(ini->entries, i);
        g_autofree char *entry_rule = g_strdup_printf("%s:%u", file->label, entry->line);

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

        for (guint j = 0; j < sections->len; j++)
            add_ini_section(policy, file, g_ptr_array_index(sections, j), problems);
    }
    return problems_count(problems) == problems_before ? g_steal_pointer(&policy) : NULL;
}

const Section *
policy_find_section(const Policy *policy, const char *identity)
{
    return g_hash_table_lookup(policy->sections, identity);
}
