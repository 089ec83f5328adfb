/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Policies are tested from their text, through the loader, since there is no other way to make one. */

#include "loaded-policy.h"

#include "scratch-folder.h"

Policy *
loaded_policy_new(const char *text)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Problems) problems = problems_new();
    Policy *policy;

    scratch_folder_write(scratch, "policy.d/50-test.conf", text, -1);
    policy = policy_load(scratch->folders, problems);
    for (guint i = 0; i < problems_count(problems); i++)
        g_test_message("%s", problems_get(problems, i));
    g_assert_cmpuint(problems_count(problems), ==, 0);
    g_assert_nonnull(policy);
    return policy;
}

PolicyAccess *
loaded_policy_access_new(const char *text, const char *subject)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Policy) policy = loaded_policy_new(text);
    g_autoptr(Subject) parsed = subject_parse(subject, &error);

    g_assert_no_error(error);
    return policy_access_new(policy, parsed);
}

void
assert_decision(Decision *decision, guint32 code, gboolean reported, guint line)
{
    g_autofree char *rule = line == 0 ? NULL : g_strdup_printf("policy.d/50-test.conf:%u", line);

    g_test_message("%u: %s", decision->code, decision->explanation);
    g_assert_cmpuint(decision->code, ==, code);
    g_assert_cmpint(decision->reported, ==, reported);
    g_assert_cmpint(decision->allowed, ==, code == 0 || reported);
    g_assert_cmpstr(decision->rule, ==, rule);
    decision_clear(decision);
}
