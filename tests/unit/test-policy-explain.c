/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What wsbrokerctl shows: the way to a decision, and the policy in force with where each line came from. */

#include "loaded-policy.h"

#include "row.h"
#include "scratch-folder.h"

#define AT(line) " (policy.d/50-test.conf:" #line ")"

static const struct Explanation {
    const char *policy;
    const char *subject;
    const char *url;
    guint32 code;
    const char *steps; /* one a line */
} explanations[] = {
    { "", "user 0", "ws://h/", 201, "no section matches\n" },
    { "[user *]\nPermissions=INTERNET\nAllowDomains=*.example\n", "user 0", "ws://a.example/", 0,
      "[user *] matches and grants" AT(1) "\n"
                                          "[user *] grants the INTERNET permission" AT(
                                              2) "\n"
                                                 "AllowDomains of [user *] lists a.example by *.example" AT(
                                                     3) "\n"
                                                        "Connect vets each address of a.example, and refuses "
                                                        "local ones that AllowDomains does not list\n" },
    { "[unit a.service]\nPermissions=INTERNET\nAllowDomains=a.example;b.example\nAllowLocalAddresses=yes\n"
      "[user 0]\nPermissions=\nDenyDomains=*.example:*\n[user *]\n",
      "unit a.service, user 0", "ws://b.example:81/", 201,
      "[unit a.service] matches and grants" AT(
          1) "\n"
             "[user 0] matches and can only deny" AT(
                 5) "\n"
                    "[user *] says nothing, since a section before it matches" AT(
                        8) "\n"
                           "[unit a.service] grants the INTERNET permission" AT(
                               2) "\n"
                                  "[user 0] denies the INTERNET permission" AT(
                                      6) "\n"
                                         "DenyDomains of [user 0] lists b.example:81 by *.example:*" AT(
                                             7) "\n"
                                                "AllowDomains of [unit a.service] does not list "
                                                "b.example:81\n"
                                                "Connect vets each address of b.example, and takes local "
                                                "ones" AT(4) "\n" },
    { "[group 7]\nPermissions=INTERNET\nAllowDomains=*\n[group 8]\nDenyDomains=10.0.0.0/8\n",
      "group 7, group 8", "ws://10.0.0.1/", 201,
      "[group 7] matches and grants what all matching groups grant" AT(
          1) "\n"
             "[group 8] matches and grants what all matching groups grant" AT(
                 4) "\n"
                    "[group 7] grants the INTERNET permission" AT(
                        2) "\n"
                           "[group 8] does not grant the INTERNET permission" AT(
                               4) "\n"
                                  "DenyDomains of [group 8] lists 10.0.0.1 by 10.0.0.0/8" AT(
                                      5) "\n"
                                         "AllowDomains of [group 7] lists 10.0.0.1 by *" AT(
                                             3) "\n"
                                                "AllowDomains of [group 8] does not list 10.0.0.1\n"
                                                "It is not allowed to access this address: 10.0.0.1" AT(
                                                    5) "\n" },
    { "[user 0]\nPermissions=INTERNET\nDenyDomains=8.8.8.8\nMode=report\n", "user 0",
      "ws://[64:ff9b::8.8.8.8]/", 2302998,
      "[user 0] matches and grants" AT(
          1) "\n"
             "[user 0] has Mode=report, which lets through what it would refuse by name" AT(
                 4) "\n"
                    "[user 0] grants the INTERNET permission" AT(
                        2) "\n"
                           "DenyDomains of [user 0] lists [64:ff9b::808:808] by 8.8.8.8" AT(
                               3) "\n"
                                  "AllowDomains of [user 0] does not list [64:ff9b::808:808]\n"
                                  "It is not allowed to access this address: 64:ff9b::808:808" AT(3) "\n" },
    { "[unit a.service]\nPermissions=INTERNET\nAllowDomains=*\n[user 0]\nMode=report\n",
      "unit a.service, user 0", "ws://h/", 0,
      "[unit a.service] matches and grants" AT(
          1) "\n"
             "[user 0] matches and can only deny" AT(
                 4) "\n"
                    "[user 0] has Mode=report, which counts only if all that grant have it" AT(
                        5) "\n"
                           "[unit a.service] grants the INTERNET permission" AT(
                               2) "\n"
                                  "AllowDomains of [unit a.service] lists h by *" AT(
                                      3) "\n"
                                         "Connect vets each address of h, and refuses local ones that "
                                         "AllowDomains does not list\n" },
};

static void
test_steps(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(explanations); i++) {
        const struct Explanation *each = &explanations[i];
        g_autoptr(PolicyAccess) access = loaded_policy_access_new(each->policy, each->subject);
        g_autoptr(Url) url = url_parse(each->url, 1024, NULL);
        g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GString) text = g_string_new(NULL);
        g_auto(Decision) decision = { 0 };
        g_auto(Decision) checked = { 0 };

        test_row(each->policy, each->subject, each->url);
        g_assert_cmpint(policy_access_explain(access, url, steps, &decision), ==, each->code == 0);
        for (guint j = 0; j < steps->len; j++)
            g_string_append_printf(text, "%s\n", (const char *)g_ptr_array_index(steps, j));
        g_assert_cmpstr(text->str, ==, each->steps);
        g_assert_cmpuint(decision.code, ==, each->code);
        policy_access_check(access, url, &checked);
        g_assert_cmpstr(decision.explanation, ==, checked.explanation);
    }
}

