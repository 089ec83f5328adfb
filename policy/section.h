/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ini.h"
#include "pattern-set.h"
#include "problem.h"

#include <glib.h>

typedef enum {
    PERMISSION_UNSET,
    PERMISSION_GRANTED,
    PERMISSION_DENIED, /* by an explicit empty Permissions= */
} Permission;

/* All sections of one identity, merged. Texts called rule are "policy.d/50-chat.conf:4". */
typedef struct Section {
    char *heading; /* "unit chat.service", as first written */
    char *rule;    /* where that is */
    guint order;   /* among all sections, by their first heading */
    Permission permission;
    char *permission_rule; /* NULL while unset */
    PatternSet *allow;
    PatternSet *deny;
    gboolean allow_local;
    char *allow_local_rule; /* NULL while unset */
} Section;

Section *section_new(const char *heading, const char *rule, guint order);
void section_free(Section *section);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Section, section_free)

/* Sets the key of ENTRY, which was written at RULE; its errors are appended to PROBLEMS under PATH. */
void section_assign(Section *section, const IniEntry *entry, const char *path, const char *rule,
                    Problems *problems);
