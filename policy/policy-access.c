/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One subject's part of a policy, and all decisions. Sections are found by the subject's identities, kind by
 * kind in their order. The first kind that matches grants: by one section, or, where a kind can match several
 * times, by what all of them give. Every section that matches can deny, except those of a fallback kind
 * behind another match. So to be taken for somebody else in addition can only ever cost rights.
 *
 * Each decision asks the denials of all matching sections first, then the grants. Nothing is allowed by being
 * left over: without a granting section every question ends in a refusal.
 */

#include "policy-private.h"

#include "address.h"

#include <wsbroker-protocol.h>

struct PolicyAccess {
    Policy *policy;
    GPtrArray *matching; /* of Section, owned by the policy, in the order of their kinds */
    guint n_granting;    /* the first so many of them grant */
};

static int
compare_order(gconstpointer a, gconstpointer b)
{
    const Section *section_a = *(const Section *const *)a;
    const Section *section_b = *(const Section *const *)b;

    return (section_a->order > section_b->order) - (section_a->order < section_b->order);
}

/* Sections of KIND for SUBJECT, each once, in the order of their headings. */
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
    g_ptr_array_sort(sections, compare_order);
    return sections;
}

PolicyAccess *
policy_access_new(Policy *policy, const Subject *subject)
{
    PolicyAccess *access = g_new0(PolicyAccess, 1);
    const SectionKind *kind;

    access->policy = policy_ref(policy);
    access->matching = g_ptr_array_new();
    for (guint i = 0; (kind = section_kind_get(i)) != NULL; i++) {
        g_autoptr(GPtrArray) sections = NULL;

        if (access->matching->len > 0 && section_kind_is_fallback(kind))
            continue;
        sections = find_sections(policy, kind, subject);
        if (access->matching->len == 0)
            access->n_granting = section_kind_is_shared(kind) ? sections->len : MIN(sections->len, 1);
        g_ptr_array_extend(access->matching, sections, NULL, NULL);
    }
    return access;
}

void
policy_access_free(PolicyAccess *access)
{
    if (access == NULL)
        return;
    g_ptr_array_unref(access->matching);
    policy_unref(access->policy);
    g_free(access);
}

static const Section *
get_section(const PolicyAccess *access, guint index)
{
    return g_ptr_array_index(access->matching, index);
}

const char *
policy_access_section(const PolicyAccess *access)
{
    return access->n_granting == 0 ? "none" : get_section(access, 0)->heading;
}

void
decision_clear(Decision *decision)
{
    g_clear_pointer(&decision->explanation, g_free);
    g_clear_pointer(&decision->rule, g_free);
}

/* Fills *RET_DECISION; CODE 0 allows; RULE may be NULL. Returns whether it is allowed. */
G_GNUC_PRINTF(4, 5)
static gboolean
decide(Decision *ret_decision, wsb_code code, const char *rule, const char *format, ...)
{
    g_autofree char *sentence = NULL;
    va_list arguments;

    va_start(arguments, format);
    sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    ret_decision->allowed = code == WSB_CODE_OK;
    ret_decision->code = code;
    ret_decision->rule = g_strdup(rule);
    ret_decision->explanation =
        rule == NULL ? g_steal_pointer(&sentence) : g_strdup_printf("%s (%s)", sentence, rule);
    return ret_decision->allowed;
}

#define NEEDS_INTERNET "The INTERNET permission is required: "
#define NO_SECTION "no section of the policy matches the caller"

gboolean
policy_access_permission(const PolicyAccess *access, Decision *ret_decision)
{
    for (guint i = 0; i < access->matching->len; i++) {
        const Section *section = get_section(access, i);

        if (section->permission == PERMISSION_DENIED)
            return decide(ret_decision, WSB_CODE_PERMISSION_DENIED, section->permission_rule,
                          NEEDS_INTERNET "[%s] denies it", section->heading);
    }
    for (guint i = 0; i < access->n_granting; i++) {
        const Section *section = get_section(access, i);

        if (section->permission != PERMISSION_GRANTED)
            return decide(ret_decision, WSB_CODE_PERMISSION_DENIED, section->rule,
                          NEEDS_INTERNET "[%s] does not grant it", section->heading);
    }
    if (access->n_granting == 0)
        return decide(ret_decision, WSB_CODE_PERMISSION_DENIED, NULL, NEEDS_INTERNET NO_SECTION);
    return decide(ret_decision, WSB_CODE_OK, get_section(access, 0)->permission_rule,
                  "[%s] grants the INTERNET permission", get_section(access, 0)->heading);
}

