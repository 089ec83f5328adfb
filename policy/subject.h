/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Who asks: what the service knows of a caller, as policy sees it. Strings and the array are owned by the
 * Subject. A caller that could not be identified without doubt is `identified == FALSE` and carries no name
 * at all, whatever was found on the way.
 *
 * flatpak and user_unit prove no more than the uid, since a user can make such a process. Whoever fills them
 * in does so only for a process inside that uid's user@UID.service or session scope.
 */
typedef struct Subject {
    gboolean identified;
    uid_t uid;              /* valid only when identified */
    char *user;             /* account name; NULL where the uid has none */
    GArray *groups;         /* of gid_t; never NULL when identified */
    GPtrArray *group_names; /* of char *, those that any of `groups` has; NULL: nobody has asked */
    char *label;            /* security label without a mode, or NULL where none is enforced */
    char *snap;             /* name of the Snap, or NULL */
    char *snap_app;         /* application within the Snap; NULL for its hooks, and without a Snap */
    char *unit;             /* unit of the system's manager, or NULL */
    char *flatpak;          /* ID of the Flatpak application (name_flatpak_fault() finds nothing), or NULL */
    char *user_unit;        /* unit of the user's manager, within that uid's own slice, or NULL */
} Subject;

Subject *subject_new_unidentified(void);
/* An identified subject with UID, its account name looked up, and no groups. NULL where the system cannot tell whether
 * there is a name: a rule that has it must not be passed over. */
Subject *subject_new_for_uid(uid_t uid);

/* Asks the name service, which may block, for the names of the groups of SUBJECT; who was not identified has none. FALSE
 * where it cannot tell one of them, which is left out. */
gboolean subject_read_group_names(Subject *subject);

/*
 * Sets label, snap and snap_app from RAW, the security label as the bus's credentials have it, without the
 * NUL at its end: "/usr/bin/chat (enforce)", "snap.chat.chat (enforce)", "unconfined", a SELinux context, a
 * Smack label, or "" for none. An unconfined process and a profile in complain mode have none. FALSE, and
 * nothing set, where RAW is not understood: the caller is then unidentified.
 */
gboolean subject_set_label(Subject *subject, const char *raw) G_GNUC_WARN_UNUSED_RESULT;

/*
 * "unit chat.service, user alice" or "unidentified": the form in which WhoAmI, properties and the journal
 * show a subject, strongest kind first; groups are left out, and the label of a Snap is shown as the Snap.
 * Free with g_free().
 */
char *subject_to_string(const Subject *subject);

/*
 * The other way: a comma list of `label L`, `snap NAME`, `snap NAME.APP`, `unit NAME`, `flatpak ID`,
 * `user-unit NAME`, `user NAME|UID`, `group NAME|GID`, or `unidentified` alone, for wsbrokerctl and
 * ExplainAccess. A comma within a label ends it only where another of these follows. The subject has what
 * TEXT says and no more: groups of a user are not added, and its uid is (uid_t)-1, nobody's, where no user is
 * named or the system does not know the name. A group must exist or be a number. A Snap's label and its
 * application are one thing, and either is completed by the other. TEXT has at most 16 KiB. NULL and an error (domain
 * G_IO_ERROR, code INVALID_ARGUMENT) that names the part which is wrong.
 */
Subject *subject_parse(const char *text, GError **error);

void subject_free(Subject *subject);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Subject, subject_free)
