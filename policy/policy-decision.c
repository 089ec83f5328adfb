/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * All decisions. Each asks the denials of all matching sections first, then the grants. Nothing is allowed by
 * being left over: without a granting section every question ends in a refusal.
 *
 * Report mode lets through what it would refuse, so it is a grant, and a section in it cannot undo what
 * another one enforces: of several denials one that is enforced decides before any that is only reported.
 */

#include "policy-private.h"

#include "address.h"
#include "host.h"

#include <wsbroker-protocol.h>

#include <string.h>

void
decision_clear(Decision *decision)
{
    g_clear_pointer(&decision->explanation, g_free);
    g_clear_pointer(&decision->rule, g_free);
}

/* Fills *RET_DECISION: CODE 0 allows, and any other does too if it is only REPORTED; RULE may be NULL.
 * Returns whether it is allowed. */
G_GNUC_PRINTF(5, 6)
static gboolean
decide(Decision *ret_decision, wsb_code code, gboolean reported, const char *rule, const char *format, ...)
{
    g_autofree char *sentence = NULL;
    va_list arguments;

    va_start(arguments, format);
    sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    ret_decision->allowed = code == WSB_CODE_OK || reported;
    ret_decision->reported = reported;
    ret_decision->code = code;
    ret_decision->rule = g_strdup(rule);
    ret_decision->explanation =
        g_strconcat(reported ? "Mode=report allows what would be refused: " : "", sentence,
                    rule == NULL ? "" : " (", rule, rule == NULL ? NULL : ")", NULL);
    return ret_decision->allowed;
}

/* Whether a denial by SECTION decides before one by OTHER, which comes first; NULL: there is none yet. */
static gboolean
outranks(const PolicyAccess *access, const Section *section, const Section *other)
{
    return other == NULL ||
           (policy_access_enforces(access, section) && !policy_access_enforces(access, other));
}

#define NEEDS_INTERNET "The INTERNET permission is required: "
#define NO_SECTION "no section of the policy matches the caller"

gboolean
policy_access_permission(const PolicyAccess *access, Decision *ret_decision)
{
    const Section *denial = NULL;

    for (guint i = 0; i < access->matching->len; i++) {
        const Section *section = policy_access_get(access, i);

        if (section->permission == PERMISSION_DENIED && outranks(access, section, denial))
            denial = section;
    }
    if (denial != NULL)
        return decide(ret_decision, WSB_CODE_PERMISSION_DENIED, !policy_access_enforces(access, denial),
                      section_rule(denial, SECTION_KEY_PERMISSIONS), NEEDS_INTERNET "[%s] denies it",
                      denial->heading);
    for (guint i = 0; i < access->n_granting; i++) {
        const Section *section = policy_access_get(access, i);

        if (section->permission != PERMISSION_GRANTED)
            return decide(ret_decision, WSB_CODE_PERMISSION_DENIED, access->reports, section->rule,
                          NEEDS_INTERNET "[%s] does not grant it", section->heading);
    }
    if (access->n_granting == 0)
        return decide(ret_decision, WSB_CODE_PERMISSION_DENIED, /* reported= */ FALSE, NULL,
                      NEEDS_INTERNET NO_SECTION);
    return decide(ret_decision, WSB_CODE_OK, /* reported= */ FALSE,
                  section_rule(policy_access_get(access, 0), SECTION_KEY_PERMISSIONS),
                  "[%s] grants the INTERNET permission", policy_access_section(access));
}

/* Where a connection goes: to a server, or to a proxy. A proxy has no scheme, so what denies its host and
 * port with either scheme denies it. */
typedef struct Destination {
    const Url *url;
    const Url *twin; /* of a proxy: URL with the other scheme; NULL: a server */
} Destination;

/* The sections' list that allows DESTINATION. */
static const PatternSet *
get_allow(const Section *section, const Destination *destination)
{
    return destination->twin == NULL ? section->allow : section->proxies;
}

/* What SECTION denies of DESTINATION by name. */
static const PatternRule *
find_denied_name(const Section *section, const Destination *destination)
{
    const PatternRule *hit = pattern_set_find_url(section->deny, destination->url);

    return hit != NULL || destination->twin == NULL ? hit
                                                    : pattern_set_find_url(section->deny, destination->twin);
}

/* What SECTION denies of ADDRESS, or of the IPv4 address inside it. */
static const PatternRule *
find_denied_address(const Section *section, const Destination *destination, GInetAddress *address)
{
    g_autoptr(GInetAddress) embedded = address_embedded_ipv4(address);
    const Url *const urls[] = { destination->url, destination->twin };
    const PatternRule *hit = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(urls) && urls[i] != NULL && hit == NULL; i++) {
        hit = pattern_set_find_address(section->deny, urls[i], address);
        if (hit == NULL && embedded != NULL)
            hit = pattern_set_find_address(section->deny, urls[i], embedded);
    }
    return hit;
}

