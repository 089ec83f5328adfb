/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A decision with the way to it, for administrators. The decision is the one that a caller gets, from the
 * same functions; the steps say of each matching section what it has of the question, those that did not
 * decide too, because "why not" is most often "because that other section came first".
 */

#include "policy-private.h"

#include <wsbroker-protocol.h>

G_GNUC_PRINTF(3, 4)
static void
add_step(GPtrArray *steps, const char *rule, const char *format, ...)
{
    g_autofree char *sentence = NULL;
    va_list arguments;

    va_start(arguments, format);
    sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(steps,
                    rule == NULL ? g_steal_pointer(&sentence) : g_strdup_printf("%s (%s)", sentence, rule));
}

static void
add_sections(const PolicyAccess *access, GPtrArray *steps)
{
    if (access->matching->len == 0)
        add_step(steps, NULL, "no section matches");
    for (guint i = 0; i < access->matching->len; i++) {
        const Section *section = policy_access_get(access, i);

        add_step(steps, section->rule, "[%s] matches and %s", section->heading,
                 i >= access->n_granting  ? "can only deny"
                 : access->n_granting > 1 ? "grants what all matching groups grant"
                                          : "grants");
        if (section->reports)
            add_step(steps, section_rule(section, SECTION_KEY_MODE), "[%s] has Mode=report, which %s",
                     section->heading,
                     access->reports ? "lets through what it would refuse by name"
                                     : "counts only if all that grant have it");
    }
    for (guint i = 0; i < access->silent->len; i++) {
        const Section *section = g_ptr_array_index(access->silent, i);

        add_step(steps, section->rule, "[%s] says nothing, since a section before it matches",
                 section->heading);
    }
}

static void
add_permissions(const PolicyAccess *access, GPtrArray *steps)
{
    for (guint i = 0; i < access->matching->len; i++) {
        const Section *section = policy_access_get(access, i);
        const char *rule = section_rule(section, SECTION_KEY_PERMISSIONS);

        if (section->permission == PERMISSION_DENIED)
            add_step(steps, rule, "[%s] denies the INTERNET permission", section->heading);
        else if (i < access->n_granting && section->permission == PERMISSION_GRANTED)
            add_step(steps, rule, "[%s] grants the INTERNET permission", section->heading);
        else if (i < access->n_granting)
            add_step(steps, section->rule, "[%s] does not grant the INTERNET permission", section->heading);
    }
}

/* What a list of SECTION, called KEY, has of HOST: HIT or nothing. */
static void
add_hit(const Section *section, const char *key, const char *host, const PatternRule *hit, GPtrArray *steps)
{
    if (hit == NULL)
        add_step(steps, NULL, "%s of [%s] does not list %s", key, section->heading, host);
    else
        add_step(steps, hit->rule, "%s of [%s] lists %s by %s", key, section->heading, host, hit->text);
}

static void
add_patterns(const PolicyAccess *access, const Url *url, GPtrArray *steps)
{
    g_autofree char *host = url_host_field(url);

    for (guint i = 0; i < access->matching->len; i++) {
        const Section *section = policy_access_get(access, i);

        if (pattern_set_count(section->deny) > 0)
            add_hit(section, "DenyDomains", host, policy_find_denial(section, url), steps);
    }
    for (guint i = 0; i < access->n_granting; i++) {
        const Section *section = policy_access_get(access, i);

        add_hit(section, "AllowDomains", host, pattern_set_find_url(section->allow, url), steps);
    }
}

static void
add_address(const PolicyAccess *access, const Url *url, GPtrArray *steps)
{
    g_autoptr(GInetAddress) literal = g_inet_address_new_from_string(url->host);
    g_auto(Decision) decision = { 0 };
    gboolean local = access->n_granting > 0;

    if (literal != NULL) {
        policy_access_address(access, url, literal, &decision);
        add_step(steps, NULL, "%s", decision.explanation);
        return;
    }
    for (guint i = 0; i < access->n_granting; i++)
        local = local && policy_access_get(access, i)->allow_local;
    if (access->n_granting > 0)
        add_step(steps, section_rule(policy_access_get(access, 0), SECTION_KEY_ALLOW_LOCAL_ADDRESSES),
                 "Connect vets each address of %s, and %s", url->host,
                 local ? "takes local ones" : "refuses local ones that AllowDomains does not list");
}

gboolean
policy_access_explain(const PolicyAccess *access, const Url *url, GPtrArray *steps, Decision *ret_decision)
{
    add_sections(access, steps);
    add_permissions(access, steps);
    add_patterns(access, url, steps);
    add_address(access, url, steps);
    return policy_access_check(access, url, ret_decision);
}

gboolean
policy_access_explain_text(const PolicyAccess *access, const char *text, gsize max_length, GPtrArray *steps,
                           Decision *ret_decision)
{
    g_autoptr(Url) authority = NULL;
    g_autoptr(Url) whole = NULL;
    g_autoptr(GError) error = NULL;

    if (url_parse_authority(text, &authority)) {
        policy_access_explain(access, authority, steps, ret_decision);
    } else {
        add_sections(access, steps);
        add_permissions(access, steps);
        policy_access_permission(access, ret_decision);
    }
    if (!ret_decision->allowed)
        return FALSE;
    whole = url_parse(text, max_length, &error);
    if (whole == NULL) {
        add_step(steps, NULL, "%s", error->message);
        decision_clear(ret_decision);
        *ret_decision = (Decision){ .code = WSB_CODE_URL, .explanation = g_strdup(error->message) };
    }
    return ret_decision->allowed;
}
