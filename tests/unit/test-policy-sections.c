/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which sections a subject matches, in which order, and what a later one can still take away (ACCEPTANCE
 * row 57). */

#include "loaded-policy.h"

#include "row.h"
#include "scratch-folder.h"

#include <string.h>

#define ALL "Permissions=INTERNET\nAllowDomains=*\n"
#define NONE "Permissions=\n"

/* Every kind, each with a section of its own that its subject's other names have too. */
#define EVERY_KIND                                                                                           \
    "[unidentified]\n[user *]\n[group 7]\n[user 0]\n[user-unit app.scope]\n[flatpak org.example.Chat]\n"     \
    "[unit chat.service]\n[snap chat]\n[snap chat.daemon]\n[label /usr/bin/chat]\n[label snap.chat.other]\n"

static const struct Match {
    const char *policy;
    const char *subject;
    const char *section; /* that grants */
} matches[] = {
    /* In the order of the kinds, whatever the order of the file. */
    { EVERY_KIND, "unidentified", "unidentified" },
    { EVERY_KIND, "user 4711", "user *" },
    { EVERY_KIND, "user 4711, group 7", "group 7" },
    { EVERY_KIND, "user 0, group 7", "user 0" },
    { EVERY_KIND, "user 0, user-unit app.scope", "user-unit app.scope" },
    { EVERY_KIND, "user 0, user-unit app.scope, flatpak org.example.Chat", "flatpak org.example.Chat" },
    { EVERY_KIND, "unit chat.service, flatpak org.example.Chat, user 0", "unit chat.service" },
    { EVERY_KIND, "unit chat.service, snap chat", "snap chat" },
    { EVERY_KIND, "unit chat.service, snap chat.daemon", "snap chat.daemon" },
    { EVERY_KIND, "unit chat.service, snap chat.cli", "snap chat" },
    { EVERY_KIND, "snap chat.other", "label snap.chat.other" },
    { EVERY_KIND, "label snap.chat.daemon", "snap chat.daemon" },
    { EVERY_KIND, "label snap.chat.hook.configure", "snap chat" },
    { EVERY_KIND, "label /usr/bin/chat, unit chat.service", "label /usr/bin/chat" },
    { EVERY_KIND, "label /usr/bin/chat2", "user *" },
    { EVERY_KIND, "label /usr/bin", "user *" },
    { EVERY_KIND, "label /USR/bin/chat", "user *" },
    { EVERY_KIND, "label /usr/bin/chat//&box", "user *" },
    { EVERY_KIND, "snap chat2.daemon", "user *" },
    { EVERY_KIND, "snap chat_2.daemon", "user *" },
    { EVERY_KIND, "flatpak org.example.Chat2", "user *" },
    { EVERY_KIND, "flatpak org.example.chat", "user *" },
    { EVERY_KIND, "flatpak org.example.Chat.Plugin", "user *" },

    /* Names that only look alike in another kind. */
    { "[unit chat.service]\n", "user-unit chat.service", "none" },
    { "[user-unit chat.service]\n", "unit chat.service", "none" },
    { "[label chat]\n", "snap chat.chat", "none" },
    { "[snap chat]\n", "label chat", "none" },
    { "[snap chat.daemon]\n", "snap chat", "none" },
    { "[snap chat.daemon]\n", "snap chat.daemon2", "none" },
    { "[snap chat_2]\n", "snap chat.daemon", "none" },
    { "[snap chat_2]\n", "snap chat_2.daemon", "snap chat_2" },
    { "[snap chat_2.daemon]\n", "snap chat_2.daemon", "snap chat_2.daemon" },

    /* Labels of each kind of kernel module. */
    { "[label system_u:system_r:chat_t:s0]\n", "label system_u:system_r:chat_t:s0",
      "label system_u:system_r:chat_t:s0" },
    { "[label system_u:system_r:chat_t:s0]\n", "label system_u:system_r:chat_t:s0:c1", "none" },
    { "[label chat_t:s0:c1,c2]\n", "label chat_t:s0:c1,c2, user 0", "label chat_t:s0:c1,c2" },
    { "[label System::Run]\n", "label System::Run", "label System::Run" },
    { "[label /opt/My Chat/chat]\n", "label /opt/My Chat/chat", "label /opt/My Chat/chat" },
    { "[label a//&b]\n", "label a//&b", "label a//&b" },
    { "[label a]\n[label b]\n", "label a//&b", "none" },

    /* The application of a Snap before the Snap. */
    { "[snap chat]\n[snap chat.daemon]\n", "snap chat.daemon", "snap chat.daemon" },
    { "[snap chat.daemon]\n[snap chat]\n", "snap chat.daemon", "snap chat.daemon" },
};

