/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may reach what, and the rule that says so (ACCEPTANCE rows 49 to 53 and 57, as far as policy
 * decides). */

#include "policy.h"

#include "row.h"
#include "scratch-folder.h"

#include <string.h>
#include <unistd.h>

#define CHAT "[unit chat.service]\nPermissions=INTERNET\nAllowDomains=chat.example;*.cdn.example\n"
#define EVERYONE "[user *]\nPermissions=INTERNET\nAllowDomains=*\n"
#define ALL "Permissions=INTERNET\nAllowDomains=*:*\n"

static Policy *
load(const ScratchFolder *scratch)
{
    g_autoptr(Problems) problems = problems_new();
    Policy *policy = policy_load(scratch->folders, problems);

    for (guint i = 0; i < problems_count(problems); i++)
        g_test_message("%s", problems_get(problems, i));
    g_assert_cmpuint(problems_count(problems), ==, 0);
    g_assert_nonnull(policy);
    return policy;
}

/* What Connect asks, in its order: permission, URL, and the address if there is one. */
static void
decide(const PolicyAccess *access, const char *url_text, const char *address_text, Decision *ret_decision)
{
    g_autoptr(GInetAddress) address =
        address_text == NULL ? NULL : g_inet_address_new_from_string(address_text);
    g_autoptr(Url) url = url_parse(url_text, 1024, NULL);

    g_assert_nonnull(url);
    if (!policy_access_permission(access, ret_decision))
        return;
    decision_clear(ret_decision);
    if (!policy_access_url(access, url, ret_decision) || address == NULL)
        return;
    decision_clear(ret_decision);
    policy_access_address(access, url, address, ret_decision);
}

