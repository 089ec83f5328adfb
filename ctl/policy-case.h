/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"

typedef enum {
    EXPECTATION_ALLOW,  /* by a rule */
    EXPECTATION_REPORT, /* only because of Mode=report */
    EXPECTATION_DENY,
} Expectation;

/* One line of a table for `wsbrokerctl policy test`. Strings and the subject are owned. */
typedef struct PolicyCase {
    char *expected; /* "deny 201", as written */
    Expectation expectation;
    guint32 code; /* 0: any */
    Subject *subject;
    char *url; /* need not be one: that it is none can be what is expected */
} PolicyCase;

/* Whether LINE, without its newline, says nothing: it is blank or a comment. */
gboolean policy_case_is_blank(const char *line);

/* Parses LINE. FALSE and an error (domain G_IO_ERROR, code INVALID_ARGUMENT) that says what is wrong. */
gboolean policy_case_parse(const char *line, PolicyCase *ret, GError **error);

/* Whether DECISION is what is expected. */
gboolean policy_case_holds(const PolicyCase *policy_case, const Decision *decision);

void policy_case_clear(PolicyCase *policy_case);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PolicyCase, policy_case_clear)
