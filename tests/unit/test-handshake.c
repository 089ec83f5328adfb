/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The opening handshake against a server that the test plays, byte by byte where that could matter. */

#include "handshake-attempt.h"

#include "bytes.h"
#include "row.h"

#include <string.h>

#define UPGRADED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

/* The request. */

static void
test_request(void)
{
    g_autoptr(Attempt) attempt = attempt_new();
    g_autofree char *key = NULL, *version = NULL;
    g_autofree guchar *nonce = NULL;
    gsize length = 0;

    attempt_start(attempt, "ws://example.com?x=1");
    g_assert_true(g_str_has_prefix(attempt->request, "GET /?x=1 HTTP/1.1\r\nHost: example.com\r\n"));
    g_assert_nonnull(strcasestr(attempt->request, "\r\nUpgrade: websocket\r\n"));
    g_assert_nonnull(strcasestr(attempt->request, "\r\nConnection: Upgrade\r\n"));
    version = attempt_get_header(attempt, "Sec-WebSocket-Version");
    g_assert_cmpstr(version, ==, "13");
    key = attempt_get_header(attempt, "Sec-WebSocket-Key");
    nonce = g_base64_decode(key, &length);
    g_assert_cmpuint(length, ==, 16);
    g_assert_null(strstr(attempt->request, "Sec-WebSocket-Protocol"));
    g_assert_null(strstr(attempt->request, "Sec-WebSocket-Extensions"));
    g_assert_null(strstr(attempt->request, "Authorization"));
    g_assert_null(strstr(attempt->request, "Origin"));
    g_cancellable_cancel(attempt->cancellable);
    attempt_wait(attempt);
}

static void
test_request_extras(void)
{
    static const char *const protocols[] = { "a", "b", NULL };
    g_autoptr(Attempt) attempt = attempt_new();
    g_autofree char *protocol = NULL, *authorization = NULL;

    attempt->protocols = protocols;
    attempt->headers = header_list_new();
    header_list_append(attempt->headers, "name1", "value1");
    header_list_append(attempt->headers, "Repeated", "1");
    header_list_append(attempt->headers, "Repeated", "2");
    attempt_start(attempt, "ws://Aladdin:open%20sesame@EXAMPLE.com:8080/a%20b");
    g_assert_true(g_str_has_prefix(attempt->request, "GET /a%20b HTTP/1.1\r\nHost: example.com:8080\r\n"));
    protocol = attempt_get_header(attempt, "Sec-WebSocket-Protocol");
    g_assert_cmpstr(protocol, ==, "a, b");
    authorization = attempt_get_header(attempt, "Authorization");
    g_assert_cmpstr(authorization, ==, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    g_assert_nonnull(strstr(attempt->request, "\r\nname1: value1\r\nRepeated: 1\r\nRepeated: 2\r\n"));
    g_assert_null(strstr(attempt->request, "sesame"));
    g_cancellable_cancel(attempt->cancellable);
    attempt_wait(attempt);
}

static void
test_keys_differ(void)
{
    g_autoptr(Attempt) one = attempt_new();
    g_autoptr(Attempt) two = attempt_new();

    attempt_start(one, "ws://example.com/");
    attempt_start(two, "ws://example.com/");
    g_assert_cmpstr(one->accept, !=, two->accept);
    g_cancellable_cancel(one->cancellable);
    g_cancellable_cancel(two->cancellable);
    attempt_wait(one);
    attempt_wait(two);
}

/* Right answers. */

static const char *const right_answers[] = {
    UPGRADED "Sec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    "HTTP/1.1 101 Whatever\r\nupgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\n"
    "sec-websocket-accept: $ACCEPT\r\nServer: x\r\n\r\n",
    "HTTP/1.1 101\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n" UPGRADED "Sec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" UPGRADED
    "Sec-WebSocket-Accept: $ACCEPT\r\n\r\n",
};

static void
test_right_answers(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(right_answers); i++) {
        for (gsize piece = 0; piece <= 3; piece++) {
            g_autoptr(Attempt) attempt = attempt_run(right_answers[i], NULL, piece, FALSE);

            test_row(right_answers[i]);
            g_assert_true(attempt->success);
            g_assert_cmpstr(attempt->result.protocol, ==, "");
            g_assert_cmpuint(g_bytes_get_size(attempt->result.leftover), ==, 0);
            g_assert_cmpstr(header_list_find(attempt->result.headers, "Sec-WebSocket-Accept", NULL), ==,
                            attempt->accept);
        }
    }
}

