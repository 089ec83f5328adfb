/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Mode=report: what it lets through and says, and what it never lets through. */

#include "loaded-policy.h"

#include "row.h"

#define REPORT "Mode=report\n"
#define PERMITTED "Permissions=INTERNET\nAllowDomains=chat.example\n"
#define PERMITTED_ANY "Permissions=INTERNET\nAllowDomains=*\n"

static const struct Case {
    const char *policy;
    const char *subject;
    const char *url;
    guint32 code;
    gboolean reported;
    guint line;
} cases[] = {
    /* One section. */
    { "[user 0]\n" REPORT, "user 0", "ws://h/", 201, TRUE, 1 },
    { "[user 0]\n" REPORT PERMITTED, "user 0", "ws://chat.example/", 0, FALSE, 4 },
    { "[user 0]\n" REPORT PERMITTED, "user 0", "ws://other.example/", 2302998, TRUE, 1 },
    { "[user 0]\n" REPORT PERMITTED, "user 0", "ws://chat.example:81/", 2302998, TRUE, 1 },
    { "[user 0]\n" REPORT PERMITTED "DenyDomains=*.example\n", "user 0", "ws://chat.example/", 2302998, TRUE,
      5 },
    { "[user 0]\n" REPORT "AllowDomains=*\n", "user 0", "ws://h/", 201, TRUE, 1 },
    { "[user 0]\n" REPORT "Permissions=\nAllowDomains=*\n", "user 0", "ws://h/", 201, TRUE, 3 },
    { "[user 0]\n" REPORT "Permissions=\n", "user 0", "ws://h/", 201, TRUE, 3 },
    { "[user 0]\nMode=enforce\n" PERMITTED, "user 0", "ws://other.example/", 2302998, FALSE, 1 },
    { "[user *]\n" REPORT, "user 0", "ws://h/", 201, TRUE, 1 },
    { "[unidentified]\n" REPORT PERMITTED, "unidentified", "ws://h/", 2302998, TRUE, 1 },

    /* Literal addresses are addresses. */
    { "[user 0]\n" REPORT PERMITTED, "user 0", "ws://8.8.8.8/", 2302998, FALSE, 1 },
    { "[user 0]\n" REPORT PERMITTED, "user 0", "ws://127.0.0.1/", 2302998, FALSE, 1 },
    { "[user 0]\n" REPORT PERMITTED_ANY, "user 0", "ws://127.0.0.1/", 2302998, FALSE, 1 },
    { "[user 0]\n" REPORT PERMITTED_ANY, "user 0", "ws://[::1]/", 2302998, FALSE, 1 },
    { "[user 0]\n" REPORT PERMITTED_ANY, "user 0", "ws://8.8.8.8/", 0, FALSE, 4 },
    { "[user 0]\n" REPORT "AllowDomains=*\n", "user 0", "ws://8.8.8.8/", 201, TRUE, 1 },
    { "[user 0]\n" REPORT "AllowDomains=*\n", "user 0", "ws://10.0.0.1/", 2302998, FALSE, 1 },
    { "[user 0]\n" REPORT PERMITTED_ANY "DenyDomains=8.8.8.8\n", "user 0", "ws://8.8.8.8/", 2302998, FALSE,
      5 },

    /* Who is in no section is in no mode. */
    { "[user 1]\n" REPORT, "user 0", "ws://h/", 201, FALSE, 0 },
    { "[user *]\n" REPORT, "unidentified", "ws://h/", 201, FALSE, 0 },

    /* The granting section's mode counts, and a denial that is enforced is one. */
    { "[unit a.service]\n" PERMITTED "[user 0]\n" REPORT, "unit a.service, user 0", "ws://other.example/",
      2302998, FALSE, 1 },
    { "[unit a.service]\n" PERMITTED "[user 0]\n" REPORT "Permissions=\n", "unit a.service, user 0",
      "ws://chat.example/", 201, FALSE, 6 },
    { "[unit a.service]\n" REPORT "[user 0]\n" PERMITTED, "unit a.service, user 0", "ws://h/", 201, TRUE, 1 },
    { "[unit a.service]\n" REPORT "[user 0]\nPermissions=\n", "unit a.service, user 0", "ws://h/", 201, FALSE,
      4 },
    { "[unit a.service]\n" REPORT "[user 0]\nDenyDomains=*\n", "unit a.service, user 0", "ws://h/", 2302998,
      FALSE, 4 },
    { "[unit a.service]\n" REPORT PERMITTED "[user 0]\n" REPORT "Permissions=\n", "unit a.service, user 0",
      "ws://chat.example/", 201, TRUE, 7 },
    { "[unit a.service]\n" REPORT PERMITTED "[user 0]\n" REPORT "DenyDomains=*\n", "unit a.service, user 0",
      "ws://chat.example/", 2302998, TRUE, 7 },
    /* A forged name in report mode frees nobody from what is enforced. */
    { "[flatpak org.example.Chat]\n" REPORT "[user 0]\nPermissions=\n", "flatpak org.example.Chat, user 0",
      "ws://h/", 201, FALSE, 4 },
    /* Of two denials the enforced one decides. */
    { "[unit a.service]\n" REPORT "Permissions=\n[user 0]\nPermissions=\n", "unit a.service, user 0",
      "ws://h/", 201, FALSE, 5 },
    { "[unit a.service]\n" REPORT "DenyDomains=*\n[user 0]\nDenyDomains=h\n", "unit a.service, user 0",
      "ws://h/", 2302998, FALSE, 5 },
    { "[unit a.service]\n" REPORT "[user 0]\nDenyDomains=h\n[group 7]\n" REPORT "DenyDomains=*\n",
      "unit a.service, user 0, group 7", "ws://h/", 2302998, FALSE, 4 },
    { "[unit a.service]\n" REPORT "[user 0]\nPermissions=\n[group 7]\nPermissions=\n",
      "unit a.service, user 0, group 7", "ws://h/", 201, FALSE, 4 },
    { "[unit a.service]\n" REPORT "[user *]\nPermissions=\nDenyDomains=*\n", "unit a.service, user 0",
      "ws://h/", 201, TRUE, 1 },

    /* Of several groups each must report. */
    { "[group 7]\n" REPORT "[group 8]\n" REPORT, "group 7, group 8", "ws://h/", 201, TRUE, 1 },
    { "[group 7]\n" REPORT "[group 8]\n" PERMITTED, "group 7, group 8", "ws://chat.example/", 201, FALSE, 1 },
    { "[group 7]\n" PERMITTED "[group 8]\n" REPORT, "group 7, group 8", "ws://chat.example/", 201, FALSE, 4 },
    { "[group 7]\n" REPORT PERMITTED "[group 8]\n" PERMITTED, "group 7, group 8", "ws://h/", 2302998, FALSE,
      1 },
    { "[group 7]\n" REPORT "[group 8]\nMode=enforce\n", "group 7", "ws://h/", 201, TRUE, 1 },
};