static const struct Case {
    const char *policy;
    const char *subject;
    const char *url;
    const char *address; /* to which the URL's host resolved; NULL: not asked */
    guint32 code;
    guint line; /* of the rule; 0: none */
} cases[] = {
    /* Nothing matches, nothing is granted. */
    { "", "user root", "ws://chat.example/", NULL, 201, 0 },
    { CHAT, "user root", "ws://chat.example/", NULL, 201, 0 },
    { CHAT, "unit other.service", "ws://chat.example/", NULL, 201, 0 },
    { CHAT, "user-unit chat.service", "ws://chat.example/", NULL, 201, 0 },
    { CHAT, "unidentified", "ws://chat.example/", NULL, 201, 0 },
    { "[unit chat.service]\n", "unit chat.service", "ws://chat.example/", NULL, 201, 1 },
    { "[unit chat.service]\nAllowDomains=*\n", "unit chat.service", "ws://h/", NULL, 201, 1 },
    { "[unit chat.service]\nPermissions=\nAllowDomains=*\n", "unit chat.service", "ws://h/", NULL, 201, 2 },
    { "[unit chat.service]\nPermissions=INTERNET\n", "unit chat.service", "ws://h/", NULL, 2302998, 1 },

    /* One section. */
    { CHAT, "unit chat.service", "ws://chat.example/", NULL, 0, 3 },
    { CHAT, "unit chat.service", "ws://a.cdn.example/", NULL, 0, 3 },
    { CHAT, "unit chat.service", "ws://cdn.example/", NULL, 2302998, 1 },
    { CHAT, "unit chat.service", "ws://chat.example:81/", NULL, 2302998, 1 },
    { CHAT "DenyDomains=t.cdn.example\n", "unit chat.service", "ws://t.cdn.example/", NULL, 2302998, 4 },
    { CHAT "DenyDomains=t.cdn.example\n", "unit chat.service", "ws://a.cdn.example/", NULL, 0, 3 },
    { CHAT "DenyDomains=*\n", "unit chat.service", "ws://chat.example/", NULL, 2302998, 4 },

    /* Each kind. */
    { "[user-unit a.service]\n" ALL, "user-unit a.service, user root", "ws://h/", NULL, 0, 3 },
    { "[user-unit a.service]\n" ALL, "unit a.service, user root", "ws://h/", NULL, 201, 0 },
    { "[user root]\n" ALL, "user root", "ws://h/", NULL, 0, 3 },
    { "[user 0]\n" ALL, "user root", "ws://h/", NULL, 0, 3 },
    { "[user root]\n" ALL, "user 0", "ws://h/", NULL, 0, 3 },
    { "[user root]\n" ALL, "user 1", "ws://h/", NULL, 201, 0 },
    { "[user 4711]\n" ALL, "user 4711", "ws://h/", NULL, 0, 3 },
    { "[user no-such-user-here]\n" ALL, "user no-such-user-here", "ws://h/", NULL, 0, 3 },
    { "[user no-such-user-here]\n" ALL, "user no-such-user-there", "ws://h/", NULL, 201, 0 },
    { "[user no-such-user-here]\n" ALL, "unit a.service", "ws://h/", NULL, 201, 0 },
    { "[user no-such-user-here]\n" ALL, "user 4294967294", "ws://h/", NULL, 201, 0 },
    { "[group 4711]\n" ALL, "user root, group 4711", "ws://h/", NULL, 0, 3 },
    { "[group root]\n" ALL, "user 4711, group 0", "ws://h/", NULL, 0, 3 },
    { "[group 4711]\n" ALL, "user 4711", "ws://h/", NULL, 201, 0 },
    { "[group no-such-group-here]\n" ALL, "user root, group 0", "ws://h/", NULL, 201, 0 },
    { "[user *]\n" ALL, "user root", "ws://h/", NULL, 0, 3 },
    { "[user *]\n" ALL, "unit a.service", "ws://h/", NULL, 0, 3 },
    { "[user *]\n" ALL, "unidentified", "ws://h/", NULL, 201, 0 },
    { "[unidentified]\n" ALL, "unidentified", "ws://h/", NULL, 0, 3 },
    { "[unidentified]\n" ALL, "user root", "ws://h/", NULL, 201, 0 },
    { "[user *]\n" ALL "[unidentified]\nPermissions=\n", "unidentified", "ws://h/", NULL, 201, 5 },

    /* The first matching section alone grants. */
    { CHAT EVERYONE, "unit chat.service, user root", "ws://other.example/", NULL, 2302998, 1 },
    { EVERYONE CHAT, "unit chat.service, user root", "ws://other.example/", NULL, 2302998, 4 },
    { CHAT "[user root]\n" ALL, "unit chat.service, user root", "ws://other.example/", NULL, 2302998, 1 },
    { CHAT "[user root]\n" ALL, "user root", "ws://other.example/", NULL, 0, 6 },
    { "[user root]\nAllowDomains=*\n[group 0]\n" ALL, "user root, group 0", "ws://h/", NULL, 201, 1 },
    { "[unit a.service]\n" ALL "[user-unit b.service]\nAllowDomains=x\n",
      "user-unit b.service, unit a.service", "ws://h/", NULL, 0, 3 },

    /* Any matching section denies, except [user *] behind another. */
    { CHAT "[user root]\nPermissions=\n", "unit chat.service, user root", "ws://chat.example/", NULL, 201,
      5 },
    { CHAT "[user root]\nDenyDomains=chat.example\n", "unit chat.service, user root", "ws://chat.example/",
      NULL, 2302998, 5 },
    { CHAT "[user root]\nDenyDomains=chat.example\n", "unit chat.service, user 1", "ws://chat.example/", NULL,
      0, 3 },
    { CHAT "[group 7]\nDenyDomains=*:*\n", "unit chat.service, group 7", "ws://chat.example/", NULL, 2302998,
      5 },
    { CHAT "[user root]\n", "unit chat.service, user root", "ws://chat.example/", NULL, 0, 3 },
    { CHAT "[user *]\nPermissions=\nDenyDomains=*\n", "unit chat.service, user root", "ws://chat.example/",
      NULL, 0, 3 },
    { CHAT "[user *]\nPermissions=\n", "user root", "ws://chat.example/", NULL, 201, 5 },
    { "[unit chat.service]\nPermissions=\n" EVERYONE, "unit chat.service", "ws://h/", NULL, 201, 2 },
    { "[group 7]\n[user *]\n" ALL, "user root, group 7", "ws://h/", NULL, 201, 1 },

    /* Groups grant what all give. */
    { "[group 7]\n" ALL "[group 8]\n" ALL, "group 7, group 8", "ws://h/", NULL, 0, 3 },
    { "[group 7]\n" ALL "[group 8]\n" ALL, "group 8, group 7", "ws://h/", NULL, 0, 3 },
    { "[group 7]\n" ALL "[group 8]\nPermissions=INTERNET\n", "group 8, group 7", "ws://h/", NULL, 2302998,
      4 },
    { "[group 7]\n" ALL "[group 8]\nAllowDomains=*\n", "group 7, group 8", "ws://h/", NULL, 201, 4 },
    { "[group 7]\n" ALL "[group 8]\n" ALL "DenyDomains=h\n", "group 7, group 8", "ws://h/", NULL, 2302998,
      7 },
    { "[group 7]\n" ALL "[group 8]\nPermissions=\n", "group 7", "ws://h/", NULL, 0, 3 },
    { "[group 7]\n" ALL "[group 8]\nPermissions=\n", "group 7, group 8", "ws://h/", NULL, 201, 5 },
    { "[group 7]\n" ALL "AllowLocalAddresses=yes\n[group 8]\n" ALL, "group 7, group 8", "ws://h/", "10.0.0.1",
      2302998, 5 },
    { "[user root]\n" ALL "[group 7]\nPermissions=INTERNET\n", "user root, group 7", "ws://h/", NULL, 0, 3 },

    /* Resolved addresses. */
    { EVERYONE, "user root", "ws://h/", "8.8.8.8", 0, 0 },
    { EVERYONE, "user root", "ws://h/", "2606:4700::1111", 0, 0 },
    { EVERYONE, "user root", "ws://h/", "64:ff9b::8.8.8.8", 0, 0 },
    { EVERYONE, "user root", "ws://h/", "127.0.0.1", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "10.0.0.1", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "169.254.169.254", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "100.64.0.1", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "0.0.0.0", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "::1", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "fe80::1", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "fd00::1", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "::ffff:127.0.0.1", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "64:ff9b::10.0.0.1", 2302998, 1 },
    { EVERYONE, "user root", "ws://h/", "2002:7f00:1::", 2302998, 1 },
    { EVERYONE "AllowLocalAddresses=no\n", "user root", "ws://h/", "10.0.0.1", 2302998, 4 },
    { EVERYONE "AllowLocalAddresses=yes\n", "user root", "ws://h/", "10.0.0.1", 0, 4 },
    { EVERYONE "AllowLocalAddresses=yes\n", "user root", "ws://h/", "::1", 0, 4 },
    { CHAT EVERYONE "AllowLocalAddresses=yes\n", "unit chat.service", "ws://chat.example/", "10.0.0.1",
      2302998, 1 },
    { EVERYONE "DenyDomains=8.8.8.0/24\n", "user root", "ws://h/", "8.8.8.8", 2302998, 4 },
    { EVERYONE "DenyDomains=8.8.8.0/24\n", "user root", "ws://h/", "::ffff:8.8.8.8", 2302998, 4 },
    { EVERYONE "DenyDomains=8.8.8.0/24\n", "user root", "ws://h/", "64:ff9b::8.8.8.8", 2302998, 4 },
    { EVERYONE "DenyDomains=8.8.8.0/24\n", "user root", "ws://h/", "8.8.9.8", 0, 0 },
    { EVERYONE "DenyDomains=wss://8.8.8.0/24\n", "user root", "ws://h/", "8.8.8.8", 0, 0 },
    { EVERYONE "AllowLocalAddresses=yes\nDenyDomains=10.0.0.0/8\n", "user root", "ws://h/", "10.0.0.1",
      2302998, 5 },
    { CHAT "[user root]\nDenyDomains=8.8.8.8\n", "unit chat.service, user root", "ws://chat.example/",
      "8.8.8.8", 2302998, 5 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=h;10.0.0.1\n", "user root", "ws://h/", "10.0.0.1", 0, 3 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=h;10.0.0.0/8\n", "user root", "ws://h/", "10.0.0.1", 0,
      3 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=h;10.0.0.1\n", "user root", "ws://h/", "10.0.0.2",
      2302998, 1 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=h:*;10.0.0.1\n", "user root", "ws://h:81/", "10.0.0.1",
      2302998, 1 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=h;wss://10.0.0.1\n", "user root", "ws://h/", "10.0.0.1",
      2302998, 1 },

    /* Literal addresses. */
    { EVERYONE, "user root", "ws://8.8.8.8/", NULL, 0, 3 },
    { EVERYONE, "user root", "ws://127.0.0.1/", NULL, 2302998, 1 },
    { EVERYONE, "user root", "ws://[::ffff:127.0.0.1]/", NULL, 2302998, 1 },
    { EVERYONE "AllowLocalAddresses=yes\n", "user root", "ws://127.0.0.1/", NULL, 0, 3 },
    { EVERYONE "DenyDomains=8.8.8.8\n", "user root", "ws://8.8.8.8/", NULL, 2302998, 4 },
    { EVERYONE "DenyDomains=8.8.8.8\n", "user root", "ws://[::ffff:8.8.8.8]/", NULL, 2302998, 4 },
    { EVERYONE "DenyDomains=8.8.8.8\n", "user root", "ws://[64:ff9b::8.8.8.8]/", NULL, 2302998, 4 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=127.0.0.1:*\n", "user root", "ws://127.0.0.1:81/", NULL,
      0, 3 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=127.0.0.0/8\n", "user root", "ws://127.9.9.9/", NULL, 0,
      3 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=[::1]:81\n", "user root", "ws://[::1]:81/", NULL, 0, 3 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=[::1]:81\n", "user root", "ws://[::1]/", NULL, 2302998,
      1 },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=127.0.0.1\n", "user root", "ws://8.8.8.8/", NULL, 2302998,
      1 },
};

