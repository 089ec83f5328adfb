/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An attempt to connect: whatever ends it, it is told once, rightly, and nothing of it is left. */

#include "connection.h"

#include <gio/gio.h>

/* A server that accepts and says nothing, one attempt or several, and what was told of each. */
typedef struct ConnectionFixture {
    Network network;
    Application *application;
    GSocketListener *listener;
    char *url;
    gboolean refuses_address; /* on_vet() says no */
    guint vetted;
} ConnectionFixture;

typedef struct Attempt {
    ConnectionFixture *fixture;
    Connection *connection; /* NULL once released */
    gboolean cancels_when_vetted;
    guint opened;
    guint failed;
    Stage stage;
} Attempt;

static gboolean
on_vet(G_GNUC_UNUSED GInetAddress *address, G_GNUC_UNUSED gboolean proxy, gpointer user_data,
       char **ret_reason)
{
    Attempt *attempt = user_data;

    attempt->fixture->vetted++;
    if (attempt->cancels_when_vetted)
        connection_cancel(attempt->connection);
    if (!attempt->fixture->refuses_address)
        return TRUE;
    *ret_reason = g_strdup("It is not allowed");
    return FALSE;
}

static void
on_opened(G_GNUC_UNUSED const ConnectionOpened *opened, gpointer user_data)
{
    ((Attempt *)user_data)->opened++;
}

static void
on_failed(Failure *failure, gpointer user_data)
{
    Attempt *attempt = user_data;

    attempt->failed++;
    attempt->stage = failure->stage;
    failure_free(failure);
    /* As the WebSocket does. */
    g_clear_pointer(&attempt->connection, connection_release);
}

static const ConnectionEvents events = { .vet = on_vet, .opened = on_opened, .failed = on_failed };

static void
set_up(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint16 port;

    fixture->network.hub = lane_hub_new(NULL, &error);
    g_assert_no_error(error);
    fixture->network.resolver = resolver_new();
    fixture->network.applications = application_table_new(100, 64);
    fixture->application = application_table_get(fixture->network.applications, "user *", 1000);
    fixture->listener = g_socket_listener_new();
    port = g_socket_listener_add_any_inet_port(fixture->listener, NULL, &error);
    g_assert_no_error(error);
    fixture->url = g_strdup_printf("ws://127.0.0.1:%u/", port);
}

static void
wait_until_over(const ConnectionFixture *fixture)
{
    while (fixture->network.n_connections > 0)
        lane_hub_iterate(fixture->network.hub, TRUE);
}

static void
tear_down(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    wait_until_over(fixture);
    application_unref(fixture->application);
    application_table_free(fixture->network.applications);
    resolver_free(fixture->network.resolver);
    lane_hub_free(fixture->network.hub);
    g_object_unref(fixture->listener);
    g_free(fixture->url);
}

/* ROUTE, which may be NULL for the direct one, is taken. */
static void
attempt_start(Attempt *attempt, ConnectionFixture *fixture, guint max_pending, gint64 timeout, Route *route)
{
    static const ApplicationLimits limits = { .max_connections = 100,
                                              .max_connect_rate = 1000,
                                              .max_connect_interval = G_USEC_PER_SEC };
    ConnectionRequest request = { .url = url_parse(fixture->url, 1024, NULL),
                                  .connect_timeout = timeout,
                                  .application = application_ref(fixture->application),
                                  .max_pending_handshakes = max_pending,
                                  .limits = { .max_message_size = 1024, .close_timeout = 1000 } };
    g_autoptr(GError) error = NULL;

    if (route)
        request.route = *route;
    g_assert_true(application_take_connection(fixture->application, &limits, &error));
    *attempt = (Attempt){ .fixture = fixture };
    attempt->connection =
        connection_new(&fixture->network, /* lane= */ NULL, &request, &events, attempt, &error);
    g_assert_no_error(error);
}

static void
wait_until_told(const Attempt *attempt)
{
    while (attempt->failed == 0)
        lane_hub_iterate(attempt->fixture->network.hub, TRUE);
}

enum { LONG = 3600 * 1000, SHORT = 20 }; /* ms */

#define TIMEOUT(milliseconds) ((milliseconds) * (gint64)1000)

static void
test_terminated_while_it_waits(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Attempt first, second;

    attempt_start(&first, fixture, 1, TIMEOUT(LONG), NULL);
    attempt_start(&second, fixture, 1, TIMEOUT(LONG), NULL);
    connection_terminate(second.connection, 1001, "",
                         failure_new(STAGE_CANCELLED, 0, "The service is stopping"));
    g_assert_cmpuint(second.failed, ==, 1);
    g_assert_cmpint(second.stage, ==, STAGE_CANCELLED);
    g_assert_cmpuint(first.failed, ==, 0);
    connection_terminate(first.connection, 1001, "",
                         failure_new(STAGE_CANCELLED, 0, "The service is stopping"));
    g_assert_cmpuint(first.failed, ==, 1);
    wait_until_over(fixture);
}

static void
test_released_while_it_waits(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Attempt first, second, third;

    attempt_start(&first, fixture, 1, TIMEOUT(LONG), NULL);
    attempt_start(&second, fixture, 1, TIMEOUT(LONG), NULL);
    attempt_start(&third, fixture, 1, TIMEOUT(LONG), NULL);
    connection_release(second.connection);
    g_assert_cmpuint(fixture->network.n_connections, ==, 2);
    connection_release(first.connection);
    connection_release(third.connection);
    wait_until_over(fixture);
    g_assert_cmpuint(first.failed + second.failed + third.failed, ==, 0);
}

