/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Users' names, asked for in threads: each question has one answer, or was taken back. */

#include "user-names.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

#define NOBODYS 4294967294U /* an uid that no account has */
#define UNTOLD 4711U        /* one that the system cannot look up */

/* In the C library's place, for every thread. */
int
getpwuid_r(uid_t uid, struct passwd *entry, G_GNUC_UNUSED char *buffer, G_GNUC_UNUSED size_t size,
           struct passwd **ret_found)
{
    static char root[] = "root";

    *ret_found = NULL;
    if (uid == UNTOLD)
        return EMFILE;
    if (uid == 0) {
        *entry = (struct passwd){ .pw_name = root };
        *ret_found = entry;
    }
    return 0;
}

typedef struct Answer {
    guint count;
    Subject *subject;
    char *error;
} Answer;

static void
on_named(Subject *subject, const GError *error, gpointer user_data)
{
    Answer *answer = user_data;

    answer->count++;
    answer->subject = subject;
    answer->error = error ? g_strdup(error->message) : NULL;
}

static void
test_names(void)
{
    UserNames *names = user_names_new();
    Answer root = { 0 }, nobody = { 0 }, taken_back = { 0 };
    static const gid_t gids[] = { 0, NOBODYS };
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    UserQuestion *of_root, *of_nobody;

    g_array_append_vals(groups, gids, G_N_ELEMENTS(gids));
    of_root = user_names_ask(names, 0, groups, /* group_names= */ TRUE, on_named, &root);
    of_nobody = user_names_ask(names, NOBODYS, groups, /* group_names= */ FALSE, on_named, &nobody);
    user_question_free(user_names_ask(names, 0, groups, /* group_names= */ FALSE, on_named, &taken_back));
    g_assert_cmpuint(root.count + nobody.count, ==, 0); /* never from within the call */
    while (root.count == 0 || nobody.count == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(root.subject->user, ==, "root");
    g_assert_cmpuint(root.subject->uid, ==, 0);
    g_assert_cmpuint(root.subject->groups->len, ==, 2);
    g_assert_cmpuint(root.subject->group_names->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(root.subject->group_names, 0), ==, "root");
    g_assert_null(nobody.subject->user);
    g_assert_cmpuint(nobody.subject->uid, ==, NOBODYS);
    g_assert_true(nobody.subject->identified);
    g_assert_cmpuint(nobody.subject->groups->len, ==, 2);
    g_assert_null(nobody.subject->group_names);
    g_assert_cmpuint(root.count + nobody.count, ==, 2);
    g_assert_cmpuint(taken_back.count, ==, 0);
    subject_free(root.subject);
    subject_free(nobody.subject);
    user_question_free(of_root);
    user_question_free(of_nobody);
    user_names_free(names);
}

static const struct Words {
    const char *text;
    const char *error; /* part of it; NULL: a subject */
} words[] = {
    { "user root", NULL },      { "unit chat.service, user 0, group 0", NULL },
    { "unidentified", NULL },   { "", "empty" },
    { "nonsense", "nonsense" }, { "user 4711", "cannot look it up" },
};

/* A subject in words, whose accounts are looked up. */
static void
test_words(void)
{
    UserNames *names = user_names_new();

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        Answer answer = { 0 };
        UserQuestion *question = user_names_parse(names, words[i].text, on_named, &answer);

        g_test_message("\"%s\"", words[i].text);
        while (answer.count == 0)
            g_main_context_iteration(NULL, TRUE);
        user_question_free(question);
        g_assert_cmpint(answer.subject != NULL, ==, words[i].error == NULL);
        g_assert_cmpint(answer.error != NULL, ==, words[i].error != NULL);
        if (answer.error)
            g_assert_nonnull(strstr(answer.error, words[i].error));
        g_clear_pointer(&answer.subject, subject_free);
        g_free(answer.error);
    }
    user_names_free(names);
}

/* Where the system cannot tell, nothing is known of the user, not even that it has no name. */
static void
test_not_told(void)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    UserNames *names = user_names_new();
    Answer answer = { .subject = &(Subject){ 0 } };
    UserQuestion *question =
        user_names_ask(names, UNTOLD, groups, /* group_names= */ FALSE, on_named, &answer);

    while (answer.count == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_null(answer.subject);
    user_question_free(question);
    user_names_free(names);
}

/* Whatever the threads are at by then. */
static void
test_freed_at_once(void)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(gid_t));

    for (guint i = 0; i < 100; i++) {
        UserNames *names = user_names_new();
        Answer never = { 0 };

        for (guint j = 0; j < 20; j++)
            user_question_free(user_names_ask(names, j, groups, /* group_names= */ TRUE, on_named, &never));
        user_names_free(names);
        while (g_main_context_iteration(NULL, FALSE))
            g_assert_cmpuint(never.count, ==, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/user-names/names", test_names);
    g_test_add_func("/user-names/words", test_words);
    g_test_add_func("/user-names/not-told", test_not_told);
    g_test_add_func("/user-names/freed-at-once", test_freed_at_once);
    return g_test_run();
}