static void
check_case(const struct Case *each)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Policy) policy = NULL;
    g_autoptr(Subject) subject = subject_parse(each->subject, NULL);
    g_autoptr(PolicyAccess) access = NULL;
    g_autofree char *rule = each->line == 0 ? NULL : g_strdup_printf("policy.d/50-test.conf:%u", each->line);
    g_autofree char *ending = rule == NULL ? g_strdup("") : g_strdup_printf(" (%s)", rule);
    g_auto(Decision) decision = { 0 };

    test_row(each->policy, each->subject, each->url, each->address);
    scratch_folder_write(scratch, "policy.d/50-test.conf", each->policy, -1);
    policy = load(scratch);
    access = policy_access_new(policy, subject);
    decide(access, each->url, each->address, &decision);
    g_test_message("%u: %s", decision.code, decision.explanation);
    g_assert_cmpuint(decision.code, ==, each->code);
    g_assert_cmpint(decision.allowed, ==, each->code == 0);
    g_assert_cmpstr(decision.rule, ==, rule);
    g_assert_true(g_str_has_suffix(decision.explanation, ending));
}

static void
test_decisions(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check_case(&cases[i]);
}

static const struct Explanation {
    const char *policy;
    const char *url;
    const char *address;
    const char *text;
} explanations[] = {
    { "", "ws://h/", NULL,
      "The INTERNET permission is required: no section of the policy matches the caller" },
    { "[user root]\n", "ws://h/", NULL,
      "The INTERNET permission is required: [user root] does not grant it (policy.d/50-chat.conf:1)" },
    { "[user 0]\nPermissions=\n", "ws://h/", NULL,
      "The INTERNET permission is required: [user 0] denies it (policy.d/50-chat.conf:2)" },
    { EVERYONE "DenyDomains=evil.example\n", "ws://Evil.example/", NULL,
      "It is not allowed to access this domain: evil.example (policy.d/50-chat.conf:4)" },
    { EVERYONE, "ws://evil.example:81/", NULL,
      "It is not allowed to access this domain: evil.example:81 (policy.d/50-chat.conf:1)" },
    { EVERYONE, "ws://h/", "10.0.0.1",
      "It is not allowed to access this address: 10.0.0.1 of h, which is private (policy.d/50-chat.conf:1)" },
    { EVERYONE, "ws://127.0.0.1/", NULL,
      "It is not allowed to access this address: 127.0.0.1, which is loopback (policy.d/50-chat.conf:1)" },
    { EVERYONE, "ws://h/", NULL, "[user *] allows h (policy.d/50-chat.conf:3)" },
};

