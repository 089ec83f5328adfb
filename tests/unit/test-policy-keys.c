/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys beside permission and domains: proxies, the direct way, limits and exemptions (ACCEPTANCE row 29,
 * as far as policy decides). */

#include "loaded-policy.h"

#include "row.h"
#include "scratch-folder.h"

#include <string.h>

#define USER "[user 0]\nPermissions=INTERNET\nAllowDomains=*\n"
#define GROUP(gid) "[group " gid "]\nPermissions=INTERNET\nAllowDomains=*\n"

static const struct ProxyCase {
    const char *policy;
    const char *subject;
    const char *host;
    guint16 port;
    const char *address; /* to which it resolved; NULL: not asked */
    guint32 code;
    guint line;
} proxy_cases[] = {
    /* None if left out, whatever else is allowed. */
    { "", "user 0", "proxy.example", 3128, NULL, 2302998, 0 },
    { USER, "user 0", "proxy.example", 3128, NULL, 2302998, 1 },
    { USER "AllowProxies=\n", "user 0", "proxy.example", 3128, NULL, 2302998, 1 },
    { USER "AllowLocalAddresses=yes\n", "user 0", "127.0.0.1", 3128, NULL, 2302998, 1 },

    /* By host and port. */
    { USER "AllowProxies=proxy.example:3128\n", "user 0", "proxy.example", 3128, NULL, 0, 4 },
    { USER "AllowProxies=proxy.example:3128\n", "user 0", "proxy.example", 3129, NULL, 2302998, 1 },
    { USER "AllowProxies=proxy.example:3128\n", "user 0", "other.example", 3128, NULL, 2302998, 1 },
    { USER "AllowProxies=proxy.example:3128\n", "user 0", "a.proxy.example", 3128, NULL, 2302998, 1 },
    { USER "AllowProxies=proxy.example:*\n", "user 0", "proxy.example", 1, NULL, 0, 4 },
    { USER "AllowProxies=*.example:8080;p:3128\n", "user 0", "a.example", 8080, NULL, 0, 4 },
    { USER "AllowProxies=*.example:8080;p:3128\n", "user 0", "p", 3128, NULL, 0, 4 },
    { USER "AllowProxies=*.example:8080;p:3128\n", "user 0", "p", 8080, NULL, 2302998, 1 },
    { USER "AllowProxies=*:443\n", "user 0", "proxy.example", 443, NULL, 0, 4 },
    { USER "AllowProxies=bücher.example:3128\n", "user 0", "xn--bcher-kva.example", 3128, NULL, 0, 4 },

    /* Only in the one spelling that is then dialled. */
    { USER "AllowProxies=*:*\n", "user 0", "Proxy.example", 3128, NULL, 2302998, 0 },
    { USER "AllowProxies=*:*\n", "user 0", "proxy.example.", 3128, NULL, 2302998, 0 },
    { USER "AllowProxies=*:*\n", "user 0", "bücher.example", 3128, NULL, 2302998, 0 },
    { USER "AllowProxies=*:*\n", "user 0", "0x7f.1", 3128, NULL, 2302998, 0 },
    { USER "AllowProxies=*:*\n", "user 0", "2130706433", 3128, NULL, 2302998, 0 },
    { USER "AllowProxies=*:*\n", "user 0", "[2606:4700::1]", 3128, NULL, 2302998, 0 },
    { USER "AllowProxies=*:*\n", "user 0", "2606:4700:0::1", 3128, NULL, 2302998, 0 },
    { USER "AllowProxies=*:*\n", "user 0", "fe80::1%eth0", 3128, NULL, 2302998, 0 },
    { USER "AllowProxies=*:*\n", "user 0", "a b", 3128, NULL, 2302998, 0 },
    { USER "AllowProxies=*:*\n", "user 0", "", 3128, NULL, 2302998, 0 },

    /* Literal addresses are vetted at once. */
    { USER "AllowProxies=*:*\n", "user 0", "8.8.8.8", 3128, NULL, 0, 4 },
    { USER "AllowProxies=*:*\n", "user 0", "2606:4700::1", 3128, NULL, 0, 4 },
    { USER "AllowProxies=*:*\n", "user 0", "127.0.0.1", 3128, NULL, 2302998, 1 },
    { USER "AllowProxies=*:*\n", "user 0", "::1", 3128, NULL, 2302998, 1 },
    { USER "AllowProxies=*:*\n", "user 0", "64:ff9b::a00:1", 3128, NULL, 2302998, 1 },
    { USER "AllowProxies=127.0.0.1:3128\n", "user 0", "127.0.0.1", 3128, NULL, 0, 4 },
    { USER "AllowProxies=127.0.0.1:3128\n", "user 0", "127.0.0.1", 3129, NULL, 2302998, 1 },
    { USER "AllowProxies=*:*\nAllowLocalAddresses=yes\n", "user 0", "127.0.0.1", 3128, NULL, 0, 4 },
    { USER "AllowProxies=*:*\nAllowLocalAddresses=no\n", "user 0", "127.0.0.1", 3128, NULL, 2302998, 5 },

    /* So is what a name resolves to. */
    { USER "AllowProxies=p:3128\n", "user 0", "p", 3128, "8.8.8.8", 0, 0 },
    { USER "AllowProxies=p:3128\n", "user 0", "p", 3128, "127.0.0.1", 2302998, 1 },
    { USER "AllowProxies=p:3128\n", "user 0", "p", 3128, "10.0.0.1", 2302998, 1 },
    { USER "AllowProxies=p:3128\n", "user 0", "p", 3128, "::ffff:10.0.0.1", 2302998, 1 },
    { USER "AllowProxies=p:3128\n", "user 0", "p", 3128, "169.254.169.254", 2302998, 1 },
    { USER "AllowProxies=p:3128;10.0.0.0/8:3128\n", "user 0", "p", 3128, "10.0.0.1", 0, 4 },
    { USER "AllowProxies=p:3128;10.0.0.0/8:3129\n", "user 0", "p", 3128, "10.0.0.1", 2302998, 1 },
    { USER "AllowProxies=p:3128\nAllowLocalAddresses=yes\n", "user 0", "p", 3128, "10.0.0.1", 0, 5 },
    /* What AllowDomains lists is for servers. */
    { "[user 0]\nAllowDomains=10.0.0.1:*\nAllowProxies=p:3128\n", "user 0", "p", 3128, "10.0.0.1", 2302998,
      1 },
    { "[user 0]\nAllowDomains=proxy.example:*\n", "user 0", "proxy.example", 3128, NULL, 2302998, 1 },

    /* Deny wins, with either scheme. */
    { USER "AllowProxies=*:*\nDenyDomains=p:3128\n", "user 0", "p", 3128, NULL, 2302998, 5 },
    { USER "AllowProxies=*:*\nDenyDomains=wss://p:3128\n", "user 0", "p", 3128, NULL, 2302998, 5 },
    { USER "AllowProxies=*:*\nDenyDomains=p\n", "user 0", "p", 3128, NULL, 0, 4 },
    { USER "AllowProxies=*:*\nDenyDomains=p\n", "user 0", "p", 80, NULL, 2302998, 5 },
    { USER "AllowProxies=*:*\nDenyDomains=p\n", "user 0", "p", 443, NULL, 2302998, 5 },
    { USER "AllowProxies=*:*\nDenyDomains=8.8.8.0/24:*\n", "user 0", "p", 3128, "8.8.8.8", 2302998, 5 },
    { USER "AllowProxies=*:*\nDenyDomains=wss://8.8.8.0/24:*\n", "user 0", "p", 3128, "8.8.8.8", 2302998, 5 },
    { USER "AllowProxies=*:*\nDenyDomains=wss://8.8.8.8:*\n", "user 0", "p", 3128, "64:ff9b::808:808",
      2302998, 5 },
    { USER "AllowProxies=*:*\nDenyDomains=8.8.8.8:*\n", "user 0", "8.8.8.8", 3128, NULL, 2302998, 5 },

    /* Which sections. */
    { "[unit a.service]\nAllowProxies=p:3128\n[user 0]\nDenyDomains=p:*\n", "unit a.service, user 0", "p",
      3128, NULL, 2302998, 4 },
    { "[unit a.service]\n[user 0]\nAllowProxies=p:3128\n", "unit a.service, user 0", "p", 3128, NULL, 2302998,
      1 },
    { "[unit a.service]\nAllowProxies=p:3128\n[user 0]\nAllowProxies=\n", "unit a.service, user 0", "p", 3128,
      NULL, 0, 2 },
    { "[group 7]\nAllowProxies=p:3128\n[group 8]\nAllowProxies=*:*\n", "group 7, group 8", "p", 3128, NULL, 0,
      2 },
    { "[group 7]\nAllowProxies=p:3128\n[group 8]\n", "group 7, group 8", "p", 3128, NULL, 2302998, 3 },
    /* Never only reported. */
    { USER "Mode=report\n", "user 0", "p", 3128, NULL, 2302998, 1 },
    { USER "Mode=report\nAllowProxies=p:3128\n", "user 0", "p", 3128, "10.0.0.1", 2302998, 1 },
};

