/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"
#include "subject.h"
#include "url.h"

/*
 * One structured journal entry for a decision about SUBJECT (of UID) and URL, which may be NULL when the decision did
 * not come to look at one. Never writes a path, a query, a user, a password or a header.
 */
void audit_decision(const Subject *subject, uid_t uid, const Url *url, const Decision *decision);

/* One entry for a policy that took force, the GENERATIONth. */
void audit_policy_loaded(guint generation);