static void
test_explanations(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(explanations); i++) {
        g_autoptr(ScratchFolder) scratch = scratch_folder_new();
        g_autoptr(Policy) policy = NULL;
        g_autoptr(Subject) subject = subject_new_for_uid(0);
        g_autoptr(PolicyAccess) access = NULL;
        g_auto(Decision) decision = { 0 };

        scratch_folder_write(scratch, "policy.d/50-chat.conf", explanations[i].policy, -1);
        policy = load(scratch);
        access = policy_access_new(policy, subject);
        decide(access, explanations[i].url, explanations[i].address, &decision);
        g_assert_cmpstr(decision.explanation, ==, explanations[i].text);
    }
}

/* Asked without the questions before it, each one refuses where nothing matches. */
static void
test_nothing_matches(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Policy) policy = load(scratch);
    g_autoptr(Subject) subject = subject_new_for_uid(0);
    g_autoptr(PolicyAccess) access = policy_access_new(policy, subject);
    g_autoptr(Url) url = url_parse("ws://h/", 1024, NULL);
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string("8.8.8.8");
    g_auto(Decision) url_decision = { 0 };
    g_auto(Decision) address_decision = { 0 };

    g_assert_cmpstr(policy_access_section(access), ==, "none");
    g_assert_false(policy_access_url(access, url, &url_decision));
    g_assert_cmpuint(url_decision.code, ==, 2302998);
    g_assert_null(url_decision.rule);
    g_assert_false(policy_access_address(access, url, address, &address_decision));
    g_assert_cmpuint(address_decision.code, ==, 2302998);
}

