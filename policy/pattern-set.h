/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pattern.h"
#include "url.h"

/*
 * The patterns of one list of a section, each with the place it was written at ("file:line"). A look-up costs
 * a hash look-up for each label of the name, or for each prefix length in use, however many patterns there
 * are. Where several match, the most specific one is found, and of equal ones the first.
 */
typedef struct PatternSet PatternSet;

/* One of them, as it was written. Owned by the set. */
typedef struct PatternRule {
    char *text;
    char *rule; /* "policy.d/50-chat.conf:4" */
} PatternRule;

PatternSet *pattern_set_new(void);
void pattern_set_free(PatternSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PatternSet, pattern_set_free)

/* TEXT is what PATTERN was parsed from. */
void pattern_set_add(PatternSet *set, const Pattern *pattern, const char *text, const char *rule);
void pattern_set_clear(PatternSet *set);

/* All of them, in the order in which they were added. */
guint pattern_set_count(const PatternSet *set);
const PatternRule *pattern_set_get(const PatternSet *set, guint index);

/* The pattern that matches scheme, host and port of URL: by name, or, where the host is a literal address, by
 * address; a "*" matches both. NULL if none does. */
const PatternRule *pattern_set_find_url(const PatternSet *set, const Url *url);

/* The address or range that has ADDRESS, with scheme and port of URL; a "*" lists no address. An IPv4-mapped
 * ADDRESS is IPv4. NULL if none has. */
const PatternRule *pattern_set_find_address(const PatternSet *set, const Url *url, GInetAddress *address);
