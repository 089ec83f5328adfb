/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The beginning of a refusal's body in each of its framings, however it is cut. */

#include "response-body.h"

#include "bytes.h"
#include "row.h"

#include <string.h>

enum { MAX = 16 };

static const struct Case {
    guint status;
    const char *length;   /* Content-Length, or NULL */
    const char *encoding; /* Transfer-Encoding, or NULL */
    const char *bytes;
    const char *body;
    gboolean complete;
} cases[] = {
    /* Content-Length. */
    { 401, "5", NULL, "hello", "hello", TRUE },
    { 401, "5", NULL, "helloHTTP/1.1", "hello", TRUE },
    { 401, "5", NULL, "hell", "hell", FALSE },
    { 401, "0", NULL, "", "", TRUE },
    { 401, "0", NULL, "x", "", TRUE },
    { 401, "16", NULL, "0123456789abcdef", "0123456789abcdef", TRUE },
    { 401, "17", NULL, "0123456789abcdefg", "0123456789abcdef", TRUE },
    { 401, "9223372036854775807", NULL, "hello", "hello", FALSE },

    /* Until the end of the stream, also where the length is none. */
    { 401, NULL, NULL, "", "", FALSE },
    { 401, NULL, NULL, "hello", "hello", FALSE },
    { 401, NULL, NULL, "0123456789abcdefgh", "0123456789abcdef", TRUE },
    { 401, "x", NULL, "hello", "hello", FALSE },
    { 401, "-1", NULL, "hello", "hello", FALSE },
    { 401, "5x", NULL, "hello", "hello", FALSE },
    { 401, "18446744073709551616", NULL, "hello", "hello", FALSE },

    /* Chunks; the length counts for nothing then. */
    { 401, NULL, "chunked", "5\r\nhello\r\n0\r\n\r\n", "hello", TRUE },
    { 401, "1", "chunked", "5\r\nhello\r\n0\r\n\r\n", "hello", TRUE },
    { 401, "0", "Chunked", "5\r\nhello\r\n0\r\n\r\n", "hello", TRUE },
    { 401, NULL, "gzip, chunked", "2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n", "abcde", TRUE },
    { 401, NULL, "chunked", "0A\r\n0123456789\r\n", "0123456789", FALSE },
    { 401, NULL, "chunked", "a\n0123456789\n0\n\n", "0123456789", TRUE },
    { 401, NULL, "chunked", "5\r\nhel", "hel", FALSE },
    { 401, NULL, "chunked", "", "", FALSE },
    { 401, NULL, "chunked", "0\r\n", "", TRUE },
    { 401, NULL, "chunked", "20\r\n0123456789abcdefghijklmnopqrstuv\r\n", "0123456789abcdef", TRUE },
    { 401, NULL, "chunked", "5\r\nhello\r\nnonsense\r\nmore", "hello", TRUE },
    { 401, NULL, "chunked", ";\r\nhello", "", TRUE },
    { 401, NULL, "chunked", "ffffffffffffffff\r\nhello", "", TRUE },
    { 401, NULL, "chunked", "-5\r\nhello", "", TRUE },
    { 401, NULL, "chunked",
      "0000000000000000000000000000000000000000000000000000000000000000000000005\r\nhello", "", TRUE },

    /* None by its status. */
    { 204, "5", NULL, "hello", "", TRUE },
    { 304, "5", NULL, "hello", "", TRUE },
};

static void
check(const struct Case *row, gsize first, gsize piece)
{
    g_autoptr(HeaderList) headers = header_list_new();
    ResponseBody body;
    gsize at = 0, length = strlen(row->bytes), size = first;

    if (row->length)
        header_list_append(headers, "Content-Length", row->length);
    if (row->encoding)
        header_list_append(headers, "Transfer-Encoding", row->encoding);
    response_body_init(&body, row->status, headers, MAX);
    while (at < length) {
        gsize n = MIN(size, length - at);
        g_autofree guint8 *bytes = g_memdup2(row->bytes + at, n);

        response_body_feed(&body, bytes, n);
        at += n;
        size = piece;
    }
    assert_bytes(body.bytes->data, body.bytes->len, row->body, strlen(row->body));
    g_assert_cmpint(body.complete, ==, row->complete);
    response_body_clear(&body);
}

static void
test_every_split(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize length = strlen(cases[i].bytes);

        test_row(cases[i].length ? cases[i].length : "-", cases[i].encoding ? cases[i].encoding : "-",
                 cases[i].bytes);
        check(&cases[i], length, length);
        for (gsize piece = 1; piece < length; piece++) {
            check(&cases[i], piece, length);
            check(&cases[i], piece, piece);
        }
    }
}

/* Two lengths are none. */
static void
test_two_lengths(void)
{
    g_autoptr(HeaderList) headers = header_list_new();
    ResponseBody body;

    header_list_append(headers, "Content-Length", "2");
    header_list_append(headers, "content-length", "3");
    response_body_init(&body, 401, headers, MAX);
    response_body_feed(&body, (const guint8 *)"hello", 5);
    assert_bytes(body.bytes->data, body.bytes->len, "hello", 5);
    g_assert_false(body.complete);
    response_body_clear(&body);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/response-body/every-split", test_every_split);
    g_test_add_func("/response-body/two-lengths", test_two_lengths);
    return g_test_run();
}