typedef struct Merge {
    const char *first;  /* 10.conf */
    const char *second; /* 20.conf */
    const char *url;
    guint32 code;
    const char *rule;
} Merge;

static const Merge merges[] = {
    { "[user 0]\nPermissions=INTERNET\nAllowDomains=a\n", "[user 0]\nAllowDomains=b\n", "ws://a/", 0,
      "policy.d/10.conf:3" },
    { "[user 0]\nPermissions=INTERNET\nAllowDomains=a\n", "[user 0]\nAllowDomains=b\n", "ws://b/", 0,
      "policy.d/20.conf:2" },
    { "[user 0]\nPermissions=INTERNET\nAllowDomains=a\n", "[user root]\nAllowDomains=b\n", "ws://b/", 0,
      "policy.d/20.conf:2" },
    { "[user 0]\nPermissions=INTERNET\nAllowDomains=a\n", "[user 0]\nAllowDomains=\n", "ws://a/", 2302998,
      "policy.d/10.conf:1" },
    { "[user 0]\nPermissions=INTERNET\nAllowDomains=a\nDenyDomains=a\n", "[user 0]\nDenyDomains=\n",
      "ws://a/", 0, "policy.d/10.conf:3" },
    { "[user 0]\nPermissions=INTERNET\nAllowDomains=a\n", "[user 0]\nPermissions=\n", "ws://a/", 201,
      "policy.d/20.conf:2" },
    { "[user 0]\nPermissions=\nAllowDomains=a\n", "[user 0]\nPermissions=INTERNET\n", "ws://a/", 0,
      "policy.d/10.conf:3" },
    { "[user 0]\nPermissions=INTERNET\nAllowDomains=127.0.0.0/8\n", "[user 0]\nDenyDomains=127.0.0.1\n",
      "ws://127.0.0.1/", 2302998, "policy.d/20.conf:2" },
    { "[user 0]\nPermissions=INTERNET\nAllowDomains=*\nAllowLocalAddresses=yes\n",
      "[user 0]\nAllowLocalAddresses=no\n", "ws://127.0.0.1/", 2302998, "policy.d/20.conf:2" },
    { "[user 0]\nPermissions=INTERNET\n\n[user 0]\nAllowDomains=a\n", "", "ws://a/", 0,
      "policy.d/10.conf:5" },
    { "[user 0]\nPermissions=INTERNET\n[user root]\nAllowDomains=a\n[group 0]\nAllowDomains=a\n",
      "[user root]\nPermissions=INTERNET\n", "ws://a/", 0, "policy.d/10.conf:4" },
};