static void
test_matches(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(matches); i++) {
        g_autoptr(PolicyAccess) access = loaded_policy_access_new(matches[i].policy, matches[i].subject);

        test_row(matches[i].subject, matches[i].section);
        g_assert_cmpstr(policy_access_section(access), ==, matches[i].section);
    }
}

/* Labels as the bus has them, against sections. */
static const struct RawLabel {
    const char *raw;
    const char *section;
} raw_labels[] = {
    { "/usr/bin/chat (enforce)", "label /usr/bin/chat" },
    { "/usr/bin/chat (kill)", "label /usr/bin/chat" },
    { "/usr/bin/chat (complain)", "user *" },
    { "/usr/bin/chat (unconfined)", "user *" },
    { "/usr/bin/chat (mixed)", "user *" },
    { "unconfined", "user *" },
    { "", "user *" },
    { "snap.chat.daemon (enforce)", "snap chat.daemon" },
    { "snap.chat.daemon (complain)", "user *" },
    { "snap.chat.cli (enforce)", "snap chat" },
    { "snap.chat.hook.install (enforce)", "snap chat" },
    { "snap.chat.daemon", "user *" },
};

static void
test_raw_labels(void)
{
    g_autoptr(Policy) policy = loaded_policy_new(EVERY_KIND);

    for (gsize i = 0; i < G_N_ELEMENTS(raw_labels); i++) {
        g_autoptr(Subject) subject = subject_new_for_uid(4711);
        g_autoptr(PolicyAccess) access = NULL;

        test_row(raw_labels[i].raw);
        g_assert_true(subject_set_label(subject, raw_labels[i].raw));
        access = policy_access_new(policy, subject);
        g_assert_cmpstr(policy_access_section(access), ==, raw_labels[i].section);
    }
}

typedef struct Case {
    const char *policy;
    const char *subject;
    guint32 code;
    guint line;
} Case;

static void
check_cases(const Case *cases, gsize n_cases)
{
    g_autoptr(Url) url = url_parse("ws://chat.example/", 1024, NULL);

    for (gsize i = 0; i < n_cases; i++) {
        g_autoptr(PolicyAccess) access = loaded_policy_access_new(cases[i].policy, cases[i].subject);
        g_auto(Decision) decision = { 0 };

        test_row(cases[i].policy, cases[i].subject);
        policy_access_check(access, url, &decision);
        assert_decision(&decision, cases[i].code, FALSE, cases[i].line);
    }
}

