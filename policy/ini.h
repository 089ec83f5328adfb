/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "problem.h"

#include <glib.h>

/* One key=value, blanks around both taken off. */
typedef struct IniEntry {
    char *key;
    char *value; /* may be empty */
    guint line;
} IniEntry;

/* One [name] and what stands below it. A name that a file has twice gives two sections. */
typedef struct IniSection {
    char *name;
    guint line;
    GPtrArray *entries; /* of IniEntry, in the order of their lines */
} IniSection;

/* Which keys the sections of one file have set so far, and where. Free with g_hash_table_unref(). */
GHashTable *ini_seen_new(void);

/*
 * Whether ENTRY is the first of its key in SECTION of a file, whose SEEN remembers it; if not, that is appended to
 * PROBLEMS under PATH. ini_parse() has asked this for the names of sections; who knows of several names that are one
 * section asks again.
 */
gboolean ini_claim_key(GHashTable *seen, const char *section, const IniEntry *entry, const char *path,
                       Problems *problems);

/*
 * Parses TEXT, of LENGTH bytes, which need not end in NUL. Each error is appended to PROBLEMS under PATH.
 * What could be understood is returned all the same, never NULL, so that its values can be checked in the
 * same run: an array of IniSection, in the order of their lines. Free with g_ptr_array_unref().
 */
GPtrArray *ini_parse(const char *path, const char *text, gsize length, Problems *problems);