static void
test_merging(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(merges); i++) {
        g_autoptr(ScratchFolder) scratch = scratch_folder_new();
        g_autoptr(Policy) policy = NULL;
        g_autoptr(Subject) subject = subject_new_for_uid(0);
        g_autoptr(PolicyAccess) access = NULL;
        g_auto(Decision) decision = { 0 };

        test_row(merges[i].first, merges[i].second);
        scratch_folder_write(scratch, "policy.d/20.conf", merges[i].second, -1);
        scratch_folder_write(scratch, "policy.d/10.conf", merges[i].first, -1);
        policy = load(scratch);
        access = policy_access_new(policy, subject);
        decide(access, merges[i].url, NULL, &decision);
        g_assert_cmpuint(decision.code, ==, merges[i].code);
        g_assert_cmpstr(decision.rule, ==, merges[i].rule);
    }
}

static void
test_section(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Policy) policy = NULL;
    static const char *const expected[][2] = {
        { "unit chat.service, user root", "unit chat.service" },
        { "user 0", "user root" },
        { "user 4711", "user *" },
        { "user 4711, group 8, group 7", "group 7" },
        { "unidentified", "none" },
    };

    scratch_folder_write(scratch, "policy.d/10.conf",
                         CHAT "[user root]\n[group 7]\n[group 8]\n[user 0]\n[user *]\n", -1);
    policy = load(scratch);
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autoptr(Subject) subject = subject_parse(expected[i][0], NULL);
        g_autoptr(PolicyAccess) access = policy_access_new(policy, subject);

        g_assert_cmpstr(policy_access_section(access), ==, expected[i][1]);
    }
}

/* An unidentified subject has no names, whatever was left in it. */
static void
test_unidentified_with_names(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Policy) policy = NULL;
    g_autoptr(Subject) subject = subject_parse("unit chat.service, user root, group 0", NULL);
    g_autoptr(PolicyAccess) access = NULL;

    scratch_folder_write(scratch, "policy.d/10.conf",
                         CHAT "[user root]\n[group 0]\n[user *]\n[unidentified]\n", -1);
    policy = load(scratch);
    subject->identified = FALSE;
    access = policy_access_new(policy, subject);
    g_assert_cmpstr(policy_access_section(access), ==, "unidentified");
}

/* Whoever still decides by an old policy keeps it. */
static void
test_access_holds_its_policy(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Policy) policy = NULL;
    g_autoptr(Subject) subject = subject_new_for_uid(0);
    g_autoptr(PolicyAccess) access = NULL;
    g_auto(Decision) decision = { 0 };

    scratch_folder_write(scratch, "policy.d/10.conf", EVERYONE, -1);
    policy = load(scratch);
    access = policy_access_new(policy, subject);
    g_clear_pointer(&policy, policy_unref);
    decide(access, "ws://h/", NULL, &decision);
    g_assert_true(decision.allowed);
}

static const struct LoadError {
    const char *text;
    guint line;
    const char *message;
} load_errors[] = {
    { "[application org.example.Chat]\n", 1,
      "[application org.example.Chat]: unknown kind of section; known are [label L], [snap NAME]" },
    { "[chat.service]\n", 1, "unknown kind" },
    { "[Unit chat.service]\n", 1, "unknown kind" },
    { "[unit]\n", 1, "unit's name" },
    { "[unit ]\n", 1, "unit's name" },
    { "[unit *]\n", 1, "unknown kind" },
    { "[unit chat]\n", 1, "such as chat.service" },
    { "[unit  chat.service]\n", 1, "ASCII" },
    { "[unit chat@.service]\n", 1, "template" },
    { "[user]\n", 1, "no name of an account" },
    { "[user 4294967295]\n", 1, "4294967294" },
    { "[user a:b]\n", 1, "no name of an account" },
    { "[group 1x]\n", 1, "no account" },
    { "[user * ]\n", 1, "no name of an account" },
    { "[user **]\n", 1, "no name of an account" },
    { "[unidentified x]\n", 1, "unknown kind" },
    { "[unidentified]\nPermission=INTERNET\n", 2, "unknown key; known are Permissions" },
    { "[user *]\nPermissions=internet\n", 2, "write INTERNET or nothing" },
    { "[user *]\nPermissions=INTERNET;CAMERA\n", 2, "CAMERA" },
    { "[user *]\nPermissions=INTERNET;;\n", 2, "empty item" },
    { "[user *]\nAllowDomains=a;;b\n", 2, "AllowDomains: there is an empty item" },
    { "[user *]\nAllowDomains=a;*x.example\n", 2, "AllowDomains: \"*x.example\": a * stands alone" },
    { "[user *]\n\nDenyDomains=10.0.0.1/8\n", 3, "write 10.0.0.0/8" },
    { "[user *]\nAllowLocalAddresses=true\n", 2, "AllowLocalAddresses: write yes or no" },
    { "[user *]\nAllowLocalAddresses=\n", 2, "write yes or no" },
    { "[user *]\nPermissions=\nPermissions=INTERNET\n", 3, "already set in line 2" },
    /* Two spellings of one account are one section. */
    { "[user 0]\nPermissions=\n[user root]\nPermissions=INTERNET\n", 4, "already set in line 2" },
    { "[user root]\n\nAllowDomains=a\n[user *]\n[user 0]\nAllowDomains=b\n", 6, "already set in line 3" },
    { "[group 0]\nMode=report\n[group root]\nMode=enforce\n", 4, "Mode is already set in line 2" },
    { "[user 7]\nMode=report\n[user 007]\nMode=enforce\n", 4, "Mode is already set in line 2" },
    { "Permissions=INTERNET\n", 1, "before any [section]" },
};

