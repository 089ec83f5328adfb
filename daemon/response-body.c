/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libsoup decodes bodies only behind its own session, which the opening handshake does not use. A refusal's first
 * KiB is worth showing ("token expired"), so the two framings of HTTP/1.1 are read here, without any demand on what
 * follows. A size line is at most 64 bytes.
 */

#include "response-body.h"

#include <string.h>

enum { SIZE_LINE_MAX = 64 };

void
response_body_init(ResponseBody *body, guint status, const HeaderList *headers, gsize max)
{
    const char *length = header_list_find(headers, "Content-Length", NULL);
    gboolean has_body = status >= 200 && status != 204 && status != 304;

    *body = (ResponseBody){ .bytes = g_byte_array_new(), .max = max, .left = G_MAXUINT64 };
    if (header_list_has_token(headers, "Transfer-Encoding", "chunked")) {
        body->chunked = body->in_size = TRUE;
        body->line = g_string_new(NULL);
    } else if (length && !g_ascii_string_to_unsigned(length, 10, 0, G_MAXINT64, &body->left, NULL)) {
        body->left = G_MAXUINT64;
    }
    body->complete = !has_body || body->left == 0;
}

void
response_body_clear(ResponseBody *body)
{
    g_clear_pointer(&body->bytes, g_byte_array_unref);
    if (body->line)
        g_string_free(g_steal_pointer(&body->line), TRUE);
}

static gsize
take_bytes(ResponseBody *body, const guint8 *data, gsize length)
{
    gsize n = (gsize)MIN(body->left, length), room = body->max - body->bytes->len;

    g_byte_array_append(body->bytes, data, (guint)MIN(n, room));
    if (body->left != G_MAXUINT64)
        body->left -= n;
    body->complete = body->bytes->len == body->max || (!body->chunked && body->left == 0);
    return n;
}

/* "1A;extension" and its line feed have been read. */
static void
begin_chunk(ResponseBody *body)
{
    char *end = NULL;
    guint64 size = g_ascii_strtoull(body->line->str, &end, 16);

    body->complete = end == body->line->str || size == 0 || size > G_MAXINT64;
    body->left = size;
    body->in_size = FALSE;
    g_string_truncate(body->line, 0);
}

static gsize
take_size_line(ResponseBody *body, const guint8 *data, gsize length)
{
    gsize at = 0;

    while (at < length && body->in_size && !body->complete) {
        guint8 byte = data[at++];

        if (byte == '\n' && body->line->len > 0)
            begin_chunk(body);
        else if (byte != '\r' && byte != '\n')
            g_string_append_c(body->line, (char)byte);
        if (body->line->len > SIZE_LINE_MAX)
            body->complete = TRUE;
    }
    return at;
}

void
response_body_feed(ResponseBody *body, const guint8 *data, gsize length)
{
    while (length > 0 && !body->complete) {
        gsize n = body->in_size ? take_size_line(body, data, length) : take_bytes(body, data, length);

        data += n;
        length -= n;
        /* The line feed after a chunk is skipped as an empty size line. */
        if (body->chunked && body->left == 0)
            body->in_size = TRUE;
    }
}
