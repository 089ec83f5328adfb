/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file of policy: it is in force without a fault, or it is not at all. */

#include "fuzz.h"

#include "policy.h"
#include "scratch-folder.h"

static void
decide(Policy *policy, const char *text)
{
    g_autoptr(Subject) subject = subject_parse(text, NULL);
    g_autoptr(PolicyAccess) access = NULL;
    g_autoptr(Url) url = url_parse("wss://a.example.com/", 1024, NULL);
    g_auto(Decision) decision = { 0 };

    policy_read_names(policy, subject);
    access = policy_access_new(policy, subject);
    g_assert_cmpint(policy_access_check(access, url, &decision), ==, decision.allowed);
    g_assert_nonnull(decision.explanation);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Problems) problems = problems_new();
    g_autoptr(Policy) policy = NULL;

    scratch_folder_write(scratch, "policy.d/50-fuzz.conf", (const char *)data, (gssize)size);
    policy = policy_load(scratch->folders, problems);
    g_assert_cmpint(policy == NULL, ==, problems_count(problems) > 0);
    if (policy) {
        decide(policy, "user 0, flatpak org.example.Chat, unit chat.service");
        decide(policy, "unidentified");
    }
    return 0;
}
