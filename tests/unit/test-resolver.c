/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lookups: what needs no name server, and that each is answered exactly once whatever happens to it. */

#include "resolver.h"

#include "row.h"

#include <string.h>

typedef struct Answer {
    guint count;
    GPtrArray *addresses;
    GError *error;
} Answer;

static void
answer_clear(Answer *answer)
{
    g_clear_pointer(&answer->addresses, g_ptr_array_unref);
    g_clear_error(&answer->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static void
on_answer(G_GNUC_UNUSED GObject *source, GAsyncResult *result, gpointer user_data)
{
    Answer *answer = user_data;

    g_assert_cmpuint(++answer->count, ==, 1);
    answer->addresses = resolver_lookup_finish(result, &answer->error);
    g_assert_cmpint(answer->addresses == NULL, ==, answer->error != NULL);
}

static void
wait_for(Answer *answer)
{
    g_assert_cmpuint(answer->count, ==, 0); /* never from within the call */
    while (answer->count == 0)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_literal(void)
{
    static const char *const literals[] = { "127.0.0.1", "192.0.2.255", "::1", "2001:db8::1",
                                            "::ffff:192.0.2.1" };
    g_autoptr(Resolver) resolver = resolver_new();

    for (gsize i = 0; i < G_N_ELEMENTS(literals); i++) {
        g_auto(Answer) answer = { 0 };
        g_autoptr(GInetAddress) expected = g_inet_address_new_from_string(literals[i]);

        test_row(literals[i]);
        resolver_lookup_async(resolver, "group", literals[i], NULL, on_answer, &answer);
        wait_for(&answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(answer.addresses->len, ==, 1);
        g_assert_true(g_inet_address_equal(g_ptr_array_index(answer.addresses, 0), expected));
    }
}

static void
test_localhost(void)
{
    g_autoptr(Resolver) resolver = resolver_new();
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_auto(Answer) answer = { 0 };

    resolver_lookup_async(resolver, "group", "localhost", cancellable, on_answer, &answer);
    wait_for(&answer);
    g_assert_no_error(answer.error);
    g_assert_cmpuint(answer.addresses->len, >=, 1);
    for (guint i = 0; i < answer.addresses->len; i++)
        g_assert_true(g_inet_address_get_is_loopback(g_ptr_array_index(answer.addresses, i)));
}

/* RFC 6761 section 6.4: it does not exist, and asking for it ends. */
static void
test_no_such_name(void)
{
    g_autoptr(Resolver) resolver = resolver_new();
    g_auto(Answer) answer = { 0 };

    resolver_lookup_async(resolver, "group", "no-such-name.invalid", NULL, on_answer, &answer);
    wait_for(&answer);
    g_assert_cmpint(answer.error->domain, ==, G_RESOLVER_ERROR);
    g_assert_nonnull(strstr(answer.error->message, "no-such-name.invalid"));
}

static void
test_cancelled_before(void)
{
    g_autoptr(Resolver) resolver = resolver_new();
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_auto(Answer) answer = { 0 };

    g_cancellable_cancel(cancellable);
    resolver_lookup_async(resolver, "group", "localhost", cancellable, on_answer, &answer);
    wait_for(&answer);
    g_assert_error(answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* The thread and the cancellation race for the one answer; a name that does not exist makes both an error. */
static void
test_cancelled_during(void)
{
    enum { LOOKUPS = 100 };
    g_autoptr(Resolver) resolver = resolver_new();
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    Answer answers[LOOKUPS] = { 0 };

    for (guint i = 0; i < LOOKUPS; i++)
        resolver_lookup_async(resolver, "group", "no-such-name.invalid", cancellable, on_answer, &answers[i]);
    g_cancellable_cancel(cancellable);
    for (guint i = 0; i < LOOKUPS; i++) {
        while (answers[i].count == 0)
            g_main_context_iteration(NULL, TRUE);
        g_assert_nonnull(answers[i].error);
    }
    while (g_main_context_iteration(NULL, FALSE))
        ;
    for (guint i = 0; i < LOOKUPS; i++) {
        g_assert_cmpuint(answers[i].count, ==, 1);
        answer_clear(&answers[i]);
    }
}

/* More at once than there are threads, of one group and of many. */
static void
look_up_many(guint n_groups)
{
    enum { LOOKUPS = 200 };
    g_autoptr(Resolver) resolver = resolver_new();
    Answer answers[LOOKUPS] = { 0 };

    for (guint i = 0; i < LOOKUPS; i++) {
        g_autofree char *group = g_strdup_printf("group %u", i % n_groups);

        resolver_lookup_async(resolver, group, "localhost", NULL, on_answer, &answers[i]);
    }
    for (guint i = 0; i < LOOKUPS; i++) {
        while (answers[i].count == 0)
            g_main_context_iteration(NULL, TRUE);
        g_assert_no_error(answers[i].error);
        answer_clear(&answers[i]);
    }
}

static void
test_many(void)
{
    look_up_many(1);
    look_up_many(3);
    look_up_many(200);
}

/* What waits for a thread of its group is answered at once when it is cancelled, and the others still are. */
static void
test_cancelled_while_waiting(void)
{
    enum { LOOKUPS = 50 };
    g_autoptr(Resolver) resolver = resolver_new();
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    Answer answers[LOOKUPS] = { 0 };
    g_auto(Answer) last = { 0 };

    for (guint i = 0; i < LOOKUPS; i++)
        resolver_lookup_async(resolver, "group", "localhost", cancellable, on_answer, &answers[i]);
    resolver_lookup_async(resolver, "group", "localhost", NULL, on_answer, &last);
    g_cancellable_cancel(cancellable);
    wait_for(&last);
    g_assert_no_error(last.error);
    for (guint i = 0; i < LOOKUPS; i++) {
        while (answers[i].count == 0)
            g_main_context_iteration(NULL, TRUE);
        if (answers[i].error)
            g_assert_error(answers[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        answer_clear(&answers[i]);
    }
}

/* The answer comes in the context that was the thread's own at the call. */
static void
test_context(void)
{
    g_autoptr(Resolver) resolver = resolver_new();
    g_autoptr(GMainContext) context = g_main_context_new();
    g_auto(Answer) name = { 0 };
    g_auto(Answer) literal = { 0 };

    g_main_context_push_thread_default(context);
    resolver_lookup_async(resolver, "group", "localhost", NULL, on_answer, &name);
    resolver_lookup_async(resolver, "group", "127.0.0.1", NULL, on_answer, &literal);
    g_main_context_pop_thread_default(context);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(name.count + literal.count, ==, 0);
    while (name.count + literal.count < 2)
        g_main_context_iteration(context, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resolver/literal", test_literal);
    g_test_add_func("/resolver/localhost", test_localhost);
    g_test_add_func("/resolver/no-such-name", test_no_such_name);
    g_test_add_func("/resolver/cancelled-before", test_cancelled_before);
    g_test_add_func("/resolver/cancelled-during", test_cancelled_during);
    g_test_add_func("/resolver/many", test_many);
    g_test_add_func("/resolver/cancelled-while-waiting", test_cancelled_while_waiting);
    g_test_add_func("/resolver/context", test_context);
    return g_test_run();
}
