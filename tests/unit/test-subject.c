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
    { "flatpak org.example.Chat", "flatpak org.example.Chat", (uid_t)-1, 0 },
    { "user root, flatpak org.example.Chat, user-unit a.scope",
      "flatpak org.example.Chat, user-unit a.scope, user root", 0, 0 },
    { "snap chat", "snap chat", (uid_t)-1, 0 },
    { "snap chat.daemon, user 0", "snap chat.daemon, user root", 0, 0 },
    { "snap chat_2.daemon", "snap chat_2.daemon", (uid_t)-1, 0 },
    { "label snap.chat.daemon", "snap chat.daemon", (uid_t)-1, 0 },
    { "label snap.chat.hook.configure", "snap chat", (uid_t)-1, 0 },
    { "label /usr/bin/chat", "label /usr/bin/chat", (uid_t)-1, 0 },
    { "user root, label /usr/bin/chat", "label /usr/bin/chat, user root", 0, 0 },
    { "label system_u:system_r:chat_t:s0:c1,c2, user root",
      "label system_u:system_r:chat_t:s0:c1,c2, user root", 0, 0 },
    { "label s0:c1,c2,unit a.service", "label s0:c1,c2, unit a.service", (uid_t)-1, 0 },
    { "label two words//&three", "label two words//&three", (uid_t)-1, 0 },
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
    { "application org.example.Chat", "application org.example.Chat" },
    { "flatpak Chat", "flatpak Chat" },
    { "flatpak org.Chat", "two dots" },
    { "flatpak org.example.Chat, flatpak org.example.Chat", "already" },
    { "flatpak org.example.Chat;x", "org.example.Chat;x" },
    { "snap Chat", "snap Chat" },
    { "snap chat.", "snap chat." },
    { "snap chat, snap chat", "already" },
    { "snap chat.a, label /usr/bin/chat", "already" },
    { "label /usr/bin/chat, snap chat", "already" },
    { "label a, label b", "already" },
    { "label ", "label" },
    { "label unconfined", "unconfined" },
    { "label /usr/bin/chat (enforce)", "without its mode" },
    { "label snap.chat", "snap.NAME.APP" },
    { "label snap.chat.a//child", "snap.NAME.APP" },
    { "user root, x y", "x y" },
};

