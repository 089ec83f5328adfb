/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where accounts are kept on a server, a name may take long to come, or never come. So it is asked for in a few threads
 * that do nothing else, and there is a deadline, after which nothing is known of the user, nor is it where the system
 * cannot tell: a rule that names the user, or one of its groups, might have been for it.
 *
 * A question is in `pending` under its number until it is answered, late or taken back. A thread's result is handed
 * over by an idle source with its own reference to `pending`, so whichever of the two ends first, the other is safe.
 */

#include "user-names.h"

enum { THREADS_MAX = 8, DEADLINE_MS = 2500 };

struct UserNames {
    GThreadPool *threads;
    GHashTable *pending; /* number → UserQuestion, not owned */
    guint last_number;
};

struct UserQuestion {
    UserNames *names;
    guint number;
    UserNamed callback;
    gpointer user_data;
    GSource *deadline;
};

/* What a thread works on, shared with nobody. */
typedef struct Reading {
    GHashTable *pending; /* touched in the main context alone */
    guint number;
    char *text; /* that names the subject; NULL: that of the user */
    uid_t uid;
    GArray *groups; /* of gid_t */
    gboolean group_names;
    Subject *subject;
    GError *error;
} Reading;

static void
conclude(UserQuestion *question, Subject *subject, const GError *error)
{
    g_hash_table_remove(question->names->pending, GUINT_TO_POINTER(question->number));
    g_source_destroy(question->deadline);
    question->callback(subject, error, question->user_data);
}

static gboolean
on_deadline(gpointer user_data)
{
    conclude(user_data, /* subject= */ NULL, /* error= */ NULL);
    return G_SOURCE_REMOVE;
}

static void
reading_free(gpointer data)
{
    Reading *reading = data;

    g_hash_table_unref(reading->pending);
    g_free(reading->text);
    g_clear_pointer(&reading->groups, g_array_unref);
    subject_free(reading->subject);
    g_clear_error(&reading->error);
    g_free(reading);
}

static gboolean
on_read(gpointer user_data)
{
    Reading *reading = user_data;
    UserQuestion *question = g_hash_table_lookup(reading->pending, GUINT_TO_POINTER(reading->number));

    if (question)
        conclude(question, g_steal_pointer(&reading->subject), reading->error);
    return G_SOURCE_REMOVE;
}

static void
run_reading(gpointer data, gpointer user_data)
{
    Reading *reading = data;

    (void)user_data;
    reading->subject =
        reading->text ? subject_parse(reading->text, &reading->error) : subject_new_for_uid(reading->uid);
    if (reading->subject && reading->groups)
        g_array_append_vals(reading->subject->groups, reading->groups->data, reading->groups->len);
    if (reading->subject && reading->group_names && !subject_read_group_names(reading->subject))
        g_clear_pointer(&reading->subject, subject_free);
    g_idle_add_full(G_PRIORITY_DEFAULT, on_read, reading, reading_free);
}

UserNames *
user_names_new(void)
{
    UserNames *names = g_new0(UserNames, 1);

    names->threads =
        g_thread_pool_new(run_reading, /* user_data= */ NULL, THREADS_MAX, /* exclusive= */ FALSE, NULL);
    names->pending = g_hash_table_new(NULL, NULL);
    return names;
}

void
user_names_free(UserNames *names)
{
    g_assert(g_hash_table_size(names->pending) == 0);
    /* What waits in it is still worked off, and comes to nothing. */
    g_thread_pool_free(names->threads, /* immediate= */ FALSE, /* wait= */ FALSE);
    g_hash_table_unref(names->pending);
    g_free(names);
}

/* READING is taken. */
static UserQuestion *
ask(UserNames *names, Reading *reading, UserNamed callback, gpointer user_data)
{
    UserQuestion *question = g_new0(UserQuestion, 1);

    question->names = names;
    question->number = ++names->last_number;
    question->callback = callback;
    question->user_data = user_data;
    question->deadline = g_timeout_source_new(DEADLINE_MS);
    g_source_set_callback(question->deadline, on_deadline, question, NULL);
    g_source_attach(question->deadline, /* context= */ NULL);
    g_hash_table_insert(names->pending, GUINT_TO_POINTER(question->number), question);
    reading->pending = g_hash_table_ref(names->pending);
    reading->number = question->number;
    /* Without a thread it waits in the pool for one, or for its deadline. */
    (void)g_thread_pool_push(names->threads, reading, NULL);
    return question;
}

UserQuestion *
user_names_ask(UserNames *names, uid_t uid, const GArray *groups, gboolean group_names, UserNamed callback,
               gpointer user_data)
{
    Reading *reading = g_new0(Reading, 1);

    reading->uid = uid;
    reading->groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    g_array_append_vals(reading->groups, groups->data, groups->len);
    reading->group_names = group_names;
    return ask(names, reading, callback, user_data);
}

UserQuestion *
user_names_parse(UserNames *names, const char *text, UserNamed callback, gpointer user_data)
{
    Reading *reading = g_new0(Reading, 1);

    reading->text = g_strdup(text);
    reading->group_names = TRUE;
    return ask(names, reading, callback, user_data);
}

void
user_question_free(UserQuestion *question)
{
    g_hash_table_remove(question->names->pending, GUINT_TO_POINTER(question->number));
    g_source_destroy(question->deadline);
    g_source_unref(question->deadline);
    g_free(question);
}
