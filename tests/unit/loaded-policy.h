/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"

/* The policy of one file "policy.d/50-test.conf" with TEXT, which must have no error. */
Policy *loaded_policy_new(const char *text);

/* SUBJECT's part of it; SUBJECT is as subject_parse() takes it. */
PolicyAccess *loaded_policy_access_new(const char *text, const char *subject);

/* Asserts that DECISION has CODE, is allowed for 0 and where it is REPORTED, and was made by LINE of that
 * file; 0: by no rule. Clears it. */
void assert_decision(Decision *decision, guint32 code, gboolean reported, guint line);
