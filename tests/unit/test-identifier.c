/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Questions about processes to a helper that the test plays, and without one: each has one answer, or was taken back. */

#include "identifier.h"

#include "identify-protocol.h"
#include "row.h"
#include "scratch-folder.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct Fixture {
    ScratchFolder *scratch;
    char *path;
    int listener, client; /* of the helper; -1 for none */
    Identifier *identifier;
} Fixture;

typedef struct Answer {
    guint count;
    gboolean known;
    guint32 uid;
} Answer;

static void
set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    fixture->scratch = scratch_folder_new();
    fixture->path = scratch_folder_path(fixture->scratch, "identify.socket");
    fixture->client = -1;
    fixture->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    g_assert_cmpuint(g_strlcpy(address.sun_path, fixture->path, sizeof(address.sun_path)), <,
                     sizeof(address.sun_path));
    g_assert_cmpint(bind(fixture->listener, (const struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fixture->listener, 4), ==, 0);
    fixture->identifier = identifier_new(fixture->path);
}

static void
close_client(Fixture *fixture)
{
    if (fixture->client >= 0)
        close(fixture->client);
    fixture->client = -1;
}

static void
tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    identifier_free(fixture->identifier);
    close_client(fixture);
    close(fixture->listener);
    g_assert_cmpint(unlink(fixture->path), ==, 0);
    g_free(fixture->path);
    scratch_folder_free(fixture->scratch);
}

static void
on_answer(const ProcessFacts *facts, gpointer user_data)
{
    Answer *answer = user_data;

    answer->count++;
    answer->known = facts != NULL;
    answer->uid = facts ? facts->uid : 0;
}

