/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Accounts of connections and rates, and who is admitted when. That accounts end at zero is asserted by the table. */

#include "application.h"

#include "coded-error.h"

static const ApplicationLimits wide = { .max_connections = 100,
                                        .max_connect_rate = 1000,
                                        .max_connect_interval = G_USEC_PER_SEC,
                                        .max_pending_handshakes = 100 };

static void
take(Application *application, const ApplicationLimits *limits)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(application_take_connection(application, limits, &error));
    g_assert_no_error(error);
}

static void
take_refused(Application *application, const ApplicationLimits *limits, const char *key)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *pattern = g_strdup_printf("*(%s)*", key);

    g_assert_false(application_take_connection(application, limits, &error));
    g_assert_error(error, CODED_ERROR, WSB_CODE_LIMIT_EXCEEDED);
    g_assert_true(g_pattern_match_simple(pattern, error->message));
}

static void
give_back(Application *application, guint count)
{
    while (count-- > 0)
        application_return_connection(application, /* ending= */ FALSE);
}

static void
test_connections(void)
{
    ApplicationTable *table = application_table_new(3, 64);
    Application *chat = application_table_get(table, "unit chat.service", 1000);
    Application *mail = application_table_get(table, "unit mail.service", 1000);
    Application *bobs = application_table_get(table, "unit chat.service", 1001);
    ApplicationLimits two = wide;

    two.max_connections = 2;
    g_assert_true(application_table_get(table, "unit chat.service", 1000) == chat);
    application_unref(chat);
    g_assert_true(chat != bobs && chat != mail);
    take(chat, &two);
    take(chat, &two);
    take_refused(chat, &two, "MaxConnections");
    take(mail, &two);
    take_refused(mail, &two, "MaxConnectionsPerUser");
    take(bobs, &two);
    give_back(chat, 1);
    take(mail, &two);
    give_back(chat, 1);
    give_back(mail, 2);
    give_back(bobs, 1);
    application_unref(chat);
    application_unref(mail);
    application_unref(bobs);
    application_table_free(table);
}

/* What is over for the application takes no place, but so many at most as may live. */
static void
test_ending(void)
{
    ApplicationTable *table = application_table_new(3, 64);
    Application *chat = application_table_get(table, "unit chat.service", 1000);
    Application *mail = application_table_get(table, "unit mail.service", 1000);
    ApplicationLimits two = wide;

    two.max_connections = 2;
    take(chat, &two);
    take(chat, &two);
    application_end_connection(chat);
    take(chat, &two);
    take_refused(chat, &two, "MaxConnections"); /* two live, one is ending */
    application_end_connection(chat);
    take(chat, &two);
    application_end_connection(chat);
    take_refused(chat, &two, "MaxConnections"); /* one lives, three are ending */
    application_return_connection(chat, /* ending= */ TRUE);
    take(chat, &two);
    take(mail, &two);
    take_refused(mail, &two, "MaxConnectionsPerUser"); /* three live, two are ending */
    application_end_connection(mail);
    take(mail, &two);
    application_end_connection(mail);
    take_refused(mail, &two, "MaxConnectionsPerUser"); /* two live, four are ending */
    application_return_connection(chat, /* ending= */ TRUE);
    take(mail, &two);
    give_back(chat, 2);
    give_back(mail, 1);
    application_return_connection(chat, /* ending= */ TRUE);
    application_return_connection(mail, /* ending= */ TRUE);
    application_return_connection(mail, /* ending= */ TRUE);
    application_unref(chat);
    application_unref(mail);
    application_table_free(table);
}

static void
test_rate(void)
{
    ApplicationTable *table = application_table_new(100, 64);
    Application *application = application_table_get(table, "user *", 1000);
    ApplicationLimits hourly = wide, fast = wide;

    hourly.max_connect_rate = 3;
    hourly.max_connect_interval = 3600 * (gint64)G_USEC_PER_SEC;
    for (guint i = 0; i < 3; i++) {
        take(application, &hourly);
        give_back(application, 1);
    }
    take_refused(application, &hourly, "MaxConnectRate");
    /* Nobody gains a fresh bucket by letting go of the account. */
    application_unref(application);
    application = application_table_get(table, "user *", 1000);
    take_refused(application, &hourly, "MaxConnectRate");
    /* It fills as time goes by. */
    fast.max_connect_rate = 1000;
    while (!application_take_connection(application, &fast, NULL))
        ;
    give_back(application, 1);
    application_unref(application);
    application_table_free(table);
}

/* What is refused for the number of connections counts towards the rate. */
static void
test_refusals_cost(void)
{
    ApplicationTable *table = application_table_new(100, 64);
    Application *application = application_table_get(table, "user *", 1000);
    ApplicationLimits limits = { .max_connections = 1,
                                 .max_connect_rate = 3,
                                 .max_connect_interval = 3600 * (gint64)G_USEC_PER_SEC,
                                 .max_pending_handshakes = 1 };

    take(application, &limits);
    take_refused(application, &limits, "MaxConnections");
    take_refused(application, &limits, "MaxConnections");
    take_refused(application, &limits, "MaxConnectRate");
    give_back(application, 1);
    application_unref(application);
    application_table_free(table);
}