/* "[unit a.service] 10.conf:1", then "Key=value 10.conf:2", for each line. */
static char *
describe(const Policy *policy)
{
    g_autoptr(GArray) lines = policy_list_lines(policy);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < lines->len; i++) {
        const PolicyLine *line = &g_array_index(lines, PolicyLine, i);

        if (line->key == NULL)
            g_string_append_printf(text, "[%s] %s\n", line->section, line->rule);
        else
            g_string_append_printf(text, "%s=%s %s\n", line->key, line->value, line->rule);
    }
    return g_string_free(text, FALSE);
}

static void
test_lines(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Problems) problems = problems_new();
    g_autoptr(Policy) policy = NULL;
    g_autofree char *text = NULL;

    scratch_folder_write(scratch, "policy.d/10.conf",
                         "[user *]\nPermissions=\n"
                         "[unit b.service]\nAllowDomains=a;b\nMaxMessageSize=1M\nDenyDomains=gone\n"
                         "[unit a.service]\n[snap chat]\nMode=report\n",
                         -1);
    scratch_folder_write(scratch, "policy.d/20.conf",
                         "[unit b.service]\nDenyDomains=\nAllowDomains=a\nMaxMessageSize=2M\n"
                         "AllowProxies=p:3128\nPermissions=INTERNET\n",
                         -1);
    policy = policy_load(scratch->folders, problems);
    g_assert_nonnull(policy);
    text = describe(policy);
    g_assert_cmpstr(text, ==,
                    "[snap chat] policy.d/10.conf:8\n"
                    "Mode=report policy.d/10.conf:9\n"
                    "[unit b.service] policy.d/10.conf:3\n"
                    "Permissions=INTERNET policy.d/20.conf:6\n"
                    "AllowDomains=a policy.d/10.conf:4\n"
                    "AllowDomains=b policy.d/10.conf:4\n"
                    "AllowDomains=a policy.d/20.conf:3\n"
                    "AllowProxies=p:3128 policy.d/20.conf:5\n"
                    "MaxMessageSize=2M policy.d/20.conf:4\n"
                    "[unit a.service] policy.d/10.conf:7\n"
                    "[user *] policy.d/10.conf:1\n"
                    "Permissions= policy.d/10.conf:2\n");
}

/* What is shown, written to a file, is the same policy. */
static void
test_lines_load_again(void)
{
    g_autoptr(Policy) policy = loaded_policy_new(
        "[label /usr/bin/chat]\nPermissions=INTERNET\nAllowDomains=a;*.b:*\nDenyDomains=10.0.0.0/8\n"
        "AllowLocalAddresses=yes\nAllowProxies=p:3128\nAllowDirect=no\nMaxConnections=1\n"
        "MaxConnectRate=1/min\nMaxPendingHandshakes=2\nMaxMessageSize=1K\nMaxBufferedBytes=2K\n"
        "Mode=enforce\nSkipCertificateCheck=yes\nAdministrator=no\n");
    g_autoptr(GArray) lines = policy_list_lines(policy);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(Policy) again = NULL;
    g_autoptr(GArray) lines_again = NULL;

    for (guint i = 0; i < lines->len; i++) {
        const PolicyLine *line = &g_array_index(lines, PolicyLine, i);

        /* One list, as the same key twice in one file is an error. */
        if (i > 0 && line->key != NULL && g_strcmp0(line->key, line[-1].key) == 0) {
            g_string_truncate(text, text->len - 1);
            g_string_append_printf(text, ";%s\n", line->value);
        } else if (line->key == NULL) {
            g_string_append_printf(text, "[%s]\n", line->section);
        } else {
            g_string_append_printf(text, "%s=%s\n", line->key, line->value);
        }
    }
    again = loaded_policy_new(text->str);
    lines_again = policy_list_lines(again);
    g_assert_cmpuint(lines->len, ==, 16);
    g_assert_cmpuint(lines_again->len, ==, lines->len);
    for (guint i = 0; i < lines->len; i++) {
        g_assert_cmpstr(g_array_index(lines_again, PolicyLine, i).key, ==,
                        g_array_index(lines, PolicyLine, i).key);
        g_assert_cmpstr(g_array_index(lines_again, PolicyLine, i).value, ==,
                        g_array_index(lines, PolicyLine, i).value);
    }
}

static void
test_locate(void)
{
    g_autoptr(ScratchFolder) high = scratch_folder_new();
    g_autoptr(ScratchFolder) low = scratch_folder_new();
    const char *const folders[] = { high->path, low->path, NULL };
    g_autoptr(Problems) problems = problems_new();
    g_autoptr(Policy) policy = NULL;
    g_autofree char *expected_high = g_strdup_printf("%s/policy.d/10.conf:1", high->path);
    g_autofree char *expected_low = g_strdup_printf("%s/policy.d/20.conf:7", low->path);
    g_autofree char *found_high = NULL;
    g_autofree char *found_low = NULL;

    scratch_folder_write(high, "policy.d/10.conf", "[user 0]\n", -1);
    scratch_folder_write(low, "policy.d/10.conf", "[user 1]\n", -1);
    scratch_folder_write(low, "policy.d/20.conf", "[user 2]\n", -1);
    policy = policy_load(folders, problems);
    found_high = policy_locate(policy, "policy.d/10.conf:1");
    found_low = policy_locate(policy, "policy.d/20.conf:7");
    g_assert_cmpstr(found_high, ==, expected_high);
    g_assert_cmpstr(found_low, ==, expected_low);
    g_assert_null(policy_locate(policy, "policy.d/30.conf:1"));
    g_assert_null(policy_locate(policy, "nonsense"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy-explain/steps", test_steps);
    g_test_add_func("/policy-explain/lines", test_lines);
    g_test_add_func("/policy-explain/lines-load-again", test_lines_load_again);
    g_test_add_func("/policy-explain/locate", test_locate);
    return g_test_run();
}
