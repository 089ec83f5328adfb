/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"

#include "section-kind.h"
#include "section.h"

/* What policy.c, which loads, policy-access.c, which matches, and policy-decision.c, which decides, have for
 * each other and for policy-explain.c. */

struct PolicyAccess {
    Policy *policy;
    GPtrArray *matching; /* of Section, owned by the policy, in the order of their kinds */
    guint n_granting;    /* the first so many of them grant */
    GPtrArray *silent;   /* of Section: they match, but say nothing behind a closer match */
    gboolean reports;    /* every granting section does, and there is one */
    PolicyLimits limits;
};

/* The section of MATCHING at INDEX. */
const Section *policy_access_get(const PolicyAccess *access, guint index);

/* Whether what SECTION refuses is refused, and not only reported. */
gboolean policy_access_enforces(const PolicyAccess *access, const Section *section);

/* NULL if there is none; owned by POLICY. */
const Section *policy_find_section(const Policy *policy, const char *identity);

/* The pattern of SECTION's DenyDomains that has URL, or the address that is its host; NULL if none has. */
const PatternRule *policy_find_denial(const Section *section, const Url *url);