/* Admission. Each attempt is a letter; `order` says who was admitted when. */

typedef struct Attempt {
    char letter;
    GString *order;
    Admission *admission;
} Attempt;

static void
on_admitted(gpointer user_data)
{
    Attempt *attempt = user_data;

    g_string_append_c(attempt->order, attempt->letter);
}

static void
attempt_begin(Attempt *attempt, char letter, GString *order, Application *application, guint max_pending)
{
    *attempt = (Attempt){ .letter = letter, .order = order };
    attempt->admission = admission_request(application, max_pending, on_admitted, attempt);
}

static void
attempt_end(Attempt *attempt)
{
    g_clear_pointer(&attempt->admission, admission_free);
}

static void
test_admission_of_one(void)
{
    ApplicationTable *table = application_table_new(100, 64);
    Application *application = application_table_get(table, "user *", 1000);
    g_autoptr(GString) order = g_string_new(NULL);
    Attempt attempts[5];

    for (guint i = 0; i < G_N_ELEMENTS(attempts); i++)
        attempt_begin(&attempts[i], (char)('a' + i), order, application, 2);
    g_assert_cmpstr(order->str, ==, "ab");
    attempt_end(&attempts[3]); /* gives up while it waits */
    attempt_end(&attempts[1]);
    g_assert_cmpstr(order->str, ==, "abc");
    attempt_end(&attempts[0]);
    g_assert_cmpstr(order->str, ==, "abce");
    attempt_end(&attempts[2]);
    attempt_end(&attempts[4]);
    g_assert_cmpstr(order->str, ==, "abce");
    application_unref(application);
    application_table_free(table);
}

/* One with many attempts does not keep another waiting for more than its turn. */
static void
test_admission_in_turn(void)
{
    ApplicationTable *table = application_table_new(100, 2);
    Application *many = application_table_get(table, "user *", 1000);
    Application *few = application_table_get(table, "user *", 1001);
    g_autoptr(GString) order = g_string_new(NULL);
    Attempt of_many[6], of_few[2];

    for (guint i = 0; i < G_N_ELEMENTS(of_many); i++)
        attempt_begin(&of_many[i], (char)('a' + i), order, many, 8);
    for (guint i = 0; i < G_N_ELEMENTS(of_few); i++)
        attempt_begin(&of_few[i], (char)('x' + i), order, few, 8);
    g_assert_cmpstr(order->str, ==, "ab");
    attempt_end(&of_many[0]);
    attempt_end(&of_many[1]);
    g_assert_cmpstr(order->str, ==, "abcx");
    attempt_end(&of_many[2]);
    attempt_end(&of_few[0]);
    g_assert_cmpstr(order->str, ==, "abcxdy");
    for (guint i = 0; i < G_N_ELEMENTS(of_few); i++)
        attempt_end(&of_few[i]);
    for (guint i = 0; i < G_N_ELEMENTS(of_many); i++)
        attempt_end(&of_many[i]);
    application_unref(many);
    application_unref(few);
    application_table_free(table);
}

/* The first certificates are free; then there is a wait, which is not forgotten with the last holder. */
static void
test_certificates(void)
{
    ApplicationTable *table = application_table_new(100, 1);
    Application *application = application_table_get(table, "user *", 1000);
    Application *other = application_table_get(table, "user *", 1001);

    g_assert_cmpint(application_get_delay(application), ==, 0);
    application_charge(application, G_USEC_PER_SEC / 5);
    g_assert_cmpint(application_get_delay(application), ==, 0);
    application_charge(application, 60 * (gint64)G_USEC_PER_SEC);
    g_assert_cmpint(application_get_delay(application), >, 500 * (gint64)G_USEC_PER_SEC);
    g_assert_cmpint(application_get_delay(application), <, 600 * (gint64)G_USEC_PER_SEC);
    g_assert_cmpint(application_get_delay(other), ==, 0);
    application_unref(application);
    application_unref(other);
    application = application_table_get(table, "user *", 1000);
    other = application_table_get(table, "user *", 1002);
    g_assert_cmpint(application_get_delay(application), >, 0);
    application_unref(application);
    application_unref(other);
    application_table_free(table);
}

/* The account outlives its last holder for as long as an admission needs it. */
static void
test_admission_holds_the_account(void)
{
    ApplicationTable *table = application_table_new(100, 1);
    Application *application = application_table_get(table, "user *", 1000);
    g_autoptr(GString) order = g_string_new(NULL);
    Attempt first, second;

    attempt_begin(&first, 'a', order, application, 8);
    attempt_begin(&second, 'b', order, application, 8);
    application_unref(application);
    attempt_end(&first);
    g_assert_cmpstr(order->str, ==, "ab");
    attempt_end(&second);
    application_table_free(table);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/application/connections", test_connections);
    g_test_add_func("/application/ending", test_ending);
    g_test_add_func("/application/rate", test_rate);
    g_test_add_func("/application/refusals-cost", test_refusals_cost);
    g_test_add_func("/application/admission-of-one", test_admission_of_one);
    g_test_add_func("/application/admission-in-turn", test_admission_in_turn);
    g_test_add_func("/application/admission-holds-the-account", test_admission_holds_the_account);
    g_test_add_func("/application/certificates", test_certificates);
    return g_test_run();
}
