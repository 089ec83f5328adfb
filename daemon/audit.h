/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"
#include "subject.h"
#include "url.h"

/* How many refusals of one user have been written lately, and how many have not. Starts as all zero. */
typedef struct RefusalMeter {
    gint64 since; /* monotonic time */
    guint written;
    guint suppressed;
} RefusalMeter;

/*
 * One structured journal entry for a decision about SUBJECT (of UID) and URL, which may be NULL when the decision did
 * not come to look at one. Never writes a path, a query, a user, a password or a header. Of a user's refusals, which
 * METER counts, no more than 20 are written in 10 seconds; the next one written later says how many were not.
 */
void audit_decision(const Subject *subject, uid_t uid, RefusalMeter *meter, const Url *url,
                    const Decision *decision);

/* One entry for a policy that took force, the GENERATIONth. */
void audit_policy_loaded(guint generation);

/* One entry for a connection to URL, for SUBJECT, whose server may have any certificate, because RULE says so. */
void audit_certificate_check_skipped(const Subject *subject, uid_t uid, const Url *url, const char *rule);