static void
test_answer_headers(void)
{
    g_autoptr(Attempt) attempt =
        attempt_run(UPGRADED "Sec-WebSocket-Accept: $ACCEPT\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
                             "X-Latin: caf\xe9\r\nX-Text: caf\xc3\xa9\r\n\r\n",
                    NULL, 0, FALSE);
    guint count = 0;

    g_assert_true(attempt->success);
    g_assert_null(header_list_find(attempt->result.headers, "set-cookie", &count));
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpstr(header_list_find(attempt->result.headers, "X-Latin", NULL), ==, "caf\xc3\xa9");
    g_assert_cmpstr(header_list_find(attempt->result.headers, "X-Text", NULL), ==, "caf\xc3\xa9");
}

/* What comes in the same packet as the 101 belongs to the WebSocket. */
static void
test_leftover(void)
{
    static const char frames[] = "\x81\x02hi\0\r\n\r\nmore";

    for (gsize split = 0; split < 2; split++) {
        g_autoptr(Attempt) attempt = attempt_new();
        g_autoptr(GByteArray) answer = g_byte_array_new();
        g_autofree char *head = NULL;
        gconstpointer leftover;
        gsize length;

        attempt_start(attempt, "ws://example.com/");
        head = attempt_fill_in(attempt, UPGRADED "Sec-WebSocket-Accept: $ACCEPT\r\n\r\n");
        g_byte_array_append(answer, (const guint8 *)head, (guint)strlen(head));
        g_byte_array_append(answer, (const guint8 *)frames, sizeof(frames));
        /* All at once, or the last byte of the head together with the frames. */
        length = split == 0 ? 0 : strlen(head) - 1;
        attempt_send(attempt, (const char *)answer->data, length, MAX(length, 1));
        attempt_send(attempt, (const char *)answer->data + length, answer->len - length, answer->len);
        attempt_wait(attempt);
        g_assert_true(attempt->success);
        leftover = g_bytes_get_data(attempt->result.leftover, &length);
        assert_bytes(leftover, length, frames, sizeof(frames));
    }
}

static const struct ProtocolCase {
    const char *answer; /* lines added to a right answer */
    gboolean offered;
    const char *chosen; /* NULL: refused */
} protocol_cases[] = {
    { "", TRUE, "" },
    { "Sec-WebSocket-Protocol: a\r\n", TRUE, "a" },
    { "sec-websocket-protocol: b\r\n", TRUE, "b" },
    { "Sec-WebSocket-Protocol: c\r\n", TRUE, NULL },
    { "Sec-WebSocket-Protocol: A\r\n", TRUE, NULL },
    { "Sec-WebSocket-Protocol: a, b\r\n", TRUE, NULL },
    { "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n", TRUE, NULL },
    { "Sec-WebSocket-Protocol:\r\n", TRUE, NULL },
    { "Sec-WebSocket-Protocol: a\r\n", FALSE, NULL },
};

static void
test_protocol(void)
{
    static const char *const offered[] = { "a", "b", NULL };

    for (gsize i = 0; i < G_N_ELEMENTS(protocol_cases); i++) {
        const struct ProtocolCase *row = &protocol_cases[i];
        g_autofree char *answer =
            g_strconcat(UPGRADED "Sec-WebSocket-Accept: $ACCEPT\r\n", row->answer, "\r\n", NULL);
        g_autoptr(Attempt) attempt = attempt_run(answer, row->offered ? offered : NULL, 0, FALSE);

        test_row(row->answer);
        g_assert_cmpint(attempt->success, ==, row->chosen != NULL);
        if (row->chosen)
            g_assert_cmpstr(attempt->result.protocol, ==, row->chosen);
        else
            g_assert_cmpint(attempt->failure->stage, ==, STAGE_HANDSHAKE);
    }
}