static void
test_proxies(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(proxy_cases); i++) {
        const struct ProxyCase *each = &proxy_cases[i];
        g_autoptr(PolicyAccess) access = loaded_policy_access_new(each->policy, each->subject);
        g_autoptr(GInetAddress) address =
            each->address == NULL ? NULL : g_inet_address_new_from_string(each->address);
        g_auto(Decision) decision = { 0 };

        test_row(each->policy, each->subject, each->host, each->address);
        if (address == NULL)
            policy_access_proxy(access, each->host, each->port, &decision);
        else
            policy_access_proxy_address(access, each->host, each->port, address, &decision);
        assert_decision(&decision, each->code, FALSE, each->line);
    }
}

static const struct DirectCase {
    const char *policy;
    const char *subject;
    guint32 code;
    guint line;
} direct_cases[] = {
    { "", "user 0", 2302998, 0 },
    { USER, "user 0", 0, 0 },
    { USER "AllowDirect=yes\n", "user 0", 0, 4 },
    { USER "AllowDirect=no\n", "user 0", 2302998, 4 },
    { USER "AllowDirect=no\nMode=report\n", "user 0", 2302998, 4 },
    { "[unit a.service]\nAllowDirect=yes\n[user 0]\nAllowDirect=no\n", "unit a.service, user 0", 2302998, 4 },
    { "[unit a.service]\n[user 0]\nAllowDirect=no\n", "unit a.service, user 0", 2302998, 3 },
    { "[unit a.service]\nAllowDirect=no\n[user 0]\nAllowDirect=yes\n", "unit a.service, user 0", 2302998, 2 },
    { "[unit a.service]\n[user *]\nAllowDirect=no\n", "unit a.service, user 0", 0, 0 },
    { "[user *]\nAllowDirect=no\n", "user 0", 2302998, 2 },
    { "[group 7]\n[group 8]\nAllowDirect=no\n", "group 7, group 8", 2302998, 3 },
};

