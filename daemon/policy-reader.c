/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * policy_load() in a thread. Once it is read a policy never changes, and its references are counted atomically, so all
 * that is handed over is the pointer. The thread has a copy of what it needs: where accounts never come, it outlives the
 * reader.
 */

#include "policy-reader.h"

struct PolicyReader {
    GThreadPool *thread;
    char **folders;
    PolicyRead callback;
    gpointer user_data;
    struct Reading *reading; /* under way; not owned */
};

/* What the thread works on. It frees itself when its result has been told. */
typedef struct Reading {
    PolicyReader *reader; /* touched in the main context alone; NULL: taken back */
    char **folders;
    Problems *problems;
    Policy *policy;
} Reading;

static void
reading_free(gpointer data)
{
    Reading *reading = data;

    g_strfreev(reading->folders);
    problems_free(reading->problems);
    policy_unref(reading->policy);
    g_free(reading);
}

static gboolean
on_read(gpointer user_data)
{
    Reading *reading = user_data;
    PolicyReader *reader = reading->reader;

    if (reader) {
        reader->reading = NULL;
        reader->callback(g_steal_pointer(&reading->policy), reading->problems, reader->user_data);
    }
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

PolicyReader *
policy_reader_new(const char *const *folders, PolicyRead callback, gpointer user_data)
{
    PolicyReader *reader = g_new0(PolicyReader, 1);

    reader->thread = g_thread_pool_new(run_reading, /* user_data= */ NULL, /* max_threads= */ 1,
                                       /* exclusive= */ FALSE, NULL);
    reader->folders = g_strdupv((char **)folders);
    reader->callback = callback;
    reader->user_data = user_data;
    return reader;
}

void
policy_reader_free(PolicyReader *reader)
{
    if (reader->reading)
        reader->reading->reader = NULL;
    g_thread_pool_free(reader->thread, /* immediate= */ FALSE, /* wait= */ FALSE);
    g_strfreev(reader->folders);
    g_free(reader);
}

void
policy_reader_start(PolicyReader *reader)
{
    Reading *reading = g_new0(Reading, 1);

    g_assert(!reader->reading);
    reading->reader = reader;
    reading->folders = g_strdupv(reader->folders);
    reading->problems = problems_new();
    reader->reading = reading;
    /* Where no thread can be started it waits in the pool for one. */
    (void)g_thread_pool_push(reader->thread, reading, NULL);
}

gboolean
policy_reader_is_reading(const PolicyReader *reader)
{
    return reader->reading != NULL;
}