/* Wrong answers. */

static const char *const wrong_answers[] = {
    /* A 101 that is none. */
    UPGRADED "\r\n",
    UPGRADED "Sec-WebSocket-Accept: x\r\n\r\n",
    UPGRADED "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    UPGRADED "Sec-WebSocket-Accept: $ACCEPT\r\nSec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    UPGRADED "Sec-WebSocket-Accept: $ACCEPT\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    "HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    "HTTP/1.1 101 x\r\nUpgrade: websocket, h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    "$ACCEPT\r\n\r\n",
    UPGRADED "Upgrade: h2c\r\nSec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    "HTTP/1.0 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $ACCEPT\r\n\r\n",
    /* No HTTP. */
    "\r\n\r\n",
    "HTTP/1.1\r\n\r\n",
    "HTTP/2 101 x\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "\x15\x03\x01\r\n\r\n",
    "HTTP/1.1 xxx\r\n\r\n",
};

static void
test_wrong_answers(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(wrong_answers); i++) {
        for (gsize piece = 0; piece <= 1; piece++) {
            g_autoptr(Attempt) attempt = attempt_run(wrong_answers[i], NULL, piece, FALSE);

            test_row(wrong_answers[i]);
            g_assert_false(attempt->success);
            g_assert_cmpint(attempt->failure->stage, ==, STAGE_HANDSHAKE);
            g_assert_cmpuint(attempt->failure->code, ==, 200);
            g_assert_cmpstr(attempt->failure->message, !=, "");
            g_assert_null(attempt->result.headers);
        }
    }
}

static const char *const cut_short[] = {
    "", "H", "HTTP/1.1 101 x\r\n", UPGRADED "Sec-WebSocket-Accept: $ACCEPT\r\n\r", "HTTP/1.1 100 x\r\n\r\n",
};

static void
test_early_end(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cut_short); i++) {
        g_autoptr(Attempt) attempt = attempt_run(cut_short[i], NULL, 0, TRUE);

        test_row(cut_short[i]);
        g_assert_false(attempt->success);
        g_assert_cmpint(attempt->failure->stage, ==, STAGE_HANDSHAKE);
        g_assert_cmpuint(attempt->failure->http_status, ==, 0);
    }
}

/* An answer that never ends its head is given up at 64 KiB, however it comes. */
static void
test_endless_head(void)
{
    g_autoptr(Attempt) attempt = attempt_new();
    g_autofree char *field = g_strnfill(1000, 'x');
    g_autofree char *line = g_strdup_printf("X: %s\r\n", field);
    gsize sent = 0;

    attempt_start(attempt, "ws://example.com/");
    attempt_send(attempt, UPGRADED, strlen(UPGRADED), strlen(UPGRADED));
    while (!attempt->done && sent < 1024 * 1024) {
        attempt_send(attempt, line, strlen(line), strlen(line));
        sent += strlen(line);
    }
    g_assert_true(attempt->done);
    g_assert_false(attempt->success);
    g_assert_cmpint(attempt->failure->stage, ==, STAGE_HANDSHAKE);
    g_assert_cmpuint(sent, >=, 63 * 1024);
    g_assert_cmpuint(sent, <=, 72 * 1024);
}

/* Just below it, all is well. */
static void
test_long_head(void)
{
    g_autofree char *value = g_strnfill(60 * 1024, 'x');
    g_autofree char *answer =
        g_strdup_printf("%sSec-WebSocket-Accept: $ACCEPT\r\nX: %s\r\n\r\n", UPGRADED, value);
    g_autoptr(Attempt) attempt = attempt_run(answer, NULL, 1000, FALSE);

    g_assert_true(attempt->success);
    g_assert_cmpstr(header_list_find(attempt->result.headers, "X", NULL), ==, value);
}