static void
wait_for(const Answer *answer)
{
    while (answer->count == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(answer->count, ==, 1);
}

static IdentifyQuestion
take_question(Fixture *fixture)
{
    IdentifyQuestion question = { 0 };

    if (fixture->client < 0)
        fixture->client = accept(fixture->listener, NULL, NULL);
    g_assert_cmpint(recv(fixture->client, &question, sizeof(question), 0), ==, sizeof(question));
    return question;
}

static void
send_answer(Fixture *fixture, guint32 cookie, guint32 uid)
{
    static const char cgroup[] = "0::/\n";
    g_autofree IdentifyAnswer *answer = g_new0(IdentifyAnswer, 1);
    gsize length = offsetof(IdentifyAnswer, facts) + offsetof(ProcessFacts, texts) + strlen(cgroup);

    answer->cookie = cookie;
    answer->facts.uid = uid;
    answer->facts.cgroup_length = (guint32)strlen(cgroup);
    memcpy(answer->facts.texts, cgroup, strlen(cgroup));
    g_assert_cmpint(send(fixture->client, answer, length, 0), ==, (gssize)length);
}

static void
test_answered_in_any_order(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Answer first = { 0 }, second = { 0 };
    Identification *first_question = identifier_ask(fixture->identifier, 10, -1, 1, on_answer, &first);
    Identification *second_question = identifier_ask(fixture->identifier, 20, -1, 2, on_answer, &second);
    IdentifyQuestion asked_first = take_question(fixture), asked_second = take_question(fixture);

    g_assert_cmpint(asked_first.pid, ==, 10);
    g_assert_cmpuint(asked_first.uid, ==, 1);
    g_assert_cmpuint(asked_first.has_pidfd, ==, 0);
    g_assert_cmpuint(asked_first.cookie, !=, asked_second.cookie);
    send_answer(fixture, asked_second.cookie, 2);
    send_answer(fixture, asked_second.cookie, 3); /* nobody waits for that */
    send_answer(fixture, asked_first.cookie, 1);
    wait_for(&first);
    wait_for(&second);
    g_assert_cmpuint(first.uid, ==, 1);
    g_assert_cmpuint(second.uid, ==, 2);
    identification_free(first_question);
    identification_free(second_question);
}

/* The answer to a question that was taken back goes nowhere, and the next one is heard. */
static void
test_taken_back(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Answer never = { 0 }, answer = { 0 };
    Identification *question = identifier_ask(fixture->identifier, 10, -1, 1, on_answer, &never);
    guint32 cookie = take_question(fixture).cookie;

    identification_free(question);
    send_answer(fixture, cookie, 1);
    question = identifier_ask(fixture->identifier, 10, -1, 1, on_answer, &answer);
    send_answer(fixture, take_question(fixture).cookie, 2);
    wait_for(&answer);
    g_assert_cmpuint(answer.uid, ==, 2);
    g_assert_cmpuint(never.count, ==, 0);
    identification_free(question);
}

static void
test_silent(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Answer answer = { 0 };
    Identification *question = identifier_ask(fixture->identifier, 10, -1, 1, on_answer, &answer);

    wait_for(&answer);
    g_assert_false(answer.known);
    identification_free(question);
}

/* The service connects again by itself, in the middle of the first question after that. */
static void
test_started_anew(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Answer answer = { 0 }, next = { 0 };
    Identification *question = identifier_ask(fixture->identifier, 10, -1, 1, on_answer, &answer);

    send_answer(fixture, take_question(fixture).cookie, 1);
    wait_for(&answer);
    identification_free(question);
    close_client(fixture);
    question = identifier_ask(fixture->identifier, 20, -1, 2, on_answer, &next);
    send_answer(fixture, take_question(fixture).cookie, 2);
    wait_for(&next);
    g_assert_cmpuint(next.uid, ==, 2);
    identification_free(question);
}

static gboolean
on_marker(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_CONTINUE;
}

/* All that wait are told when the helper ends, not when their time is up, which is after two seconds. */
static void
test_ends_while_asked(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Answer first = { 0 }, second = { 0 };
    gboolean late = FALSE;
    guint marker = g_timeout_add_seconds(2, on_marker, &late);
    Identification *first_question = identifier_ask(fixture->identifier, 10, -1, 1, on_answer, &first);
    Identification *second_question = identifier_ask(fixture->identifier, 20, -1, 2, on_answer, &second);

    (void)take_question(fixture);
    close_client(fixture);
    g_test_expect_message("wsbroker", G_LOG_LEVEL_WARNING, "The identity helper is gone");
    wait_for(&first);
    wait_for(&second);
    g_test_assert_expected_messages();
    g_assert_false(late);
    g_assert_false(first.known || second.known);
    g_source_remove(marker);
    identification_free(first_question);
    identification_free(second_question);
}

static void
test_without_a_helper(void)
{
    Identifier *identifier = identifier_new(NULL);
    Answer own = { 0 }, nobody = { 0 }, taken_back = { 0 };
    Identification *own_question = identifier_ask(identifier, getpid(), -1, geteuid(), on_answer, &own);
    Identification *other_question = identifier_ask(identifier, -1, -1, 0, on_answer, &nobody);

    identification_free(identifier_ask(identifier, getpid(), -1, geteuid(), on_answer, &taken_back));
    g_assert_cmpuint(own.count + nobody.count, ==, 0); /* never from within the call */
    wait_for(&own);
    wait_for(&nobody);
    g_assert_true(own.known);
    g_assert_cmpuint(own.uid, ==, geteuid());
    g_assert_false(nobody.known);
    g_assert_cmpuint(taken_back.count, ==, 0);
    identification_free(own_question);
    identification_free(other_question);
    identifier_free(identifier);
}

static void
test_no_such_helper(void)
{
    Identifier *identifier = identifier_new("/nonexistent/identify.socket");
    Answer answer = { 0 };
    Identification *question;

    g_test_expect_message("wsbroker", G_LOG_LEVEL_WARNING, "The identity helper cannot be reached*");
    question = identifier_ask(identifier, getpid(), -1, geteuid(), on_answer, &answer);
    g_test_assert_expected_messages();
    wait_for(&answer);
    g_assert_false(answer.known);
    identification_free(question);
    identifier_free(identifier);
}

#define ADD(name, test) g_test_add("/identifier/" name, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("answered-in-any-order", test_answered_in_any_order);
    ADD("taken-back", test_taken_back);
    ADD("silent", test_silent);
    ADD("started-anew", test_started_anew);
    ADD("ends-while-asked", test_ends_while_asked);
    g_test_add_func("/identifier/without-a-helper", test_without_a_helper);
    g_test_add_func("/identifier/no-such-helper", test_no_such_helper);
    return g_test_run();
}