static void
test_load_errors(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(load_errors); i++) {
        g_autoptr(ScratchFolder) scratch = scratch_folder_new();
        g_autoptr(Problems) problems = problems_new();
        g_autofree char *prefix =
            g_strdup_printf("%s/policy.d/10.conf:%u: ", scratch->path, load_errors[i].line);
        const char *problem;

        test_row(load_errors[i].text);
        scratch_folder_write(scratch, "policy.d/10.conf", load_errors[i].text, -1);
        g_assert_null(policy_load(scratch->folders, problems));
        g_assert_cmpuint(problems_count(problems), ==, 1);
        problem = problems_get(problems, 0);
        g_test_message("%s", problem);
        g_assert_true(g_str_has_prefix(problem, prefix));
        g_assert_nonnull(strstr(problem, load_errors[i].message));
    }
}

/* One run reports every error of every file, in the order of files and lines. */
static void
test_all_errors(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Problems) problems = problems_new();
    g_autofree char *unreadable = scratch_folder_path(scratch, "policy.d/15.conf");
    static const char *const places[] = { "10.conf:1: ",
                                          "10.conf:2: ",
                                          "10.conf:4: ",
                                          "10.conf:5: DenyDomains: \"*a\"",
                                          "10.conf:5: DenyDomains: \"*c\"",
                                          "15.conf: ",
                                          "20.conf:1: ",
                                          "20.conf:3: ",
                                          "20.conf:4: " };

    scratch_folder_write(scratch, "policy.d/10.conf",
                         "[nobody x]\nAllowDomains=x/y\n[user *]\nnonsense\nDenyDomains=*a;b;*c\n", -1);
    scratch_folder_write(scratch, "policy.d/20.conf", "x=y\n[user *]\nz=\n;\n", -1);
    g_assert_cmpint(symlink("nowhere", unreadable), ==, 0);
    g_assert_null(policy_load(scratch->folders, problems));
    for (guint i = 0; i < problems_count(problems); i++)
        g_test_message("%s", problems_get(problems, i));
    g_assert_cmpuint(problems_count(problems), ==, G_N_ELEMENTS(places));
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *prefix = g_strdup_printf("%s/policy.d/%s", scratch->path, places[i]);

        g_assert_true(g_str_has_prefix(problems_get(problems, (guint)i), prefix));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/decisions", test_decisions);
    g_test_add_func("/policy/explanations", test_explanations);
    g_test_add_func("/policy/nothing-matches", test_nothing_matches);
    g_test_add_func("/policy/merging", test_merging);
    g_test_add_func("/policy/section", test_section);
    g_test_add_func("/policy/unidentified-with-names", test_unidentified_with_names);
    g_test_add_func("/policy/access-holds-its-policy", test_access_holds_its_policy);
    g_test_add_func("/policy/load-errors", test_load_errors);
    g_test_add_func("/policy/all-errors", test_all_errors);
    return g_test_run();
}
