/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Who asks: what the service knows of a caller, as policy sees it. Strings and the array are owned by the
 * Subject. A caller that could not be identified without doubt is `identified == FALSE` and carries no name
 * at all, whatever was found on the way.
 */
typedef struct Subject {
    gboolean identified;
    uid_t uid;       /* valid only when identified */
    char *user;      /* account name; NULL where the uid has none */
    GArray *groups;  /* of gid_t; never NULL when identified */
    char *unit;      /* unit of the system's manager, or NULL */
    char *user_unit; /* unit of the user's manager, within that uid's own slice, or NULL */
} Subject;

Subject *subject_new_unidentified(void);
/* An identified subject with UID, its account name looked up, and no groups. */
Subject *subject_new_for_uid(uid_t uid);

/*
 * "unit chat.service, user alice" or "unidentified": the form in which WhoAmI, properties and the journal
 * show a subject, strongest kind first; groups are left out. Free with g_free().
 */
char *subject_to_string(const Subject *subject);

/*
 * The other way: a comma list of `unit NAME`, `user-unit NAME`, `user NAME|UID`, `group NAME|GID`, or
 * `unidentified` alone, for wsbrokerctl and ExplainAccess. The subject has what TEXT says and no more: groups
 * of a user are not added, and its uid is (uid_t)-1, nobody's, where no user is named or the system does not
 * know the name. A group must exist or be a number. NULL and an error (domain G_IO_ERROR, code
 * INVALID_ARGUMENT) that names the part which is wrong.
 */
Subject *subject_parse(const char *text, GError **error);

void subject_free(Subject *subject);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Subject, subject_free)
