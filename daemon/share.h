/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What of a bus and of the service's own memory is divided among those who call. */
typedef enum ShareKind {
    SHARE_UNREAD,    /* bytes that were sent and are, as far as is known, still in the bus */
    SHARE_HELD,      /* bytes of calls that wait in the gate */
    SHARE_QUESTIONS, /* that the bus counts as unanswered */
    SHARE_LIVING,    /* of these, those to receivers that have not been given up */
    SHARE_KINDS
} ShareKind;

/* One taker's part: of everybody, of a user, of an application, of a connection to the bus. */
typedef struct Share Share;

/* Everybody's; the whole. Free with share_unref() after all parts of it. */
Share *share_new(void);

/* The part of connection NAME to the bus, of the application of user UID to which policy's SECTION grants. Its user's
 * and its application's parts are made with the first and go with the last of their connections. */
Share *share_new_connection(Share *whole, uid_t uid, const char *section);

/* What was taken must have been given back. */
void share_unref(Share *share);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Share, share_unref)

/* The application's part that a connection's belongs to. Owned by SHARE. */
Share *share_get_application(Share *share);

/* Takes AMOUNT, which may be more than there is, or gives it back. */
void share_take(Share *share, ShareKind kind, gsize amount);
void share_return(Share *share, ShareKind kind, gsize amount);

gsize share_used(const Share *share, ShareKind kind);

/* How much SHARE may use in all, as the others stand now. */
gsize share_limit(const Share *share, ShareKind kind);
