/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is explained of a text that may be no URL: Connect's order of checks. And where files are looked for. */

#include "files.h"
#include "loaded-policy.h"

#include "row.h"

#define GRANT "[user *]\nPermissions=INTERNET\nAllowDomains=h\n"

static const struct Question {
    const char *policy;
    const char *text;
    guint32 code;
    gboolean reported;
} questions[] = {
    { GRANT, "ws://h/", 0, FALSE },
    { GRANT, "ws://h/123456789", 0, FALSE },
    { GRANT, "ws://h/1234567890", 2302001, FALSE }, /* 17 bytes */
    { GRANT, "ws://h/#f", 2302001, FALSE },
    { GRANT, "ws://other/#f", 2302998, FALSE },
    { GRANT, "http://other/", 2302001, FALSE },
    { GRANT, "", 2302001, FALSE },
    { "", "", 201, FALSE },
    { "", "ws://h/#f", 201, FALSE },
    { "[user *]\nAllowDomains=h\nMode=report\n", "ws://h/", 201, TRUE },
    { "[user *]\nMode=report\n", "ws://h/#f", 2302001, FALSE },
    { "[user *]\nPermissions=INTERNET\nMode=report\n", "ws://h/", 2302998, TRUE },
    { "[user *]\nPermissions=INTERNET\nMode=report\n", "hello", 2302001, FALSE },
};

static void
test_order_of_checks(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(questions); i++) {
        const struct Question *each = &questions[i];
        g_autoptr(PolicyAccess) access = loaded_policy_access_new(each->policy, "user 0");
        g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);
        g_auto(Decision) decision = { 0 };
        gboolean allowed;

        test_row(each->policy, each->text);
        allowed = policy_access_explain_text(access, each->text, 16, steps, &decision);
        g_assert_cmpuint(decision.code, ==, each->code);
        g_assert_cmpint(decision.reported, ==, each->reported);
        g_assert_cmpint(allowed, ==, each->code == 0 || each->reported);
        g_assert_cmpint(decision.allowed, ==, allowed);
        g_assert_cmpuint(steps->len, >, 0);
        /* A fault of the URL is the last step, and no rule's. */
        if (decision.code == 2302001) {
            g_assert_cmpstr(g_ptr_array_index(steps, steps->len - 1), ==, decision.explanation);
            g_assert_null(decision.rule);
        }
    }
}

static void
test_folders(void)
{
    const char *folders[CONFIG_FOLDERS_MAX + 1];

    config_folders_choose(NULL, folders);
    g_assert_cmpstr(folders[0], ==, "/etc/wsbroker");
    g_assert_cmpstr(folders[1], ==, "/run/wsbroker");
    g_assert_cmpstr(folders[2], ==, "/usr/lib/wsbroker");
    g_assert_null(folders[3]);
    config_folders_choose("image", folders);
    g_assert_cmpstr(folders[0], ==, "image");
    g_assert_null(folders[1]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/explain-text/order", test_order_of_checks);
    g_test_add_func("/policy/explain-text/folders", test_folders);
    return g_test_run();
}
