/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One line of the policy in force, all files merged: a heading, one item of a list, or the value of another
 * key. Owned by the policy. */
typedef struct PolicyLine {
    const char *section; /* "unit chat.service", as first written */
    const char *key;     /* NULL: the line is the heading */
    const char *value;   /* NULL in a heading; else may be empty */
    const char *rule;    /* "policy.d/50-chat.conf:4" */
} PolicyLine;