/* Interim answers count, however short each is. */
static void
test_endless_interim(void)
{
    static const char interim[] = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
    g_autoptr(Attempt) attempt = attempt_new();
    gsize sent = 0;

    attempt_start(attempt, "ws://example.com/");
    for (; sent < (gsize)256 * 1024 && !attempt->done; sent += strlen(interim))
        attempt_send(attempt, interim, strlen(interim), strlen(interim));
    g_assert_true(attempt->done);
    g_assert_false(attempt->success);
    g_assert_cmpuint(sent, <, 70 * 1024);
    g_assert_cmpstr(attempt->failure->message, ==, "The answer has more than 64 KiB of header");
}

/* Many small fields would cost as much work as the head has bytes, and each costs the bus more than that. */
static void
test_many_fields(void)
{
    enum { OWN_FIELDS = 3, FIELDS_MAX = 512 };

    for (guint more = 0; more <= 1; more++) {
        g_autoptr(GString) answer = g_string_new(UPGRADED "Sec-WebSocket-Accept: $ACCEPT\r\n");
        g_autoptr(Attempt) attempt = NULL;

        for (guint i = 0; i < FIELDS_MAX - OWN_FIELDS + more; i++)
            g_string_append_printf(answer, "X-%u: x\r\n", i);
        g_string_append(answer, "\r\n");
        attempt = attempt_run(answer->str, NULL, 0, FALSE);
        g_assert_cmpint(attempt->success, ==, more == 0);
        if (more == 0)
            g_assert_cmpuint(header_list_length(attempt->result.headers), ==, FIELDS_MAX);
        else
            g_assert_cmpint(attempt->failure->stage, ==, STAGE_HANDSHAKE);
    }
}

/* Refusals with a body. */