/* NULL if no section denies ADDRESS, nor the IPv4 address inside it. */
static const char *
find_address_denial(const PolicyAccess *access, const Url *url, GInetAddress *address)
{
    g_autoptr(GInetAddress) embedded = address_embedded_ipv4(address);
    const char *rule = NULL;

    for (guint i = 0; i < access->matching->len && rule == NULL; i++) {
        const Section *section = get_section(access, i);

        rule = pattern_set_find_address(section->deny, url, address);
        if (rule == NULL && embedded != NULL)
            rule = pattern_set_find_address(section->deny, url, embedded);
    }
    return rule;
}

/* The rule by which SECTION takes a special address; NULL if it does not. */
static const char *
find_special_grant(const Section *section, const Url *url, GInetAddress *address)
{
    const char *rule = pattern_set_find_address(section->allow, url, address);

    return rule == NULL && section->allow_local ? section->allow_local_rule : rule;
}

/* "10.0.0.1 of example.com", or the address alone where the URL names it. */
static char *
describe_address(const Url *url, GInetAddress *address)
{
    g_autofree char *text = g_inet_address_to_string(address);

    return g_hostname_is_ip_address(url->host) ? g_steal_pointer(&text)
                                               : g_strdup_printf("%s of %s", text, url->host);
}

#define ADDRESS_REFUSED "It is not allowed to access this address: "

gboolean
policy_access_address(const PolicyAccess *access, const Url *url, GInetAddress *address,
                      Decision *ret_decision)
{
    g_autofree char *description = describe_address(url, address);
    const char *denial = find_address_denial(access, url, address);
    AddressKind kind = address_classify(address);
    const char *grant = NULL;

    if (denial != NULL)
        return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED, denial, ADDRESS_REFUSED "%s", description);
    if (access->n_granting == 0)
        return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED, NULL, ADDRESS_REFUSED "%s, " NO_SECTION,
                      description);
    if (kind == ADDRESS_GLOBAL && address_is_own(address))
        kind = ADDRESS_OWN;
    for (guint i = 0; i < access->n_granting && kind != ADDRESS_GLOBAL; i++) {
        const Section *section = get_section(access, i);
        const char *rule = find_special_grant(section, url, address);

        grant = i == 0 ? rule : grant;
        if (rule == NULL)
            return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED,
                          section->allow_local_rule != NULL ? section->allow_local_rule : section->rule,
                          ADDRESS_REFUSED "%s, which is %s", description, address_kind_to_string(kind));
    }
    return decide(ret_decision, WSB_CODE_OK, grant, "The address %s, which is %s, is allowed", description,
                  address_kind_to_string(kind));
}

/* NULL if no section denies URL, nor the IPv4 address inside its literal one. */
static const char *
find_url_denial(const PolicyAccess *access, const Url *url, GInetAddress *literal)
{
    const char *rule = NULL;

    for (guint i = 0; i < access->matching->len && rule == NULL; i++)
        rule = pattern_set_find_url(get_section(access, i)->deny, url);
    return rule == NULL && literal != NULL ? find_address_denial(access, url, literal) : rule;
}

#define DOMAIN_REFUSED "It is not allowed to access this domain: "

gboolean
policy_access_url(const PolicyAccess *access, const Url *url, Decision *ret_decision)
{
    g_autoptr(GInetAddress) literal = g_inet_address_new_from_string(url->host);
    g_autofree char *host = url_host_field(url);
    const char *denial = find_url_denial(access, url, literal);
    const char *grant = NULL;
    g_auto(Decision) address_decision = { 0 };

    if (denial != NULL)
        return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED, denial, DOMAIN_REFUSED "%s", host);
    for (guint i = 0; i < access->n_granting; i++) {
        const Section *section = get_section(access, i);
        const char *rule = pattern_set_find_url(section->allow, url);

        grant = i == 0 ? rule : grant;
        if (rule == NULL)
            return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED, section->rule, DOMAIN_REFUSED "%s",
                          host);
    }
    if (grant == NULL)
        return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED, NULL, DOMAIN_REFUSED "%s, " NO_SECTION,
                      host);
    if (literal != NULL && !policy_access_address(access, url, literal, &address_decision)) {
        *ret_decision = address_decision;
        address_decision = (Decision){ 0 };
        return FALSE;
    }
    return decide(ret_decision, WSB_CODE_OK, grant, "[%s] allows %s", get_section(access, 0)->heading, host);
}