static void
test_out_of_time_while_it_waits(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Attempt first, second;

    attempt_start(&first, fixture, 1, TIMEOUT(LONG), NULL);
    attempt_start(&second, fixture, 1, TIMEOUT(SHORT), NULL);
    wait_until_told(&second);
    g_assert_cmpint(second.stage, ==, STAGE_TIMEOUT);
    g_assert_cmpuint(first.failed, ==, 0);
    connection_release(first.connection);
}

static void
test_out_of_time(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Attempt attempt;

    attempt_start(&attempt, fixture, 1, TIMEOUT(SHORT), NULL);
    wait_until_told(&attempt);
    g_assert_cmpint(attempt.stage, ==, STAGE_TIMEOUT);
}

/* ACCEPTANCE row 30: the time was the proxy's. */
static void
test_out_of_time_at_the_proxy(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(Url) silent = url_parse(fixture->url, 1024, NULL);
    Route route = { .kind = ROUTE_HTTP,
                    .chosen_by_application = TRUE,
                    .host = g_strdup(silent->host),
                    .port = silent->port };
    Attempt attempt;

    attempt_start(&attempt, fixture, 1, TIMEOUT(SHORT), &route);
    wait_until_told(&attempt);
    g_assert_cmpint(attempt.stage, ==, STAGE_PROXY);
}

/* Nothing is told, nor asked, from within connection_new(): who calls it has no connection yet. */
static void
test_nothing_is_asked_too_early(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Attempt direct, through_proxy;
    Route route = { .kind = ROUTE_HTTP, .host = g_strdup("127.0.0.1"), .port = 1 };

    attempt_start(&direct, fixture, 8, TIMEOUT(LONG), NULL);
    g_assert_cmpuint(fixture->vetted, ==, 0);
    attempt_start(&through_proxy, fixture, 8, TIMEOUT(LONG), &route);
    g_assert_cmpuint(fixture->vetted, ==, 0);
    connection_release(direct.connection);
    wait_until_told(&through_proxy);
    g_assert_cmpint(through_proxy.stage, ==, STAGE_PROXY);
    /* The proxy is an administrator's; the literal address behind it is vetted all the same. */
    g_assert_cmpuint(fixture->vetted, ==, 1);
}

static void
test_literal_behind_a_proxy(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Route route = { .kind = ROUTE_HTTP, .host = g_strdup("127.0.0.1"), .port = 1 };
    Attempt attempt;

    fixture->refuses_address = TRUE;
    attempt_start(&attempt, fixture, 8, TIMEOUT(LONG), &route);
    wait_until_told(&attempt);
    g_assert_cmpint(attempt.stage, ==, STAGE_POLICY);
}

/* Whatever the step under way comes to in the same turn. */
static void
test_cancelled_as_a_step_fails(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Attempt attempt;

    attempt_start(&attempt, fixture, 1, TIMEOUT(LONG), NULL);
    attempt.cancels_when_vetted = TRUE;
    fixture->refuses_address = TRUE;
    wait_until_told(&attempt);
    g_assert_cmpint(attempt.stage, ==, STAGE_CANCELLED);
    wait_until_over(fixture);
    g_assert_cmpuint(attempt.failed, ==, 1);
}

static void
on_accepted(GObject *source, GAsyncResult *result, gpointer user_data)
{
    *(GSocketConnection **)user_data =
        g_socket_listener_accept_finish(G_SOCKET_LISTENER(source), result, NULL, NULL);
    g_assert_nonnull(*(GSocketConnection **)user_data);
}

/* A policy that changes after the address was vetted. */
static void
test_address_denied_while_it_connects(ConnectionFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GSocketConnection) accepted = NULL;
    char byte;
    Attempt attempt;

    g_socket_listener_accept_async(fixture->listener, NULL, on_accepted, &accepted);
    attempt_start(&attempt, fixture, 1, TIMEOUT(LONG), NULL);
    while (fixture->vetted == 0)
        lane_hub_iterate(fixture->network.hub, TRUE);
    fixture->refuses_address = TRUE;
    wait_until_told(&attempt);
    g_assert_cmpint(attempt.stage, ==, STAGE_POLICY);
    g_assert_cmpuint(attempt.opened, ==, 0);
    while (!accepted)
        lane_hub_iterate(fixture->network.hub, TRUE);
    wait_until_over(fixture);
    /* Not even the request was sent. */
    g_assert_cmpint(
        g_input_stream_read(g_io_stream_get_input_stream(G_IO_STREAM(accepted)), &byte, 1, NULL, NULL), <=,
        0);
}

#define ADD(name, test) g_test_add("/connection/" name, ConnectionFixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("terminated-while-it-waits", test_terminated_while_it_waits);
    ADD("released-while-it-waits", test_released_while_it_waits);
    ADD("out-of-time-while-it-waits", test_out_of_time_while_it_waits);
    ADD("out-of-time", test_out_of_time);
    ADD("out-of-time-at-the-proxy", test_out_of_time_at_the_proxy);
    ADD("nothing-is-asked-too-early", test_nothing_is_asked_too_early);
    ADD("literal-behind-a-proxy", test_literal_behind_a_proxy);
    ADD("cancelled-as-a-step-fails", test_cancelled_as_a_step_fails);
    ADD("address-denied-while-it-connects", test_address_denied_while_it_connects);
    return g_test_run();
}
