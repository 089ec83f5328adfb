/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

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
 * that a policy may come before its account. That the system cannot look a name up is an error.
 */
Policy *policy_load(const char *const *folders, Problems *problems);
Policy *policy_ref(Policy *policy);
void policy_unref(Policy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Policy, policy_unref)

/* What was decided and why. */
typedef struct Decision {
    gboolean allowed;
    guint32 code;      /* a wsb_code: 0 when allowed, else 201 or 2302998 */
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

/* Asks the name service for the names of SUBJECT's groups. */
PolicyAccess *policy_access_new(Policy *policy, const Subject *subject);
void policy_access_free(PolicyAccess *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicyAccess, policy_access_free)

/* "unit chat.service": the heading of the section that grants; "none" where nothing matches. Together with
 * the uid it is what quotas count as one application. Owned by ACCESS. */
const char *policy_access_section(const PolicyAccess *access);

/*
 * Each fills *ret_decision (clear it with decision_clear()) and returns whether it is allowed. Denials of all
 * matching sections come first, then what the granting one allows; without a granting section nothing is.
 */

/* The INTERNET permission; else 201. */
gboolean policy_access_permission(const PolicyAccess *access, Decision *ret_decision);

/* Scheme, host and port of URL, by name; a host that is a literal address also as by
 * policy_access_address(), which a "*" in AllowDomains does not satisfy for a special one; else 2302998. */
gboolean policy_access_url(const PolicyAccess *access, const Url *url, Decision *ret_decision);

/* ADDRESS, to which URL's host resolved (or which it is): addresses that DenyDomains lists, and special
 * and own ones unless AllowLocalAddresses=yes or AllowDomains lists the address itself, with scheme and
 * port of URL; else 2302998. It does not ask for the name: that is policy_access_url()'s. */
gboolean policy_access_address(const PolicyAccess *access, const Url *url, GInetAddress *address,
                               Decision *ret_decision);