static void
test_direct(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(direct_cases); i++) {
        g_autoptr(PolicyAccess) access =
            loaded_policy_access_new(direct_cases[i].policy, direct_cases[i].subject);
        g_auto(Decision) decision = { 0 };

        test_row(direct_cases[i].policy, direct_cases[i].subject);
        policy_access_direct(access, &decision);
        assert_decision(&decision, direct_cases[i].code, FALSE, direct_cases[i].line);
    }
}

/* What applies where wsbroker.conf has 64. */
static const struct LimitCase {
    const char *policy;
    const char *subject;
    guint64 connections;
    const char *rule; /* NULL: not set */
} limit_cases[] = {
    { "", "user 0", 64, NULL },
    { USER, "user 0", 64, NULL },
    { USER "MaxConnections=8\n", "user 0", 8, "policy.d/50-test.conf:4" },
    { USER "MaxConnections=500\n", "user 0", 500, "policy.d/50-test.conf:4" },
    { "[unit a.service]\nMaxConnections=500\n[user 0]\nMaxConnections=8\n", "unit a.service, user 0", 500,
      "policy.d/50-test.conf:2" },
    { "[unit a.service]\n[user 0]\nMaxConnections=8\n", "unit a.service, user 0", 64, NULL },
    { GROUP("7") "MaxConnections=8\n" GROUP("8") "MaxConnections=5\n", "group 7, group 8", 5,
      "policy.d/50-test.conf:8" },
    { GROUP("7") "MaxConnections=5\n" GROUP("8") "MaxConnections=8\n", "group 7, group 8", 5,
      "policy.d/50-test.conf:4" },
    { GROUP("7") "MaxConnections=500\n" GROUP("8"), "group 7, group 8", 64, "policy.d/50-test.conf:4" },
    { GROUP("7") GROUP("8") "MaxConnections=500\n", "group 7, group 8", 64, "policy.d/50-test.conf:7" },
    { GROUP("7") GROUP("8") "MaxConnections=8\n", "group 7, group 8", 8, "policy.d/50-test.conf:7" },
    { GROUP("7") "MaxConnections=500\n" GROUP("8") "MaxConnections=400\n" GROUP("9"),
      "group 7, group 8, group 9", 64, "policy.d/50-test.conf:8" },
    { GROUP("7") "MaxConnections=500\n" GROUP("8"), "group 7", 500, "policy.d/50-test.conf:4" },
};

