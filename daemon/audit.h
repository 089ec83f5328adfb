/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"
#include "subject.h"
#include "url.h"

/* How many decisions of one kind have been written lately, and how many have not. Starts as all zero. */
typedef struct DecisionMeter {
    gint64 since; /* monotonic time */
    guint written;
    guint suppressed;
} DecisionMeter;

/* Those that count for a caller. */
typedef struct DecisionMeters {
    DecisionMeter *refusals;   /* its user's */
    DecisionMeter *allowances; /* its application's: what policy tells apart, by section and user */
} DecisionMeters;

/*
 * One structured journal entry for a decision about SUBJECT (of UID) and URL, which may be NULL when the decision did
 * not come to look at one. Never writes a path, a query, a user, a password or a header. In 10 seconds no more are
 * written than 20 refusals of a user, and 300 decisions that allow an application something; the next one written later
 * says how many were not. FALSE when this one was not.
 */
gboolean audit_decision(const Subject *subject, uid_t uid, const DecisionMeters *meters, const Url *url,
                        const Decision *decision);

/* Writes a DECISION that allows, which audit_decision() has just not written, all the same: a connection is made. */
void audit_decision_suppressed(const Subject *subject, uid_t uid, const DecisionMeters *meters,
                               const Url *url, const Decision *decision);

/* One entry for a policy that took force, the GENERATIONth. */
void audit_policy_loaded(guint generation);

/* One entry for a connection to URL, for SUBJECT, whose server may have any certificate, because RULE says so. */
void audit_certificate_check_skipped(const Subject *subject, uid_t uid, const Url *url, const char *rule);
