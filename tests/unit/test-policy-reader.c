/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Policy that is read aside: whoever asks is answered once, by what was read after that. */

#include "policy-reader.h"

#include "coded-error.h"
#include "scratch-folder.h"

#include <string.h>

#define FILE_NAME "policy.d/50-test.conf"

typedef struct Fixture {
    ScratchFolder *scratch;
    PolicyReader *reader;
    guint n_read;
    guint n_answered;
    guint n_failed;
    char *error; /* the last one */
} Fixture;

static void
on_read(Policy *policy, gpointer user_data)
{
    Fixture *fixture = user_data;

    fixture->n_read++;
    policy_unref(policy);
}

static void
on_answered(const GError *error, gpointer user_data)
{
    Fixture *fixture = user_data;

    fixture->n_answered++;
    if (!error)
        return;
    g_assert_cmpint(error->domain, ==, CODED_ERROR);
    fixture->n_failed++;
    g_free(fixture->error);
    fixture->error = g_strdup(error->message);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    *fixture = (Fixture){ .scratch = scratch_folder_new() };
    scratch_folder_write(fixture->scratch, FILE_NAME, "[unit a.service]\n", -1);
    fixture->reader = policy_reader_new(fixture->scratch->folders, on_read, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_clear_pointer(&fixture->reader, policy_reader_free);
    scratch_folder_free(fixture->scratch);
    g_free(fixture->error);
}

static void
ask(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(policy_reader_ask(fixture->reader, on_answered, fixture, &error));
    g_assert_no_error(error);
}

static void
wait_until_answered(const Fixture *fixture, guint count)
{
    while (fixture->n_answered < count)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(fixture->n_answered, ==, count);
}

static void
test_read(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_false(policy_reader_is_reading(fixture->reader));
    ask(fixture);
    g_assert_true(policy_reader_is_reading(fixture->reader));
    g_assert_cmpuint(fixture->n_answered, ==, 0); /* never from within the call */
    wait_until_answered(fixture, 1);
    g_assert_false(policy_reader_is_reading(fixture->reader));
    g_assert_cmpuint(fixture->n_read, ==, 1);
    g_assert_cmpuint(fixture->n_failed, ==, 0);
}

static void
test_error(Fixture *fixture, gconstpointer data)
{
    (void)data;
    scratch_folder_write(fixture->scratch, FILE_NAME, "[unit a.service]\nNonsense=1\n", -1);
    ask(fixture);
    wait_until_answered(fixture, 1);
    g_assert_cmpuint(fixture->n_read, ==, 0);
    g_assert_nonnull(strstr(fixture->error, "The policy in force stays: "));
    g_assert_nonnull(strstr(fixture->error, FILE_NAME ":2: "));
}

/* All who ask while it is being read have what is read after it, together. */
static void
test_together(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (guint i = 0; i < 10; i++)
        ask(fixture);
    wait_until_answered(fixture, 10);
    g_assert_cmpuint(fixture->n_read, ==, 2);
    g_assert_false(policy_reader_is_reading(fixture->reader));
}

static void
test_too_many(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint count = 0;

    (void)data;
    while (count < 1000 && policy_reader_ask(fixture->reader, on_answered, fixture, &error))
        count++;
    g_assert_error(error, CODED_ERROR, WSB_CODE_LIMIT_EXCEEDED);
    g_assert_cmpuint(count, ==, 65);
    wait_until_answered(fixture, count);
    g_assert_cmpuint(fixture->n_read, ==, 2);
}

/* Nobody is left without an answer, and what is being read comes to nothing. */
static void
test_freed_while_reading(Fixture *fixture, gconstpointer data)
{
    (void)data;
    ask(fixture);
    ask(fixture);
    g_clear_pointer(&fixture->reader, policy_reader_free);
    g_assert_cmpuint(fixture->n_answered, ==, 2);
    g_assert_cmpuint(fixture->n_failed, ==, 2);
    g_assert_cmpstr(fixture->error, ==, "The service is stopping");
    fixture->reader = policy_reader_new(fixture->scratch->folders, on_read, fixture);
    ask(fixture);
    wait_until_answered(fixture, 3);
    g_assert_cmpuint(fixture->n_read, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/policy-reader/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("read", test_read);
    ADD("error", test_error);
    ADD("together", test_together);
    ADD("too-many", test_too_many);
    ADD("freed-while-reading", test_freed_while_reading);
#undef ADD
    return g_test_run();
}