static void
test_limits(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(limit_cases); i++) {
        g_autoptr(PolicyAccess) access =
            loaded_policy_access_new(limit_cases[i].policy, limit_cases[i].subject);
        const PolicyLimit *limit = &policy_access_limits(access)->connections;

        test_row(limit_cases[i].policy, limit_cases[i].subject);
        g_assert_cmpint(limit->set, ==, limit_cases[i].rule != NULL);
        g_assert_cmpstr(limit->rule, ==, limit_cases[i].rule);
        g_assert_cmpuint(policy_limit_resolve(limit, 64), ==, limit_cases[i].connections);
    }
}

static void
test_every_limit(void)
{
    g_autoptr(PolicyAccess) access = loaded_policy_access_new(
        "[user 0]\nMaxConnections=1\nMaxConnectRate=2/min\nMaxPendingHandshakes=3\nMaxMessageSize=4K\n"
        "MaxBufferedBytes=5K\n",
        "user 0");
    const PolicyLimits *limits = policy_access_limits(access);
    guint count = 10;
    gint64 interval = G_TIME_SPAN_SECOND;

    g_assert_cmpuint(policy_limit_resolve(&limits->connections, 64), ==, 1);
    policy_limit_resolve_rate(&limits->connect_rate, &count, &interval);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpint(interval, ==, G_TIME_SPAN_MINUTE);
    g_assert_cmpuint(policy_limit_resolve(&limits->pending_handshakes, 8), ==, 3);
    g_assert_cmpuint(policy_limit_resolve(&limits->message_size, 16777216), ==, 4096);
    g_assert_cmpuint(policy_limit_resolve(&limits->buffered_bytes, 262144), ==, 5120);
    g_assert_cmpstr(limits->buffered_bytes.rule, ==, "policy.d/50-test.conf:6");
}

/* Rates are compared as such; the default is 10/s. */
static const struct RateCase {
    const char *first;  /* of group 7 */
    const char *second; /* of group 8 */
    guint count;
    gint64 interval;
} rate_cases[] = {
    { "", "", 10, G_TIME_SPAN_SECOND },
    { "MaxConnectRate=5/s\n", "MaxConnectRate=100/min\n", 100, G_TIME_SPAN_MINUTE },
    { "MaxConnectRate=100/min\n", "MaxConnectRate=1/s\n", 1, G_TIME_SPAN_SECOND },
    { "MaxConnectRate=60/min\n", "MaxConnectRate=1/s\n", 60, G_TIME_SPAN_MINUTE },
    { "MaxConnectRate=700/min\n", "", 10, G_TIME_SPAN_SECOND },
    { "MaxConnectRate=500/min\n", "", 500, G_TIME_SPAN_MINUTE },
    { "", "MaxConnectRate=1000000/s\n", 10, G_TIME_SPAN_SECOND },
    { "MaxConnectRate=1000000/min\n", "MaxConnectRate=1000000/s\n", 1000000, G_TIME_SPAN_MINUTE },
};

