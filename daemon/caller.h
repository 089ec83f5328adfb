/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "application.h"
#include "audit.h"
#include "config.h"
#include "fence.h"
#include "identifier.h"
#include "policy.h"
#include "subject.h"

#include <systemd/sd-bus.h>

/* The limits in force for a caller: policy's, where it has any, else those of wsbroker.conf. */
typedef struct CallerLimits {
    ApplicationLimits application;
    gsize max_message_size;
    gsize max_buffered_bytes;
} CallerLimits;

/* One connection to the bus that has called us, identified at its first call. */
typedef struct Caller {
    char *name; /* unique bus name */
    uid_t uid;  /* as the bus says; (uid_t)-1 when it could not */
    Subject *subject;
    PolicyAccess *access; /* under the policy in force, as are the limits */
    CallerLimits limits;
    DecisionMeters meters; /* the broker's */
    Share *share; /* its part of what all callers share, under the policy in force at its first call */
    Fence *fence; /* how far it has read */
    guint n_websockets;
} Caller;

/* What callers have in common. Outlives them. */
typedef struct CallerSetup {
    const BrokerConfig *config;
    FenceKeeper *fences;
    Share *share; /* the whole */
} CallerSetup;

/* SUBJECT is taken. */
Caller *caller_new(const char *name, uid_t uid, Subject *subject, Policy *policy, const CallerSetup *setup);
void caller_free(Caller *caller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Caller, caller_free)

/* Judges the caller by POLICY from now on. */
void caller_set_policy(Caller *caller, Policy *policy, const BrokerConfig *config);

/* Whether it may use what is for administrators. */
gboolean caller_is_administrator(const Caller *caller);

/* Who a connection is, being found out. */
typedef struct CallerQuestion CallerQuestion;

/* SUBJECT is the callee's to free; UID as in Caller. */
typedef void (*CallerIdentified)(Subject *subject, uid_t uid, gpointer user_data);

/*
 * Asks the bus, then IDENTIFIER, who NAME is, with GROUP_NAMES also what its groups are called; never blocks.
 * CALLBACK is called once, later, with an unidentified subject in any doubt. NULL when nothing could be asked. Free
 * the question with caller_question_free(): before CALLBACK to take it back, or else from within CALLBACK or later.
 */
CallerQuestion *caller_identify(sd_bus *bus, Identifier *identifier, const char *name, gboolean group_names,
                                CallerIdentified callback, gpointer user_data);
void caller_question_free(CallerQuestion *question);