static void
test_earlier_allows_later_denies(void)
{
    static const Case cases[] = {
        { "[unit a.service]\n" ALL "[user 0]\n" NONE, "unit a.service, user 0", 201, 5 },
        { "[unit a.service]\n" ALL "[user 0]\nDenyDomains=*\n", "unit a.service, user 0", 2302998, 5 },
        { "[unit a.service]\n" ALL "[group 7]\n" NONE, "unit a.service, group 7", 201, 5 },
        { "[label x]\n" ALL "[flatpak org.example.Chat]\n" NONE, "label x, flatpak org.example.Chat", 201,
          5 },
        { "[snap chat.daemon]\n" ALL "[snap chat]\n" NONE, "snap chat.daemon", 201, 5 },
        { "[snap chat.daemon]\n" ALL "[snap chat]\nDenyDomains=*.example\n", "snap chat.daemon", 2302998, 5 },
        { "[label snap.chat.daemon]\n" ALL "[snap chat]\n" NONE, "snap chat.daemon", 201, 5 },
        { "[flatpak org.example.Chat]\n" ALL "[user-unit app.scope]\n" NONE,
          "flatpak org.example.Chat, user-unit app.scope", 201, 5 },
        { "[user 0]\n" ALL "[group 7]\n[group 8]\n" NONE, "user 0, group 7, group 8", 201, 6 },
        /* Of [user *] alone this is not so. */
        { "[unit a.service]\n" ALL "[user *]\n" NONE, "unit a.service, user 0", 0, 3 },
        { "[label x]\n" ALL "[user *]\nDenyDomains=*\n", "label x", 0, 3 },
        { "[flatpak org.example.Chat]\n" ALL "[user *]\n" NONE, "flatpak org.example.Chat", 0, 3 },
    };

    check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_earlier_denies(void)
{
    static const Case cases[] = {
        { "[unit a.service]\n" NONE "[user 0]\n" ALL, "unit a.service, user 0", 201, 2 },
        { "[unit a.service]\n[user 0]\n" ALL, "unit a.service, user 0", 201, 1 },
        { "[unit a.service]\n" ALL "DenyDomains=*\n[user 0]\n" ALL, "unit a.service, user 0", 2302998, 4 },
        { "[label x]\n" NONE "[unit a.service]\n" ALL, "label x, unit a.service", 201, 2 },
        { "[snap chat]\n" ALL "[snap chat.daemon]\n" NONE, "snap chat.daemon", 201, 5 },
        { "[snap chat.daemon]\n[snap chat]\n" ALL, "snap chat.daemon", 201, 1 },
        { "[flatpak org.example.Chat]\n" NONE "[user *]\n" ALL, "flatpak org.example.Chat", 201, 2 },
    };

    check_cases(cases, G_N_ELEMENTS(cases));
}

/* A process of a denied unit, or of a denied user, that makes itself look like a Flatpak application. */
static void
test_forged_flatpak(void)
{
    static const Case cases[] = {
        { "[unit a.service]\n" NONE "[flatpak org.example.Chat]\n" ALL,
          "unit a.service, flatpak org.example.Chat, user 0", 201, 2 },
        { "[unit a.service]\n[flatpak org.example.Chat]\n" ALL,
          "unit a.service, flatpak org.example.Chat, user 0", 201, 1 },
        { "[unit a.service]\n" ALL "DenyDomains=chat.example\n[flatpak org.example.Chat]\n" ALL,
          "unit a.service, flatpak org.example.Chat, user 0", 2302998, 4 },
        { "[flatpak org.example.Chat]\n" ALL "[user 0]\n" NONE, "flatpak org.example.Chat, user 0", 201, 5 },
        { "[flatpak org.example.Chat]\n" ALL "[user-unit app.scope]\n" NONE,
          "flatpak org.example.Chat, user-unit app.scope, user 0", 201, 5 },
        { "[label x]\n" NONE "[flatpak org.example.Chat]\n" ALL, "label x, flatpak org.example.Chat", 201,
          2 },
        { "[flatpak org.example.Chat]\n" ALL, "unidentified", 201, 0 },
    };

    check_cases(cases, G_N_ELEMENTS(cases));
}

#define UNPROVEN "cannot have this: whoever matches it has proved no more than a user"

static const struct LoadError {
    const char *text;
    guint line;
    const char *message;
} load_errors[] = {
    { "[flatpak org.example.Chat]\nAdministrator=yes\n", 2,
      "Administrator: [flatpak org.example.Chat] " UNPROVEN },
    { "[flatpak org.example.Chat]\nAdministrator=no\n", 2, UNPROVEN },
    { "[flatpak org.example.Chat]\nSkipCertificateCheck=yes\n", 2, UNPROVEN },
    { "[user-unit a.service]\nAdministrator=yes\n", 2, UNPROVEN },
    { "[user-unit a.service]\nSkipCertificateCheck=yes\n", 2, UNPROVEN },
    { "[unidentified]\nAdministrator=yes\n", 2, UNPROVEN },
    { "[unidentified]\nSkipCertificateCheck=yes\n", 2, UNPROVEN },
    { "[flatpak]\n", 1, "an application's ID" },
    { "[flatpak Chat]\n", 1, "such as org.example.Chat" },
    { "[flatpak org.Chat]\n", 1, "at least two dots" },
    { "[flatpak org..Chat]\n", 1, "such as org.example.Chat" },
    { "[flatpak org.example.2Chat]\n", 1, "such as org.example.Chat" },
    { "[flatpak :1.2.3]\n", 1, "such as org.example.Chat" },
    { "[flatpak org.example.*]\n", 1, "such as org.example.Chat" },
    { "[flatpak *]\n", 1, "unknown kind" },
    { "[flatpak org.example.Chat/x86_64/stable]\n", 1, "such as org.example.Chat" },
    { "[snap]\n", 1, "a Snap's name" },
    { "[snap Chat]\n", 1, "lower-case" },
    { "[snap 42]\n", 1, "and a letter" },
    { "[snap -chat]\n", 1, "a Snap's name" },
    { "[snap chat--room]\n", 1, "single hyphens" },
    { "[snap aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", 1, "1 to 40" },
    { "[snap chat_]\n", 1, "instance key" },
    { "[snap chat_12345678901]\n", 1, "instance key" },
    { "[snap chat_A]\n", 1, "instance key" },
    { "[snap chat.]\n", 1, "application's name" },
    { "[snap chat.a_b]\n", 1, "application's name" },
    { "[snap chat.hook.configure]\n", 1, "application's name" },
    { "[snap snap.chat.daemon]\n", 1, "application's name" },
    { "[label]\n", 1, "1 to 4096 bytes" },
    { "[label  x]\n", 1, "no blank at its ends" },
    { "[label unconfined]\n", 1, "an unconfined process has no label" },
    { "[label :box:unconfined]\n", 1, "an unconfined process has no label" },
    { "[label /usr/bin/chat (enforce)]\n", 1, "without its mode" },
    { "[label /usr/bin/chat (complain)]\n", 1, "without its mode" },
    { "[label *]\n", 1, "unknown kind" },
};

static void
test_load_errors(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(load_errors); i++) {
        g_autoptr(ScratchFolder) scratch = scratch_folder_new();
        g_autoptr(Problems) problems = problems_new();
        g_autofree char *prefix =
            g_strdup_printf("%s/policy.d/10.conf:%u: ", scratch->path, load_errors[i].line);

        test_row(load_errors[i].text);
        scratch_folder_write(scratch, "policy.d/10.conf", load_errors[i].text, -1);
        g_assert_null(policy_load(scratch->folders, problems));
        g_assert_cmpuint(problems_count(problems), ==, 1);
        g_test_message("%s", problems_get(problems, 0));
        g_assert_true(g_str_has_prefix(problems_get(problems, 0), prefix));
        g_assert_nonnull(strstr(problems_get(problems, 0), load_errors[i].message));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy-sections/matches", test_matches);
    g_test_add_func("/policy-sections/raw-labels", test_raw_labels);
    g_test_add_func("/policy-sections/row-57-earlier-allows-later-denies", test_earlier_allows_later_denies);
    g_test_add_func("/policy-sections/row-57-earlier-denies", test_earlier_denies);
    g_test_add_func("/policy-sections/row-57-forged-flatpak", test_forged_flatpak);
    g_test_add_func("/policy-sections/row-57-load-errors", test_load_errors);
    return g_test_run();
}
