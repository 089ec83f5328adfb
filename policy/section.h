/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ini.h"
#include "pattern-set.h"
#include "policy-limits.h"
#include "policy-line.h"
#include "problem.h"
#include "section-kind.h"

#include <glib.h>

typedef enum {
    PERMISSION_UNSET,
    PERMISSION_GRANTED,
    PERMISSION_DENIED, /* by an explicit empty Permissions= */
} Permission;

/* The keys of a section. */
typedef enum {
    SECTION_KEY_PERMISSIONS,
    SECTION_KEY_ALLOW_DOMAINS,
    SECTION_KEY_DENY_DOMAINS,
    SECTION_KEY_ALLOW_LOCAL_ADDRESSES,
    SECTION_KEY_ALLOW_PROXIES,
    SECTION_KEY_ALLOW_DIRECT,
    SECTION_KEY_MAX_CONNECTIONS,
    SECTION_KEY_MAX_CONNECT_RATE,
    SECTION_KEY_MAX_PENDING_HANDSHAKES,
    SECTION_KEY_MAX_MESSAGE_SIZE,
    SECTION_KEY_MAX_BUFFERED_BYTES,
    SECTION_KEY_MODE,
    SECTION_KEY_SKIP_CERTIFICATE_CHECK,
    SECTION_KEY_ADMINISTRATOR,
    N_SECTION_KEYS,
} SectionKey;

/* How a key that is no list was last written; NULL twice while it is not. */
typedef struct Setting {
    char *value;
    char *rule;
} Setting;

/* All sections of one identity, merged. Texts called rule are "policy.d/50-chat.conf:4". */
typedef struct Section {
    const SectionKind *kind; /* NULL: unknown, so that only its keys are checked */
    char *heading;           /* "unit chat.service", as first written */
    char *rule;              /* where that is */
    guint order;             /* among all sections, by their first heading */
    Permission permission;
    PatternSet *allow;
    PatternSet *deny;
    PatternSet *proxies;
    gboolean allow_local;
    gboolean allow_direct;
    gboolean reports; /* Mode=report */
    gboolean skip_certificate_check;
    gboolean administrator;
    PolicyLimits limits; /* at_most_default is never set */
    Setting settings[N_SECTION_KEYS];
} Section;

Section *section_new(const SectionKind *kind, const char *heading, const char *rule, guint order);
void section_free(Section *section);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Section, section_free)

/* Sets the key of ENTRY, which was written at RULE; its errors are appended to PROBLEMS under PATH. */
void section_assign(Section *section, const IniEntry *entry, const char *path, const char *rule,
                    Problems *problems);

/* Where KEY, which is no list, was last set; NULL if nowhere. Owned by SECTION. */
const char *section_rule(const Section *section, SectionKey key);

/* Appends the heading and all that is set to LINES, a GArray of PolicyLine. */
void section_append_lines(const Section *section, GArray *lines);
