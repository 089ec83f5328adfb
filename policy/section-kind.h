/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "subject.h"

#include <glib.h>

/*
 * The kinds of sections in policy.d, such as [unit NAME], in the order in which they are tried. A section and
 * a subject meet by identity: a canonical text, "unit chat.service" or "user 1000", which a section has one
 * of and a subject one or more.
 */
typedef struct SectionKind SectionKind;

/*
 * The kind and identity of HEADING (the text between the brackets). A user or group is identified by its
 * number where the system knows the name now, so that two spellings of one account are one section; else by
 * its name, so that it matches once the account is made. NULL and an error (domain G_IO_ERROR, code
 * INVALID_ARGUMENT) that says what is wrong, also where the system cannot look the name up. Free
 * *ret_identity with g_free().
 */
const SectionKind *section_kind_parse(const char *heading, char **ret_identity, GError **error);

/* The kind at INDEX in their order; NULL past the last. */
const SectionKind *section_kind_get(guint index);

/* The place of KIND in that order. */
guint section_kind_order(const SectionKind *kind);

/* Whether IDENTITY, of KIND, is matched only if the name service was asked for the names of a subject's ids: a
 * group by name, since the system did not know its number (subject_read_group_names()). */
gboolean section_kind_asks_names(const SectionKind *kind, const char *identity);

/*
 * The identities by which SUBJECT matches sections of KIND, the closest first: an array of strings, none
 * where it does not match. Free with g_ptr_array_unref().
 */
GPtrArray *section_kind_identities(const SectionKind *kind, const Subject *subject);

/* A subject can match several sections of KIND, which then grant only what all of them do. */
gboolean section_kind_is_shared(const SectionKind *kind);

/* Sections of KIND say nothing, not even no, once a section of another kind matched. */
gboolean section_kind_is_fallback(const SectionKind *kind);

/* Who matches a section of KIND has proved to be what it names; else no more than a user, or nothing. */
gboolean section_kind_is_proof(const SectionKind *kind);