static void
test_cases(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(PolicyAccess) access = loaded_policy_access_new(cases[i].policy, cases[i].subject);
        g_autoptr(Url) url = url_parse(cases[i].url, 1024, NULL);
        g_auto(Decision) decision = { 0 };

        test_row(cases[i].policy, cases[i].subject, cases[i].url);
        g_assert_cmpint(policy_access_check(access, url, &decision), ==,
                        cases[i].code == 0 || cases[i].reported);
        assert_decision(&decision, cases[i].code, cases[i].reported, cases[i].line);
    }
}

static const struct AddressCase {
    const char *policy;
    const char *address;
    guint32 code;
    guint line;
} address_cases[] = {
    { "[user 0]\n" REPORT, "8.8.8.8", 0, 0 },
    { "[user 0]\n" REPORT, "127.0.0.1", 2302998, 1 },
    { "[user 0]\n" REPORT, "10.0.0.1", 2302998, 1 },
    { "[user 0]\n" REPORT, "::1", 2302998, 1 },
    { "[user 0]\n" REPORT "DenyDomains=8.8.8.0/24\n", "8.8.8.8", 2302998, 3 },
    { "[user 0]\n" REPORT "AllowLocalAddresses=yes\n", "10.0.0.1", 0, 3 },
};

/* A name that is let through still resolves to what is allowed only. */
static void
test_addresses(void)
{
    g_autoptr(Url) url = url_parse("ws://h/", 1024, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(address_cases); i++) {
        g_autoptr(PolicyAccess) access = loaded_policy_access_new(address_cases[i].policy, "user 0");
        g_autoptr(GInetAddress) address = g_inet_address_new_from_string(address_cases[i].address);
        g_auto(Decision) decision = { 0 };

        test_row(address_cases[i].policy, address_cases[i].address);
        g_assert_true(policy_access_url(access, url, &decision));
        g_assert_true(decision.reported);
        decision_clear(&decision);
        policy_access_address(access, url, address, &decision);
        assert_decision(&decision, address_cases[i].code, FALSE, address_cases[i].line);
    }
}

static void
test_explanation(void)
{
    g_autoptr(PolicyAccess) access = loaded_policy_access_new("[user 0]\n" REPORT PERMITTED, "user 0");
    g_autoptr(Url) url = url_parse("ws://evil.example/", 1024, NULL);
    g_auto(Decision) decision = { 0 };

    g_assert_true(policy_access_check(access, url, &decision));
    g_assert_cmpstr(decision.explanation, ==,
                    "Mode=report allows what would be refused: It is not allowed to access this domain: "
                    "evil.example (policy.d/50-test.conf:1)");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy-report/cases", test_cases);
    g_test_add_func("/policy-report/addresses", test_addresses);
    g_test_add_func("/policy-report/explanation", test_explanation);
    return g_test_run();
}
