/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A limit that a section leaves out is the default of wsbroker.conf, which a policy does not know. So where
 * one of several granting sections sets a limit and another does not, the smaller of the two can only be
 * named as "this, but at most the default", and whoever has both files resolves it.
 */

#include "policy-limits.h"

/* Rates are compared by attempts in a time: a/b < c/d as a*d < c*b, which the bounds of both keep from
 * overflow. An amount is a rate in the same time. */
static gboolean
is_smaller(guint64 amount, gint64 interval, guint64 other_amount, gint64 other_interval)
{
    return amount * (guint64)MAX(other_interval, 1) < other_amount * (guint64)MAX(interval, 1);
}

static void
merge(PolicyLimit *limit, const PolicyLimit *other)
{
    gboolean at_most_default = limit->at_most_default || other->at_most_default || limit->set != other->set;

    if (other->set &&
        (!limit->set || is_smaller(other->amount, other->interval, limit->amount, limit->interval)))
        *limit = *other;
    limit->at_most_default = at_most_default;
}

void
policy_limits_merge(PolicyLimits *limits, const PolicyLimits *other)
{
    merge(&limits->connections, &other->connections);
    merge(&limits->connect_rate, &other->connect_rate);
    merge(&limits->pending_handshakes, &other->pending_handshakes);
    merge(&limits->message_size, &other->message_size);
    merge(&limits->buffered_bytes, &other->buffered_bytes);
}

guint64
policy_limit_resolve(const PolicyLimit *limit, guint64 standard)
{
    if (!limit->set)
        return standard;
    return limit->at_most_default ? MIN(limit->amount, standard) : limit->amount;
}

void
policy_limit_resolve_rate(const PolicyLimit *limit, guint *count, gint64 *interval)
{
    if (!limit->set ||
        (limit->at_most_default && is_smaller(*count, *interval, limit->amount, limit->interval)))
        return;
    *count = (guint)limit->amount;
    *interval = limit->interval;
}
