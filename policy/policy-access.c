/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One subject's part of a policy. Sections are found by the subject's identities, kind by kind in their
 * order. The first kind that matches grants: by one section, or, where a kind can match several times, by
 * what all of them give. Every section that matches can deny, except those of a fallback kind behind another
 * match. So to be taken for somebody else in addition can only ever cost rights.
 *
 * A limit, an exemption and report mode are grants: they come from the granting sections, and from several
 * only as far as all of them give them.
 */

#include "policy-private.h"

static int
compare_order(gconstpointer a, gconstpointer b)
{
    const Section *section_a = *(const Section *const *)a;
    const Section *section_b = *(const Section *const *)b;

    return (section_a->order > section_b->order) - (section_a->order < section_b->order);
}

/* Sections of KIND for SUBJECT, each once: the closest first, or in the order of their headings where they
 * grant together. */
static GPtrArray *
find_sections(const Policy *policy, const SectionKind *kind, const Subject *subject)
{
    g_autoptr(GPtrArray) identities = section_kind_identities(kind, subject);
    GPtrArray *sections = g_ptr_array_new();

    for (guint i = 0; i < identities->len; i++) {
        const Section *section = policy_find_section(policy, g_ptr_array_index(identities, i));

        if (section != NULL && !g_ptr_array_find(sections, section, NULL))
            g_ptr_array_add(sections, (gpointer)section);
    }
    if (section_kind_is_shared(kind))
        g_ptr_array_sort(sections, compare_order);
    return sections;
}

static void
find_matching(PolicyAccess *access, const Subject *subject)
{
    const SectionKind *kind;

    for (guint i = 0; (kind = section_kind_get(i)) != NULL; i++) {
        g_autoptr(GPtrArray) sections = find_sections(access->policy, kind, subject);

        if (access->matching->len > 0 && section_kind_is_fallback(kind)) {
            g_ptr_array_extend(access->silent, sections, NULL, NULL);
            continue;
        }
        if (access->matching->len == 0)
            access->n_granting = section_kind_is_shared(kind) ? sections->len : MIN(sections->len, 1);
        g_ptr_array_extend(access->matching, sections, NULL, NULL);
    }
}

/* What the granting sections give together. */
static void
join_grants(PolicyAccess *access)
{
    access->reports = access->n_granting > 0;
    for (guint i = 0; i < access->n_granting; i++) {
        const Section *section = policy_access_get(access, i);

        access->reports = access->reports && section->reports;
        if (i == 0)
            access->limits = section->limits;
        else
            policy_limits_merge(&access->limits, &section->limits);
    }
}

PolicyAccess *
policy_access_new(Policy *policy, const Subject *subject)
{
    PolicyAccess *access = g_new0(PolicyAccess, 1);

    access->policy = policy_ref(policy);
    access->matching = g_ptr_array_new();
    access->silent = g_ptr_array_new();
    find_matching(access, subject);
    join_grants(access);
    return access;
}

void
policy_access_free(PolicyAccess *access)
{
    if (access == NULL)
        return;
    g_ptr_array_unref(access->matching);
    g_ptr_array_unref(access->silent);
    policy_unref(access->policy);
    g_free(access);
}

const Section *
policy_access_get(const PolicyAccess *access, guint index)
{
    return g_ptr_array_index(access->matching, index);
}

gboolean
policy_access_enforces(const PolicyAccess *access, const Section *section)
{
    return !access->reports || !section->reports;
}

const char *
policy_access_section(const PolicyAccess *access)
{
    return access->n_granting == 0 ? "none" : policy_access_get(access, 0)->heading;
}

const PolicyLimits *
policy_access_limits(const PolicyAccess *access)
{
    return &access->limits;
}

gboolean
policy_access_is_administrator(const PolicyAccess *access)
{
    for (guint i = 0; i < access->n_granting; i++)
        if (!policy_access_get(access, i)->administrator)
            return FALSE;
    return access->n_granting > 0;
}

gboolean
policy_access_skips_certificate_check(const PolicyAccess *access, const char **ret_rule)
{
    for (guint i = 0; i < access->n_granting; i++)
        if (!policy_access_get(access, i)->skip_certificate_check)
            return FALSE;
    if (access->n_granting > 0 && ret_rule != NULL)
        *ret_rule = section_rule(policy_access_get(access, 0), SECTION_KEY_SKIP_CERTIFICATE_CHECK);
    return access->n_granting > 0;
}
