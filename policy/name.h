/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* The names by which policy and subjects speak of units, sandboxes, users and groups. */

/* What is wrong with NAME as the full name of one unit that can have processes; NULL if nothing is. */
const char *name_unit_fault(const char *name);

/* What is wrong with ID as that of a Flatpak application; NULL if nothing is. */
const char *name_flatpak_fault(const char *id);

/* What is wrong with NAME as a Snap's, perhaps with an instance key ("chat_2"), perhaps with one of its
 * applications ("chat.daemon"); NULL if nothing is. */
const char *name_snap_fault(const char *name);

/* Whether a name service could have an account NAME: no sign before it, no blank at its ends, nothing that
 * separates names here. */
gboolean name_is_account(const char *name);

/* A UID or GID in decimal; never (uid_t)-1, which is nobody's. FALSE if TEXT is none. */
gboolean name_parse_id(const char *text, guint32 *ret_id);

typedef enum {
    NAME_FOUND,
    NAME_UNKNOWN, /* the system has no such account */
    NAME_FAILED,  /* the system could not tell */
} NameLookup;

/* Ask the name service switch. These may block while it asks a directory. */
NameLookup name_find_user(const char *name, uid_t *ret_uid);
NameLookup name_find_group(const char *name, gid_t *ret_gid);

/* The same the other way. *ret_name, to be freed with g_free(), is NULL unless one is found. */
NameLookup name_of_user(uid_t uid, char **ret_name);
NameLookup name_of_group(gid_t gid, char **ret_name);