/* By name or, where the host is the address LITERAL, also by address. */
static const PatternRule *
find_denied(const Section *section, const Destination *destination, GInetAddress *literal)
{
    const PatternRule *hit = find_denied_name(section, destination);

    return hit != NULL || literal == NULL ? hit : find_denied_address(section, destination, literal);
}

const PatternRule *
policy_find_denial(const Section *section, const Url *url)
{
    const Destination destination = { .url = url };
    g_autoptr(GInetAddress) literal = g_inet_address_new_from_string(url->host);

    return find_denied(section, &destination, literal);
}

/* The rule by which SECTION takes a special address; NULL if it does not. */
static const char *
find_special_grant(const Section *section, const Destination *destination, GInetAddress *address)
{
    const PatternRule *hit =
        pattern_set_find_address(get_allow(section, destination), destination->url, address);

    if (hit != NULL)
        return hit->rule;
    return section->allow_local ? section_rule(section, SECTION_KEY_ALLOW_LOCAL_ADDRESSES) : NULL;
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

static gboolean
refuse_address(Decision *ret_decision, const char *rule, const char *description, const char *why)
{
    return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED, /* reported= */ FALSE, rule,
                  ADDRESS_REFUSED "%s%s", description, why);
}

/* An address of KIND, which is not global and which nothing denies: as all granting sections say. */
static gboolean
decide_special(const PolicyAccess *access, const Destination *destination, GInetAddress *address,
               AddressKind kind, const char *description, Decision *ret_decision)
{
    const char *grant = NULL;

    for (guint i = 0; i < access->n_granting; i++) {
        const Section *section = policy_access_get(access, i);
        const char *setting = section_rule(section, SECTION_KEY_ALLOW_LOCAL_ADDRESSES);
        const char *rule = find_special_grant(section, destination, address);
        g_autofree char *why = g_strdup_printf(", which is %s", address_kind_to_string(kind));

        grant = i == 0 ? rule : grant;
        if (rule == NULL)
            return refuse_address(ret_decision, setting != NULL ? setting : section->rule, description, why);
    }
    return decide(ret_decision, WSB_CODE_OK, /* reported= */ FALSE, grant,
                  "The address %s, which is %s, is allowed", description, address_kind_to_string(kind));
}

static gboolean
decide_address(const PolicyAccess *access, const Destination *destination, GInetAddress *address,
               Decision *ret_decision)
{
    g_autofree char *description = describe_address(destination->url, address);
    AddressKind kind = address_classify(address);

    for (guint i = 0; i < access->matching->len; i++) {
        const PatternRule *hit = find_denied_address(policy_access_get(access, i), destination, address);

        if (hit != NULL)
            return refuse_address(ret_decision, hit->rule, description, "");
    }
    if (access->n_granting == 0)
        return refuse_address(ret_decision, NULL, description, ", " NO_SECTION);
    if (kind == ADDRESS_GLOBAL && address_is_own(address))
        kind = ADDRESS_OWN;
    if (kind != ADDRESS_GLOBAL)
        return decide_special(access, destination, address, kind, description, ret_decision);
    return decide(ret_decision, WSB_CODE_OK, /* reported= */ FALSE, NULL,
                  "The address %s, which is global, is allowed", description);
}

gboolean
policy_access_address(const PolicyAccess *access, const Url *url, GInetAddress *address,
                      Decision *ret_decision)
{
    const Destination destination = { .url = url };

    return decide_address(access, &destination, address, ret_decision);
}

/* WHY, which may be empty, follows the host. */
static gboolean
refuse_destination(const Destination *destination, gboolean reported, const char *rule, const char *why,
                   Decision *ret_decision)
{
    g_autofree char *host = url_host_field(destination->url);

    return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED, reported, rule, "It is not allowed to %s: %s%s",
                  destination->twin == NULL ? "access this domain" : "use this proxy", host, why);
}

/* By host and port, and, where the host is a literal address, by that. Neither that nor a proxy is ever only
 * reported. */