/* As many groups as fit are taken, none more. */
static void
test_length(void)
{
    g_autoptr(GString) text = g_string_new("group 1");
    g_autoptr(GError) error = NULL;
    g_autoptr(Subject) longest = NULL;

    while (text->len + strlen(", group 1") <= 16384)
        g_string_append(text, ", group 1");
    longest = subject_parse(text->str, &error);
    g_assert_no_error(error);
    g_assert_nonnull(longest);
    g_string_append(text, ", group 1");
    g_assert_null(subject_parse(text->str, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull(strstr(error->message, "16384 bytes"));
}

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

/* What is printed is parsed to the same. */
static void
test_round_trip(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(valid); i++) {
        g_autoptr(Subject) subject = *valid[i].printed == '\0' ? NULL : subject_parse(valid[i].printed, NULL);
        g_autofree char *printed = NULL;

        if (*valid[i].printed == '\0')
            continue;
        test_row(valid[i].printed);
        g_assert_nonnull(subject);
        printed = subject_to_string(subject);
        g_assert_cmpstr(printed, ==, valid[i].printed);
    }
}

/* Labels as the bus has them. */
static const struct Label {
    const char *raw;
    gboolean understood;
    const char *label;
    const char *snap;
    const char *snap_app;
} labels[] = {
    { "", TRUE, NULL, NULL, NULL },
    { "unconfined", TRUE, NULL, NULL, NULL },
    { ":box:unconfined", TRUE, NULL, NULL, NULL },
    { ":box://unconfined", TRUE, NULL, NULL, NULL },
    { "/usr/bin/chat (enforce)", TRUE, "/usr/bin/chat", NULL, NULL },
    { "/usr/bin/chat (kill)", TRUE, "/usr/bin/chat", NULL, NULL },
    { "/usr/bin/chat (complain)", TRUE, NULL, NULL, NULL },
    { "/usr/bin/chat (unconfined)", TRUE, NULL, NULL, NULL },
    { "/usr/bin/chat (mixed)", TRUE, NULL, NULL, NULL },
    { "/usr/bin/chat (prompt)", TRUE, NULL, NULL, NULL },
    { "/usr/bin/chat (Enforce)", TRUE, NULL, NULL, NULL },
    { "/usr/bin/chat ()", TRUE, NULL, NULL, NULL },
    { "/opt/My Chat (beta)/chat (enforce)", TRUE, "/opt/My Chat (beta)/chat", NULL, NULL },
    { "chat//&:box:unconfined (enforce)", TRUE, "chat//&:box:unconfined", NULL, NULL },
    { ":box://chat//&:box://unconfined (enforce)", TRUE, ":box://chat//&:box://unconfined", NULL, NULL },
    { ":box://chat (enforce)", TRUE, ":box://chat", NULL, NULL },
    { "snap.chat.daemon (enforce)", TRUE, "snap.chat.daemon", "chat", "daemon" },
    { "snap.chat_2.daemon (enforce)", TRUE, "snap.chat_2.daemon", "chat_2", "daemon" },
    { "snap.chat.Daemon-2 (enforce)", TRUE, "snap.chat.Daemon-2", "chat", "Daemon-2" },
    { "snap.chat.hook.configure (enforce)", TRUE, "snap.chat.hook.configure", "chat", NULL },
    { "snap.chat.hook (enforce)", TRUE, "snap.chat.hook", "chat", "hook" },
    { "snap.chat.daemon (complain)", TRUE, NULL, NULL, NULL },
    { "snap-update-ns.chat (enforce)", TRUE, "snap-update-ns.chat", NULL, NULL },
    { "snap.chat.daemon//child (enforce)", FALSE, NULL, NULL, NULL },
    { "snap.chat.daemon//&box (enforce)", FALSE, NULL, NULL, NULL },
    { "snap.chat (enforce)", FALSE, NULL, NULL, NULL },
    { "snap.Chat.daemon (enforce)", FALSE, NULL, NULL, NULL },
    { "snap..daemon (enforce)", FALSE, NULL, NULL, NULL },
    { "snap.chat. (enforce)", FALSE, NULL, NULL, NULL },
    { "snap.chat.hook. (enforce)", FALSE, NULL, NULL, NULL },
    { "snap.chat.a.b (enforce)", FALSE, NULL, NULL, NULL },
    /* Not AppArmor's, so no Snap. */
    { "snap.chat.daemon", TRUE, "snap.chat.daemon", NULL, NULL },
    { "system_u:system_r:chat_t:s0", TRUE, "system_u:system_r:chat_t:s0", NULL, NULL },
    { "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023", TRUE,
      "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023", NULL, NULL },
    { "_", TRUE, "_", NULL, NULL },
    { " (enforce)", FALSE, NULL, NULL, NULL },
    { " /usr/bin/chat (enforce)", FALSE, NULL, NULL, NULL },
    { "/usr/bin/chat\n", FALSE, NULL, NULL, NULL },
    { "a\001b (enforce)", FALSE, NULL, NULL, NULL },
    { "\xff (enforce)", FALSE, NULL, NULL, NULL },
};

static void
test_labels(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
        g_autoptr(Subject) subject = subject_new_for_uid(0);

        test_row(labels[i].raw);
        g_assert_cmpint(subject_set_label(subject, labels[i].raw), ==, labels[i].understood);
        g_assert_cmpstr(subject->label, ==, labels[i].label);
        g_assert_cmpstr(subject->snap, ==, labels[i].snap);
        g_assert_cmpstr(subject->snap_app, ==, labels[i].snap_app);
    }
}

/* A second label takes the place of the first in all it says; one that is not understood changes nothing. */
static void
test_label_is_replaced(void)
{
    g_autoptr(Subject) subject = subject_new_for_uid(0);
    g_autofree char *too_long = g_strnfill(5000, 'a');

    g_assert_true(subject_set_label(subject, "snap.chat.daemon (enforce)"));
    g_assert_false(subject_set_label(subject, too_long));
    g_assert_false(subject_set_label(subject, "snap.x (enforce)"));
    g_assert_cmpstr(subject->snap, ==, "chat");
    g_assert_true(subject_set_label(subject, "/usr/bin/chat (enforce)"));
    g_assert_cmpstr(subject->label, ==, "/usr/bin/chat");
    g_assert_null(subject->snap);
    g_assert_null(subject->snap_app);
    g_assert_true(subject_set_label(subject, "unconfined"));
    g_assert_null(subject->label);
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
    g_test_add_func("/subject/length", test_length);
    g_test_add_func("/subject/round-trip", test_round_trip);
    g_test_add_func("/subject/labels", test_labels);
    g_test_add_func("/subject/label-is-replaced", test_label_is_replaced);
    g_test_add_func("/subject/unidentified", test_unidentified);
    g_test_add_func("/subject/uid", test_uid);
    return g_test_run();
}