static const struct Refusal {
    const char *answer;
    guint status;
    const char *body;
    gboolean close_after; /* the body ends with the stream */
} refusals[] = {
    { "HTTP/1.1 401 Unauthorized\r\nContent-Length: 13\r\nWWW-Authenticate: Basic\r\n\r\ntoken expired", 401,
      "token expired", FALSE },
    { "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403, "", FALSE },
    { "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntoken\r\n8\r\n expired\r\n0\r\n\r\n",
      404, "token expired", FALSE },
    { "HTTP/1.1 500 x\r\n\r\ntoken expired", 500, "token expired", TRUE },
    { "HTTP/1.1 500 x\r\nContent-Length: 100\r\n\r\ntoken", 500, "token", TRUE },
    { "HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\nContent-Length: 0\r\n\r\n", 302, "", FALSE },
    { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", FALSE },
    { "HTTP/1.1 204 No Content\r\n\r\n", 204, "", FALSE },
    { "HTTP/1.0 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 403, "no", FALSE },
    { "HTTP/1.0 503 x\r\n\r\nlater", 503, "later", TRUE },
    { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 x\r\nContent-Length: 2\r\n\r\nno", 401, "no", FALSE },
};

static void
test_refusals(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        const struct Refusal *row = &refusals[i];

        test_row(row->answer);
        for (gsize piece = 0; piece <= 2; piece++) {
            g_autoptr(Attempt) attempt = attempt_run(row->answer, NULL, piece, row->close_after);
            const Failure *failure = attempt->failure;

            g_assert_false(attempt->success);
            g_assert_cmpint(failure->stage, ==, STAGE_HANDSHAKE);
            g_assert_cmpuint(failure->http_status, ==, row->status);
            g_assert_nonnull(failure->headers);
            assert_bytes(g_bytes_get_data(failure->body, NULL), g_bytes_get_size(failure->body), row->body,
                         strlen(row->body));
        }
    }
}

static void
test_refusal_headers(void)
{
    g_autoptr(Attempt) attempt = attempt_run(refusals[0].answer, NULL, 0, FALSE);

    g_assert_cmpstr(header_list_find(attempt->failure->headers, "www-authenticate", NULL), ==, "Basic");
    g_assert_nonnull(strstr(attempt->failure->message, "401"));
}

/* Of a long body its first KiB, and no waiting for the rest. */
static void
test_long_body(void)
{
    g_autofree char *body = g_strnfill(3000, 'x');
    g_autofree char *answer = g_strdup_printf("HTTP/1.1 503 x\r\nContent-Length: 1000000\r\n\r\n%s", body);

    for (gsize piece = 0; piece <= 700; piece += 350) {
        g_autoptr(Attempt) attempt = attempt_run(answer, NULL, piece, FALSE);

        g_assert_cmpuint(attempt->failure->http_status, ==, 503);
        g_assert_cmpuint(g_bytes_get_size(attempt->failure->body), ==, 1024);
    }
}

/* A server that promises a body and sends none does not hold up its refusal. */
static void
test_missing_body(void)
{
    g_autoptr(Attempt) attempt = attempt_run("HTTP/1.1 401 x\r\nContent-Length: 5\r\n\r\nhe", NULL, 0, FALSE);

    g_assert_cmpuint(attempt->failure->http_status, ==, 401);
    assert_bytes(g_bytes_get_data(attempt->failure->body, NULL), g_bytes_get_size(attempt->failure->body),
                 "he", 2);
}

/* Cancelling. */

static const char *const waits[] = {
    "",
    "HTTP/1.1 101 x\r\n",
    "HTTP/1.1 100 x\r\n\r\n",
    "HTTP/1.1 401 x\r\nContent-Length: 5\r\n\r\nhe",
};

static void
test_cancel(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(waits); i++) {
        g_autoptr(Attempt) attempt = attempt_new();

        test_row(waits[i]);
        attempt_start(attempt, "ws://example.com/");
        attempt_send(attempt, waits[i], strlen(waits[i]), MAX(strlen(waits[i]), 1));
        g_assert_false(attempt->done);
        g_cancellable_cancel(attempt->cancellable);
        attempt_wait(attempt);
        g_assert_false(attempt->success);
    }
}

static void
test_cancel_before(void)
{
    g_autoptr(Attempt) attempt = attempt_new();
    char byte;

    g_cancellable_cancel(attempt->cancellable);
    attempt_begin(attempt, "ws://example.com/");
    g_assert_false(attempt->done); /* never from within the call */
    attempt_wait(attempt);
    g_assert_false(attempt->success);
    g_assert_cmpint(socket_pair_read(attempt->pair, &byte, 1), ==, -1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/handshake/request", test_request);
    g_test_add_func("/handshake/request-extras", test_request_extras);
    g_test_add_func("/handshake/keys-differ", test_keys_differ);
    g_test_add_func("/handshake/right-answers", test_right_answers);
    g_test_add_func("/handshake/answer-headers", test_answer_headers);
    g_test_add_func("/handshake/leftover", test_leftover);
    g_test_add_func("/handshake/protocol", test_protocol);
    g_test_add_func("/handshake/wrong-answers", test_wrong_answers);
    g_test_add_func("/handshake/early-end", test_early_end);
    g_test_add_func("/handshake/endless-head", test_endless_head);
    g_test_add_func("/handshake/long-head", test_long_head);
    g_test_add_func("/handshake/endless-interim", test_endless_interim);
    g_test_add_func("/handshake/many-fields", test_many_fields);
    g_test_add_func("/handshake/refusals", test_refusals);
    g_test_add_func("/handshake/refusal-headers", test_refusal_headers);
    g_test_add_func("/handshake/long-body", test_long_body);
    g_test_add_func("/handshake/missing-body", test_missing_body);
    g_test_add_func("/handshake/cancel", test_cancel);
    g_test_add_func("/handshake/cancel-before", test_cancel_before);
    return g_test_run();
}
