/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CONNECT: what is asked of a proxy, and what of its answers is believed. */

#include "tunnel.h"

#include "row.h"
#include "socket-pair.h"

#include <string.h>
#include <sys/socket.h>

typedef struct Outcome {
    gboolean done;
    GIOStream *stream;
    Failure *failure;
} Outcome;

static void
outcome_clear(Outcome *outcome)
{
    g_clear_object(&outcome->stream);
    g_clear_pointer(&outcome->failure, failure_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

static void
on_tunnel(G_GNUC_UNUSED GObject *source, GAsyncResult *result, gpointer user_data)
{
    Outcome *outcome = user_data;

    g_assert_false(outcome->done);
    outcome->done = TRUE;
    outcome->stream = tunnel_finish(result, &outcome->failure);
    g_assert_cmpint(outcome->stream == NULL, ==, outcome->failure != NULL);
}

static char *
read_request(SocketPair *pair)
{
    GString *request = g_string_new(NULL);

    while (!g_str_has_suffix(request->str, "\r\n\r\n")) {
        char buffer[1024];
        gssize n = socket_pair_read(pair, buffer, sizeof(buffer));

        if (n > 0)
            g_string_append_len(request, buffer, n);
        else
            g_main_context_iteration(NULL, TRUE);
    }
    return g_string_free(request, FALSE);
}

/* The proxy reads *ret_request (free it; may be NULL), sends ANSWER, and closes. */
static void
run(const Route *route, const char *host, const char *answer, char **ret_request, Outcome *ret_outcome)
{
    SocketPair *pair = socket_pair_new(SOCK_STREAM);
    g_autofree char *request = NULL;

    tunnel_async(pair->transport, route, host, 443, NULL, on_tunnel, ret_outcome);
    request = read_request(pair);
    socket_pair_write(pair, answer, strlen(answer));
    socket_pair_close_peer(pair);
    while (!ret_outcome->done)
        g_main_context_iteration(NULL, TRUE);
    if (ret_request)
        *ret_request = g_steal_pointer(&request);
    socket_pair_free(pair);
}

static const Route plain = { .kind = ROUTE_HTTP };

static void
test_request(void)
{
    const Route with_password = { .kind = ROUTE_HTTP, .username = "Aladdin", .password = "open sesame" };
    static const char answer[] = "HTTP/1.1 200 OK\r\n\r\n";
    g_autofree char *name = NULL, *literal = NULL;
    g_auto(Outcome) one = { 0 };
    g_auto(Outcome) two = { 0 };

    run(&plain, "example.com", answer, &name, &one);
    g_assert_cmpstr(name, ==, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
    run(&with_password, "2001:db8::1", answer, &literal, &two);
    g_assert_cmpstr(literal, ==,
                    "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n"
                    "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
}

static void
test_connected(void)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_auto(Outcome) outcome = { 0 };

        test_row(answers[i]);
        run(&plain, "example.com", answers[i], NULL, &outcome);
        g_assert_nonnull(outcome.stream);
    }
}

static void
test_refused(void)
{
    static const struct Case {
        const char *answer;
        guint status;
    } cases[] = {
        { "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", 407 },
        { "HTTP/1.0 403 Forbidden\r\n\r\nno", 403 },
        { "HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nContent-Length: 0\r\n\r\n", 302 },
        { "HTTP/1.1 200 OK\r\n\r\nbytes of the proxy's own", 0 },
        { "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", 0 },
        { "HTTP/1.1 200 OK\r\n", 0 },
        { "", 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Outcome) outcome = { 0 };

        test_row(cases[i].answer);
        run(&plain, "example.com", cases[i].answer, NULL, &outcome);
        g_assert_nonnull(outcome.failure);
        g_assert_cmpint(outcome.failure->stage, ==, STAGE_PROXY);
        g_assert_cmpuint(outcome.failure->http_status, ==, cases[i].status);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tunnel/request", test_request);
    g_test_add_func("/tunnel/connected", test_connected);
    g_test_add_func("/tunnel/refused", test_refused);
    return g_test_run();
}
