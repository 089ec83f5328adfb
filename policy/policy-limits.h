/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* One limit of a section, in the spelling and the bounds of wsbroker.conf. */
typedef struct PolicyLimit {
    gboolean set;             /* FALSE: the default of wsbroker.conf is in force */
    gboolean at_most_default; /* never above that default: not every granting section raises it */
    guint64 amount;           /* how many, or bytes */
    gint64 interval;          /* of a rate: AMOUNT in so many microseconds; else 0 */
    const char *rule;         /* "policy.d/50-chat.conf:6", owned by the policy; NULL unless set */
} PolicyLimit;

/* What policy says of an application's limits, an application being a granting section and a uid. */
typedef struct PolicyLimits {
    PolicyLimit connections;        /* MaxConnections */
    PolicyLimit connect_rate;       /* MaxConnectRate */
    PolicyLimit pending_handshakes; /* MaxPendingHandshakes */
    PolicyLimit message_size;       /* MaxMessageSize */
    PolicyLimit buffered_bytes;     /* MaxBufferedBytes */
} PolicyLimits;

/* Makes each of LIMITS the smaller of itself and its like in OTHER, of a section that grants beside it. */
void policy_limits_merge(PolicyLimits *limits, const PolicyLimits *other);

/* The amount in force, where wsbroker.conf has STANDARD. Not for a rate. */
guint64 policy_limit_resolve(const PolicyLimit *limit, guint64 standard);

/* The rate in force: *COUNT in *INTERVAL microseconds, which have those of wsbroker.conf before. */
void policy_limit_resolve_rate(const PolicyLimit *limit, guint *count, gint64 *interval);
