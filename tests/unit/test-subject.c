/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Subjects from text and back. Root is the one account that every system has. */

#include "subject.h"

#include "row.h"

#include <gio/gio.h>
#include <string.h>

static const struct Valid {
    const char *text;
    const char *printed;
    uid_t uid;
    guint n_groups;
} valid[] = {
    { "user root", "user root", 0, 0 },
    { "user 0", "user root", 0, 0 },
    { " user  root ", "user root", 0, 0 },
    { "user 4294967294", "user 4294967294", 4294967294, 0 },
    { "user no-such-user-here", "user no-such-user-here", (uid_t)-1, 0 },
    { "unit chat.service", "unit chat.service", (uid_t)-1, 0 },
    { "user root, unit chat.service", "unit chat.service, user root", 0, 0 },
    { "user-unit app-x@1.service,user 0", "user-unit app-x@1.service, user root", 0, 0 },
    { "user 0, user-unit a.scope, unit b.service", "unit b.service, user-unit a.scope, user root", 0, 0 },
    { "group root", "", (uid_t)-1, 1 },
    { "group 0, group 4711, user 0", "user root", 0, 2 },
};

static void
test_valid(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(valid); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Subject) subject = subject_parse(valid[i].text, &error);
        g_autofree char *printed = NULL;

        test_row(valid[i].text);
        g_assert_no_error(error);
        g_assert_true(subject->identified);
        g_assert_cmpuint(subject->uid, ==, valid[i].uid);
        g_assert_cmpuint(subject->groups->len, ==, valid[i].n_groups);
        printed = subject_to_string(subject);
        g_assert_cmpstr(printed, ==, valid[i].printed);
    }
}

static const struct Invalid {
    const char *text;
    const char *message; /* has the part that is wrong */
} invalid[] = {
    { "", "empty" },
    { "  ", "empty" },
    { "\xff", "UTF-8" },
    { "root", "root" },
    { "unit", "unit" },
    { "unit ", "unit" },
    { "unit chat", "such as chat.service" },
    { "unit chat.slice", "chat.slice" },
    { "unit .service", ".service" },
    { "unit chat@.service", "chat@.service" },
    { "unit a/b.service", "a/b.service" },
    { "unit a.service, unit b.service", "b.service" },
    { "user-unit a.service, user-unit a.service", "a.service" },
    { "user *", "user *" },
    { "user 0, user root", "user root" },
    { "user 4294967295", "4294967295" },
    { "user -1", "-1" },
    { "user 0x0", "0x0" },
    { "user a:b", "a:b" },
    { "group no-such-group-here", "no-such-group-here" },
    { "group 4294967295", "4294967295" },
    { "user root,", "\"\"" },
    { ",user root", "\"\"" },
    { "unidentified, user root", "unidentified" },
    { "User root", "User root" },
    { "flatpak org.example.Chat", "flatpak org.example.Chat" },
};

static void
test_invalid(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(invalid); i++) {
        g_autoptr(GError) error = NULL;

        test_row(invalid[i].text);
        g_assert_null(subject_parse(invalid[i].text, &error));
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
        g_assert_nonnull(strstr(error->message, invalid[i].message));
    }
}

static void
test_unidentified(void)
{
    g_autoptr(Subject) subject = subject_new_unidentified();
    g_autoptr(Subject) parsed = subject_parse(" unidentified ", NULL);
    g_autofree char *printed = subject_to_string(subject);

    g_assert_false(subject->identified);
    g_assert_null(subject->user);
    g_assert_cmpstr(printed, ==, "unidentified");
    g_assert_false(parsed->identified);
}

static void
test_uid(void)
{
    g_autoptr(Subject) root = subject_new_for_uid(0);
    g_autoptr(Subject) nobody = subject_new_for_uid(4294967294);
    g_autofree char *printed = subject_to_string(nobody);

    g_assert_true(root->identified);
    g_assert_cmpstr(root->user, ==, "root");
    g_assert_nonnull(root->groups);
    g_assert_null(nobody->user);
    g_assert_cmpstr(printed, ==, "user 4294967294");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/subject/valid", test_valid);
    g_test_add_func("/subject/invalid", test_invalid);
    g_test_add_func("/subject/unidentified", test_unidentified);
    g_test_add_func("/subject/uid", test_uid);
    return g_test_run();
}
