/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pattern.h"
#include "url.h"

/*
 * The patterns of one AllowDomains or DenyDomains list, each with the place it was written at ("file:line").
 * A look-up costs a hash look-up for each label of the name, or for each prefix length in use, however many
 * patterns there are. Where several match, the most specific one is found, and of equal ones the first.
 */
typedef struct PatternSet PatternSet;

PatternSet *pattern_set_new(void);
void pattern_set_free(PatternSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PatternSet, pattern_set_free)

void pattern_set_add(PatternSet *set, const Pattern *pattern, const char *rule);
void pattern_set_clear(PatternSet *set);

/* The rule of the pattern that matches scheme, host and port of URL: by name, or, where the host is a literal
 * address, by address; a "*" matches both. NULL if none does. Owned by SET. */
const char *pattern_set_find_url(const PatternSet *set, const Url *url);

/* The rule of the address or range that has ADDRESS, with scheme and port of URL; a "*" lists no address. An
 * IPv4-mapped ADDRESS is IPv4. NULL if none has. Owned by SET. */
const char *pattern_set_find_address(const PatternSet *set, const Url *url, GInetAddress *address);
