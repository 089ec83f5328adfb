/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is scarce is divided at three levels: among users, among the applications of a user, and among the connections
 * of an application. At each, one may use a fixed part of what the others leave of the part above: a third, a half, a
 * quarter. So whoever comes late finds something, however many have taken all they could before, and nobody needs to
 * know how many there are going to be: with n users that take all they can, two thirds to the power of n are left.
 *
 * Invariants: what a part has used is the sum of what the parts below it have; a part with nothing below it is gone,
 * and has used nothing by then.
 */

#include "share.h"

#define MIB ((gsize)1 << 20)

/* dbus-daemon stops reading from who has 127 MiB unread in it, and takes 128 unanswered calls of a connection. */
static const gsize wholes[SHARE_KINDS] = {
    [SHARE_UNREAD] = 96 * MIB, [SHARE_HELD] = 96 * MIB, [SHARE_QUESTIONS] = 120, [SHARE_LIVING] = 120
};

enum { USER_PART = 3, APPLICATION_PART = 2, CONNECTION_PART = 4 };

struct Share {
    Share *above; /* referenced; NULL for the whole */
    guint references;
    guint part;        /* one of how many */
    char *name;        /* among those above; NULL for a connection */
    GHashTable *below; /* name → Share, not owned; NULL for a connection */
    gsize used[SHARE_KINDS];
};

static Share *
share_new_below(Share *above, const char *name, guint part)
{
    Share *share = g_new0(Share, 1);

    share->references = 1;
    share->part = part;
    share->name = g_strdup(name);
    if (above) {
        share->above = above;
        above->references++;
    }
    if (name || !above)
        share->below = g_hash_table_new(g_str_hash, g_str_equal);
    if (name)
        g_hash_table_insert(above->below, share->name, share);
    return share;
}

/* The part NAME of ABOVE, whose reference the caller has. */
static Share *
share_get_below(Share *above, const char *name, guint part)
{
    Share *share = g_hash_table_lookup(above->below, name);

    if (!share)
        return share_new_below(above, name, part);
    share->references++;
    return share;
}

Share *
share_new(void)
{
    return share_new_below(/* above= */ NULL, /* name= */ NULL, /* part= */ 1);
}

Share *
share_new_connection(Share *whole, uid_t uid, const char *section)
{
    g_autofree char *user_name = g_strdup_printf("%u", uid);
    g_autoptr(Share) user = share_get_below(whole, user_name, USER_PART);
    g_autoptr(Share) application = share_get_below(user, section, APPLICATION_PART);

    return share_new_below(application, /* name= */ NULL, CONNECTION_PART);
}

void
share_unref(Share *share)
{
    if (--share->references > 0)
        return;
    for (int kind = 0; kind < SHARE_KINDS; kind++)
        g_assert(share->used[kind] == 0);
    if (share->name)
        g_hash_table_remove(share->above->below, share->name);
    g_clear_pointer(&share->below, g_hash_table_unref);
    g_clear_pointer(&share->above, share_unref);
    g_free(share->name);
    g_free(share);
}

Share *
share_get_application(Share *share)
{
    return share->above;
}

void
share_take(Share *share, ShareKind kind, gsize amount)
{
    for (; share; share = share->above)
        share->used[kind] += amount;
}

void
share_return(Share *share, ShareKind kind, gsize amount)
{
    for (; share; share = share->above) {
        g_assert(share->used[kind] >= amount);
        share->used[kind] -= amount;
    }
}

gsize
share_used(const Share *share, ShareKind kind)
{
    return share->used[kind];
}

gsize
share_limit(const Share *share, ShareKind kind)
{
    gsize limit, others;

    if (!share->above)
        return wholes[kind];
    limit = share_limit(share->above, kind);
    others = share->above->used[kind] - share->used[kind];
    /* Rounded up, so that a single place goes to the first who needs it. */
    return others >= limit ? 0 : (limit - others + share->part - 1) / share->part;
}
