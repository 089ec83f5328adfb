/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * policy_load() in a thread, one at a time. Once it is read a policy never changes, and its references are counted
 * atomically, so all that is handed over is the pointer. The thread has a copy of what it needs: where accounts never
 * come, it outlives the reader.
 */

#include "policy-reader.h"

#include "coded-error.h"

#include <string.h>

enum {
    WAITING_MAX = 64,
    PROBLEMS_SIZE_MAX = 32 * 1024 /* bytes; files full of nonsense have more than a bus would carry */
};

typedef struct Reading Reading;

/* Who asked. */
typedef struct Request {
    PolicyAnswered answered;
    gpointer user_data;
} Request;

struct PolicyReader {
    GThreadPool *thread;
    char **folders;
    PolicyRead read;
    gpointer user_data;
    Reading *reading; /* under way; not owned */
    GArray *current;  /* of Request: for what is being read */
    GArray *next;     /* for what is read after it */
};

/* What the thread works on. It is freed when its result has been told. */
struct Reading {
    PolicyReader *reader; /* touched in the main context alone; NULL: nobody waits any more */
    char **folders;
    Problems *problems;
    Policy *policy;
};

static void
reading_free(gpointer data)
{
    Reading *reading = data;

    g_strfreev(reading->folders);
    problems_free(reading->problems);
    policy_unref(reading->policy);
    g_free(reading);
}

/* A line may be as long as its file. */
static void
append_problem(GString *text, const char *problem)
{
    gsize length = MIN(strlen(problem), PROBLEMS_SIZE_MAX - text->len);
    const char *end = NULL;

    (void)g_utf8_validate_len(problem, length, &end);
    g_string_append_len(text, problem, end - problem);
    if (*end)
        g_string_append(text, "…");
}

static char *
join_problems(const Problems *problems)
{
    GString *text = g_string_new(NULL);
    guint count = problems_count(problems), i;

    for (i = 0; i < count && text->len < PROBLEMS_SIZE_MAX; i++) {
        append_problem(text, problems_get(problems, i));
        g_string_append(text, i + 1 < count ? "; " : "");
    }
    if (i < count)
        g_string_append_printf(text, "and %u more", count - i);
    return g_string_free(text, FALSE);
}

/* REQUESTS is empty then. */
static void
answer(GArray *requests, const GError *error)
{
    for (guint i = 0; i < requests->len; i++) {
        const Request *request = &g_array_index(requests, Request, i);

        request->answered(error, request->user_data);
    }
    g_array_set_size(requests, 0);
}

static void start(PolicyReader *reader);

/* What was read is in force, or cannot be, for ERROR. */
static void
finish(PolicyReader *reader, const GError *error)
{
    GArray *answered = reader->current;

    answer(answered, error);
    reader->current = reader->next;
    reader->next = answered;
    if (reader->current->len > 0)
        start(reader);
}

static gboolean
on_read(gpointer user_data)
{
    Reading *reading = user_data;
    PolicyReader *reader = reading->reader;
    g_autoptr(GError) error = NULL;

    if (!reader)
        return G_SOURCE_REMOVE;
    if (reading->policy) {
        reader->read(g_steal_pointer(&reading->policy), reader->user_data);
    } else {
        g_autofree char *text = join_problems(reading->problems);

        coded_error_set(&error, WSB_CODE_UNKNOWN, "The policy in force stays: %s", text);
    }
    reader->reading = NULL;
    finish(reader, error);
    return G_SOURCE_REMOVE;
}

static void
run_reading(gpointer data, gpointer user_data)
{
    Reading *reading = data;

    (void)user_data;
    reading->policy = policy_load((const char *const *)reading->folders, reading->problems);
    g_idle_add_full(G_PRIORITY_DEFAULT, on_read, reading, reading_free);
}

static void
start(PolicyReader *reader)
{
    Reading *reading = g_new0(Reading, 1);

    reading->reader = reader;
    reading->folders = g_strdupv(reader->folders);
    reading->problems = problems_new();
    reader->reading = reading;
    /* Where no thread can be started it waits in the pool for one. */
    (void)g_thread_pool_push(reader->thread, reading, NULL);
}

PolicyReader *
policy_reader_new(const char *const *folders, PolicyRead read, gpointer user_data)
{
    PolicyReader *reader = g_new0(PolicyReader, 1);

    reader->thread = g_thread_pool_new(run_reading, /* user_data= */ NULL, /* max_threads= */ 1,
                                       /* exclusive= */ FALSE, NULL);
    reader->folders = g_strdupv((char **)folders);
    reader->read = read;
    reader->user_data = user_data;
    reader->current = g_array_new(FALSE, FALSE, sizeof(Request));
    reader->next = g_array_new(FALSE, FALSE, sizeof(Request));
    return reader;
}

void
policy_reader_free(PolicyReader *reader)
{
    g_autoptr(GError) error = NULL;

    coded_error_set(&error, WSB_CODE_UNKNOWN, "The service is stopping");
    if (reader->reading)
        reader->reading->reader = NULL;
    answer(reader->current, error);
    answer(reader->next, error);
    g_array_unref(reader->current);
    g_array_unref(reader->next);
    g_thread_pool_free(reader->thread, /* immediate= */ FALSE, /* wait= */ FALSE);
    g_strfreev(reader->folders);
    g_free(reader);
}

gboolean
policy_reader_ask(PolicyReader *reader, PolicyAnswered answered, gpointer user_data, GError **error)
{
    const Request request = { answered, user_data };

    if (reader->next->len == WAITING_MAX)
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED,
                               "Too many reloads are waiting for the one under way");
    if (reader->reading) {
        g_array_append_val(reader->next, request);
    } else {
        g_array_append_val(reader->current, request);
        start(reader);
    }
    return TRUE;
}

gboolean
policy_reader_is_reading(const PolicyReader *reader)
{
    return reader->reading != NULL;
}