static void
test_rates(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rate_cases); i++) {
        g_autofree char *text =
            g_strconcat("[group 7]\n", rate_cases[i].first, "[group 8]\n", rate_cases[i].second, NULL);
        g_autoptr(PolicyAccess) access = loaded_policy_access_new(text, "group 7, group 8");
        guint count = 10;
        gint64 interval = G_TIME_SPAN_SECOND;

        test_row(rate_cases[i].first, rate_cases[i].second);
        policy_limit_resolve_rate(&policy_access_limits(access)->connect_rate, &count, &interval);
        g_assert_cmpuint(count, ==, rate_cases[i].count);
        g_assert_cmpint(interval, ==, rate_cases[i].interval);
    }
}

static const struct Exemption {
    const char *policy;
    const char *subject;
    gboolean administrator;
    const char *skip_rule; /* NULL: certificates are checked */
} exemptions[] = {
    { "", "user 0", FALSE, NULL },
    { USER, "user 0", FALSE, NULL },
    { USER "Administrator=yes\n", "user 0", TRUE, NULL },
    { USER "Administrator=no\n", "user 0", FALSE, NULL },
    { USER "Administrator=yes\n", "unidentified", FALSE, NULL },
    { USER "SkipCertificateCheck=yes\n", "user 0", FALSE, "policy.d/50-test.conf:4" },
    { USER "SkipCertificateCheck=no\n", "user 0", FALSE, NULL },
    { "[unit a.service]\nAdministrator=yes\n[user 0]\nAdministrator=no\n", "unit a.service, user 0", TRUE,
      NULL },
    { "[unit a.service]\n[user 0]\nAdministrator=yes\nSkipCertificateCheck=yes\n", "unit a.service, user 0",
      FALSE, NULL },
    { "[flatpak org.example.Chat]\n[user 0]\nAdministrator=yes\nSkipCertificateCheck=yes\n",
      "flatpak org.example.Chat, user 0", FALSE, NULL },
    { "[label x]\nAdministrator=yes\n", "label x", TRUE, NULL },
    { "[snap chat.daemon]\nAdministrator=yes\n[snap chat]\n", "snap chat.daemon", TRUE, NULL },
    { "[snap chat]\nAdministrator=yes\n[snap chat.daemon]\n", "snap chat.daemon", FALSE, NULL },
    { "[group 7]\nAdministrator=yes\n", "group 7, group 8", TRUE, NULL },
    { "[group 7]\nAdministrator=yes\nSkipCertificateCheck=yes\n[group 8]\n", "group 7, group 8", FALSE,
      NULL },
    { "[group 7]\nAdministrator=yes\nSkipCertificateCheck=yes\n[group 8]\nAdministrator=yes\n"
      "SkipCertificateCheck=yes\n",
      "group 8, group 7", TRUE, "policy.d/50-test.conf:3" },
    { "[user *]\nAdministrator=yes\n", "user 4711", TRUE, NULL },
};

static void
test_exemptions(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(exemptions); i++) {
        g_autoptr(PolicyAccess) access =
            loaded_policy_access_new(exemptions[i].policy, exemptions[i].subject);
        const char *rule = NULL;

        test_row(exemptions[i].policy, exemptions[i].subject);
        g_assert_cmpint(policy_access_is_administrator(access), ==, exemptions[i].administrator);
        g_assert_cmpint(policy_access_skips_certificate_check(access, &rule), ==,
                        exemptions[i].skip_rule != NULL);
        g_assert_cmpint(policy_access_skips_certificate_check(access, NULL), ==,
                        exemptions[i].skip_rule != NULL);
        g_assert_cmpstr(rule, ==, exemptions[i].skip_rule);
    }
}