static gboolean
decide_destination(const PolicyAccess *access, const Destination *destination, Decision *ret_decision)
{
    g_autoptr(GInetAddress) literal = g_inet_address_new_from_string(destination->url->host);
    gboolean reportable = literal == NULL && destination->twin == NULL;
    const Section *denial = NULL;
    const char *rule = NULL;
    g_autofree char *host = NULL;

    for (guint i = 0; i < access->matching->len; i++) {
        const Section *section = policy_access_get(access, i);
        const PatternRule *hit = find_denied(section, destination, literal);

        if (hit != NULL && outranks(access, section, denial)) {
            denial = section;
            rule = hit->rule;
        }
    }
    if (denial != NULL)
        return refuse_destination(destination, reportable && !policy_access_enforces(access, denial), rule,
                                  "", ret_decision);
    for (guint i = 0; i < access->n_granting; i++) {
        const Section *section = policy_access_get(access, i);
        const PatternRule *hit = pattern_set_find_url(get_allow(section, destination), destination->url);

        if (hit == NULL)
            return refuse_destination(destination, reportable && access->reports, section->rule, "",
                                      ret_decision);
        rule = i == 0 ? hit->rule : rule;
    }
    if (access->n_granting == 0)
        return refuse_destination(destination, /* reported= */ FALSE, NULL, ", " NO_SECTION, ret_decision);
    if (literal != NULL) {
        g_auto(Decision) address_decision = { 0 };

        if (!decide_address(access, destination, literal, &address_decision)) {
            *ret_decision = address_decision;
            address_decision = (Decision){ 0 };
            return FALSE;
        }
    }
    host = url_host_field(destination->url);
    return decide(ret_decision, WSB_CODE_OK, /* reported= */ FALSE, rule, "[%s] allows %s",
                  policy_access_section(access), host);
}

gboolean
policy_access_url(const PolicyAccess *access, const Url *url, Decision *ret_decision)
{
    const Destination destination = { .url = url };

    return decide_destination(access, &destination, ret_decision);
}

gboolean
policy_access_check(const PolicyAccess *access, const Url *url, Decision *ret_decision)
{
    g_auto(Decision) permission = { 0 };
    g_auto(Decision) name = { 0 };
    Decision *decisive;

    if (!policy_access_permission(access, &permission)) {
        decisive = &permission;
    } else {
        policy_access_url(access, url, &name);
        decisive = name.allowed && permission.reported ? &permission : &name;
    }
    *ret_decision = *decisive;
    *decisive = (Decision){ 0 };
    return ret_decision->allowed;
}

/* Fills both schemes' URLs of a proxy, which borrow HOST. */
static Destination
destination_for_proxy(const char *host, guint16 port, Url *url, Url *twin)
{
    *url = (Url){ .host = (char *)host, .port = port };
    *twin = *url;
    twin->secure = TRUE;
    return (Destination){ .url = url, .twin = twin };
}

static gboolean
host_is_canonical(const char *host)
{
    g_autofree char *written = strchr(host, ':') == NULL ? g_strdup(host) : g_strdup_printf("[%s]", host);
    g_autofree char *canonical = host_canonicalize(written, strlen(written), NULL);

    return g_strcmp0(canonical, host) == 0;
}

gboolean
policy_access_proxy(const PolicyAccess *access, const char *host, guint16 port, Decision *ret_decision)
{
    Url url;
    Url twin;
    const Destination destination = destination_for_proxy(host, port, &url, &twin);

    if (!host_is_canonical(host))
        return refuse_destination(&destination, /* reported= */ FALSE, NULL, ", which is no canonical host",
                                  ret_decision);
    return decide_destination(access, &destination, ret_decision);
}

gboolean
policy_access_proxy_address(const PolicyAccess *access, const char *host, guint16 port, GInetAddress *address,
                            Decision *ret_decision)
{
    Url url;
    Url twin;
    const Destination destination = destination_for_proxy(host, port, &url, &twin);

    return decide_address(access, &destination, address, ret_decision);
}

#define DIRECT_REFUSED "It is not allowed to go without the system's proxy: "

gboolean
policy_access_direct(const PolicyAccess *access, Decision *ret_decision)
{
    for (guint i = 0; i < access->matching->len; i++) {
        const Section *section = policy_access_get(access, i);

        if (!section->allow_direct)
            return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED, /* reported= */ FALSE,
                          section_rule(section, SECTION_KEY_ALLOW_DIRECT), DIRECT_REFUSED "[%s] denies it",
                          section->heading);
    }
    if (access->n_granting == 0)
        return decide(ret_decision, WSB_CODE_DOMAIN_NOT_ALLOWED, /* reported= */ FALSE, NULL,
                      DIRECT_REFUSED NO_SECTION);
    return decide(ret_decision, WSB_CODE_OK, /* reported= */ FALSE,
                  section_rule(policy_access_get(access, 0), SECTION_KEY_ALLOW_DIRECT),
                  "[%s] allows to go without the system's proxy", policy_access_section(access));
}
