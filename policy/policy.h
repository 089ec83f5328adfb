/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy-limits.h"
#include "policy-line.h"
#include "problem.h"
#include "subject.h"
#include "url.h"

#include <gio/gio.h>

/*
 * The policy in force: immutable once loaded and reference counted, so that a reload is the exchange of one
 * pointer and whoever still decides by the old one holds it. Everything is denied that no rule allows.
 */
typedef struct Policy Policy;

/*
 * Reads policy.d/ (all files named *.conf, in the order of their names) from FOLDERS, highest priority first,
 * NULL-terminated. Every error of every file is appended to PROBLEMS; NULL if there was any. No file at all
 * is a valid policy that denies everything.
 *
 * Names of users and groups are looked up here and compared by number from then on. One that the system does
 * not know is no error: it is compared with the names that the system has for a caller's uid and gids, so
 * that a policy may come before its account (see policy_asks_names()). That the system cannot look a name up
 * is an error.
 */
Policy *policy_load(const char *const *folders, Problems *problems);
Policy *policy_ref(Policy *policy);
void policy_unref(Policy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Policy, policy_unref)

/* The policy in force, line by line: sections in the order in which they are tried, and of one kind in the
 * order of their headings. A GArray of PolicyLine, valid as long as POLICY. Free with g_array_unref(). */
GArray *policy_list_lines(const Policy *policy);

/* The full path of the file of RULE, with its line: "/etc/wsbroker/policy.d/50-chat.conf:4" for
 * "policy.d/50-chat.conf:4". For administrators alone. NULL if POLICY has no such file. Free with g_free(). */
char *policy_locate(const Policy *policy, const char *rule);

/* What was decided and why. */
typedef struct Decision {
    gboolean allowed;
    gboolean reported; /* allowed, because Mode=report refuses nothing with CODE but says so */
    guint32 code;      /* a wsb_code: 201 or 2302998 when refused or reported, 2302001 for what is no URL,
                          else 0 */
    char *explanation; /* one sentence for people, ending with the rule in parentheses where one decided;
                          without the code */
    char *rule;        /* "policy.d/50-chat.conf:4"; NULL where no rule decided */
} Decision;

void decision_clear(Decision *decision);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Decision, decision_clear)

/*
 * A subject's part of a policy: its first matching section, which alone grants, and all that matching
 * sections deny. Computed once for a subject; immutable; holds its policy. Free with policy_access_free().
 */
typedef struct PolicyAccess PolicyAccess;

/* SUBJECT should have the names of its groups where policy_asks_names(). Asks nobody itself. */
PolicyAccess *policy_access_new(Policy *policy, const Subject *subject);
void policy_access_free(PolicyAccess *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicyAccess, policy_access_free)

/*
 * Whether a subject's groups have to be known by name as well (subject_read_group_names()): POLICY has a section for a
 * group whose name the system did not know when it was loaded. A section of an unknown user needs no question, as the
 * subject has its name. A reload ends it once the group is made, and finds those that have it already by number.
 */
gboolean policy_asks_names(const Policy *policy);

/* Reads them for SUBJECT where they have to be known, which may block. What the system cannot tell is left out. */
void policy_read_names(const Policy *policy, Subject *subject);

/* "unit chat.service": the heading of the section that grants; "none" where nothing matches. Together with
 * the uid it is what quotas count as one application. Owned by ACCESS. */
const char *policy_access_section(const PolicyAccess *access);

/* The limits of the granting section, of several the smallest each. Owned by ACCESS. */
const PolicyLimits *policy_access_limits(const PolicyAccess *access);

/* Whether every granting section has Administrator=yes. Of uid 0 it knows nothing. */
gboolean policy_access_is_administrator(const PolicyAccess *access);

/* Whether every granting section has SkipCertificateCheck=yes; *ret_rule, which may be NULL, is then where
 * the first one says so, owned by ACCESS: each use is audited. */
gboolean policy_access_skips_certificate_check(const PolicyAccess *access, const char **ret_rule);

/*
 * Each of the following fills *ret_decision (clear it with decision_clear()) and returns whether it is
 * allowed. Denials of all matching sections come first, then what the granting ones allow; without a granting
 * section nothing is. Where every granting section has Mode=report, and the section that denies too, the
 * permission and names are allowed all the same and the decision is `reported`; addresses, literal ones in a
 * URL among them, proxies and the direct way never are.
 */

/* The INTERNET permission; else 201. */
gboolean policy_access_permission(const PolicyAccess *access, Decision *ret_decision);

/* Scheme, host and port of URL, by name; a host that is a literal address also as by
 * policy_access_address(), which a "*" in AllowDomains does not satisfy for a special one; else 2302998. */
gboolean policy_access_url(const PolicyAccess *access, const Url *url, Decision *ret_decision);

/* Both: the permission, then URL. Where all of it is let through, what is reported is what would be refused first. */
gboolean policy_access_check(const PolicyAccess *access, const Url *url, Decision *ret_decision);

/* The same, and appends each step on the way to STEPS, an array of strings with a free function: the sections
 * that match, which of them grant, and what each of them says. */
gboolean policy_access_explain(const PolicyAccess *access, const Url *url, GPtrArray *steps,
                               Decision *ret_decision);

/*
 * The same for TEXT, which need not be a URL, in Connect's order of checks: the permission, then scheme, host
 * and port where it has them, then what is wrong with it (2302001), be it that it has more than MAX_LENGTH
 * bytes.
 */
gboolean policy_access_explain_text(const PolicyAccess *access, const char *text, gsize max_length,
                                    GPtrArray *steps, Decision *ret_decision);

/* ADDRESS, to which URL's host resolved (or which it is): addresses that DenyDomains lists, and special
 * and own ones unless AllowLocalAddresses=yes or AllowDomains lists the address itself, with scheme and
 * port of URL; else 2302998. It does not ask for the name: that is policy_access_url()'s. */
gboolean policy_access_address(const PolicyAccess *access, const Url *url, GInetAddress *address,
                               Decision *ret_decision);

/*
 * A proxy at HOST and PORT that the application names: AllowProxies must list it, and DenyDomains, with
 * either scheme, must not; else 2302998. HOST is as host_canonicalize() has it, and the same text is to be
 * resolved: any other spelling is refused. A literal address also as by policy_access_proxy_address().
 */
gboolean policy_access_proxy(const PolicyAccess *access, const char *host, guint16 port,
                             Decision *ret_decision);

/* ADDRESS, to which the proxy's HOST resolved (or which it is): vetted as policy_access_address() does a
 * target's, with AllowProxies in the place of AllowDomains; else 2302998. */
gboolean policy_access_proxy_address(const PolicyAccess *access, const char *host, guint16 port,
                                     GInetAddress *address, Decision *ret_decision);

/* Going without the system's proxy because the application says so ("no-proxy", its exclusionList): 2302998
 * where a matching section has AllowDirect=no. */
gboolean policy_access_direct(const PolicyAccess *access, Decision *ret_decision);