static const struct LoadError {
    const char *line;
    const char *message;
} load_errors[] = {
    { "AllowProxies=proxy.example", "AllowProxies: \"proxy.example\": a proxy has no default port" },
    { "AllowProxies=http://proxy.example:3128", "write proxy.example:3128" },
    { "AllowProxies=a:1;;b:2", "empty item" },
    { "AllowProxies=a:1,b:2", "separated by ;" },
    { "AllowDirect=", "AllowDirect: write yes or no" },
    { "AllowDirect=0", "write yes or no" },
    { "MaxConnections=0", "MaxConnections: the value is wrong; it takes a number, from 1 to 1000000" },
    { "MaxConnections=", "MaxConnections: " },
    { "MaxConnections=1000001", "to 1000000" },
    { "MaxConnections=-1", "MaxConnections: " },
    { "MaxConnectRate=10", "/s or /min" },
    { "MaxConnectRate=0/s", "from 1 " },
    { "MaxPendingHandshakes=8K", "MaxPendingHandshakes: " },
    { "MaxMessageSize=0", "from 1 to 1G" },
    { "MaxMessageSize=2G", "to 1G" },
    { "MaxMessageSize=16MB", "K, M or G" },
    { "MaxBufferedBytes=1", "from 1K" },
    { "MaxWebSockets=1", "unknown key" },
    { "MaxConnectionsPerUser=1", "unknown key" },
    { "Mode=", "Mode: write enforce or report" },
    { "Mode=Report", "Mode: write enforce or report" },
    { "Mode=off", "write enforce or report" },
    { "Administrator=true", "Administrator: write yes or no" },
    { "SkipCertificateCheck=1", "SkipCertificateCheck: write yes or no" },
    { "SkipCertificateChecks=yes", "unknown key; known are Permissions, AllowDomains" },
    { "mode=report", "unknown key" },
};

static void
test_load_errors(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(load_errors); i++) {
        g_autoptr(ScratchFolder) scratch = scratch_folder_new();
        g_autoptr(Problems) problems = problems_new();
        g_autofree char *text = g_strdup_printf("[user 0]\n%s\n", load_errors[i].line);

        test_row(load_errors[i].line);
        scratch_folder_write(scratch, "policy.d/10.conf", text, -1);
        g_assert_null(policy_load(scratch->folders, problems));
        g_assert_cmpuint(problems_count(problems), ==, 1);
        g_test_message("%s", problems_get(problems, 0));
        g_assert_nonnull(strstr(problems_get(problems, 0), "policy.d/10.conf:2: "));
        g_assert_nonnull(strstr(problems_get(problems, 0), load_errors[i].message));
    }
}

/* A later file's value takes the place of an earlier one; its list is added. */
static void
test_merging(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Problems) problems = problems_new();
    g_autoptr(Policy) policy = NULL;
    g_autoptr(Subject) subject = subject_new_for_uid(0);
    g_autoptr(PolicyAccess) access = NULL;
    g_auto(Decision) decision = { 0 };

    scratch_folder_write(scratch, "policy.d/10.conf",
                         "[user 0]\nMaxConnections=1\nAllowProxies=a:1\nAllowDirect=no\n", -1);
    scratch_folder_write(scratch, "policy.d/20.conf",
                         "[user 0]\nMaxConnections=2\nAllowProxies=b:1\nAllowDirect=yes\n", -1);
    policy = policy_load(scratch->folders, problems);
    g_assert_nonnull(policy);
    access = policy_access_new(policy, subject);
    g_assert_cmpuint(policy_access_limits(access)->connections.amount, ==, 2);
    g_assert_cmpstr(policy_access_limits(access)->connections.rule, ==, "policy.d/20.conf:2");
    g_assert_true(policy_access_proxy(access, "a", 1, &decision));
    decision_clear(&decision);
    g_assert_true(policy_access_proxy(access, "b", 1, &decision));
    g_assert_cmpstr(decision.rule, ==, "policy.d/20.conf:3");
    decision_clear(&decision);
    g_assert_true(policy_access_direct(access, &decision));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy-keys/row-29-proxies", test_proxies);
    g_test_add_func("/policy-keys/row-29-direct", test_direct);
    g_test_add_func("/policy-keys/limits", test_limits);
    g_test_add_func("/policy-keys/every-limit", test_every_limit);
    g_test_add_func("/policy-keys/rates", test_rates);
    g_test_add_func("/policy-keys/exemptions", test_exemptions);
    g_test_add_func("/policy-keys/load-errors", test_load_errors);
    g_test_add_func("/policy-keys/merging", test_merging);
    return g_test_run();
}
