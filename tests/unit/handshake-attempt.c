/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server's side of an opening handshake, played over a socket pair. */

#include "handshake-attempt.h"

#include <string.h>
#include <sys/socket.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 section 1.3 */

void
attempt_free(Attempt *attempt)
{
    socket_pair_free(attempt->pair);
    g_object_unref(attempt->cancellable);
    g_clear_pointer(&attempt->headers, header_list_free);
    handshake_result_clear(&attempt->result);
    g_clear_pointer(&attempt->failure, failure_free);
    g_free(attempt->request);
    g_free(attempt->accept);
    g_free(attempt);
}
Attempt *
attempt_new(void)
{
    Attempt *attempt = g_new0(Attempt, 1);

    attempt->pair = socket_pair_new(SOCK_STREAM);
    attempt->cancellable = g_cancellable_new();
    return attempt;
}

static void
on_handshake(G_GNUC_UNUSED GObject *source, GAsyncResult *result, gpointer user_data)
{
    Attempt *attempt = user_data;

    g_assert_false(attempt->done);
    attempt->done = TRUE;
    attempt->success = handshake_finish(result, &attempt->result, &attempt->failure);
    g_assert_cmpint(attempt->failure == NULL, ==, attempt->success);
}

char *
attempt_get_header(const Attempt *attempt, const char *name)
{
    g_autofree char *line = g_strconcat("\r\n", name, ": ", NULL);
    const char *at = strstr(attempt->request, line);

    return at ? g_strndup(at + strlen(line), strcspn(at + strlen(line), "\r")) : NULL;
}

static char *
accept_for(const char *key)
{
    g_autofree char *text = g_strconcat(key, GUID, NULL);
    g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 digest[20];
    gsize length = sizeof(digest);

    g_checksum_update(sha1, (const guint8 *)text, -1);
    g_checksum_get_digest(sha1, digest, &length);
    return g_base64_encode(digest, length);
}

void
attempt_begin(Attempt *attempt, const char *url_text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Url) url = url_parse(url_text, 1024, &error);
    HandshakeRequest request;

    g_assert_no_error(error);
    request = (HandshakeRequest){ .url = url,
                                  .headers = attempt->headers,
                                  .protocols = attempt->protocols,
                                  .offer_deflate = attempt->offer_deflate };
    handshake_async(attempt->pair->transport, &request, attempt->cancellable, on_handshake, attempt);
}

void
attempt_start(Attempt *attempt, const char *url_text)
{
    g_autoptr(GString) request = g_string_new(NULL);
    g_autofree char *key = NULL;

    attempt_begin(attempt, url_text);
    while (!g_str_has_suffix(request->str, "\r\n\r\n")) {
        char buffer[4096];
        gssize n = socket_pair_read(attempt->pair, buffer, sizeof(buffer));

        g_assert_cmpint(n, !=, 0);
        if (n > 0)
            g_string_append_len(request, buffer, n);
        else
            g_main_context_iteration(NULL, TRUE);
    }
    attempt->request = g_strdup(request->str);
    key = attempt_get_header(attempt, "Sec-WebSocket-Key");
    g_assert_nonnull(key);
    attempt->accept = accept_for(key);
}

void
attempt_wait(Attempt *attempt)
{
    while (!attempt->done)
        g_main_context_iteration(NULL, TRUE);
}

void
attempt_send(Attempt *attempt, const char *bytes, gsize length, gsize piece)
{
    for (gsize at = 0; at < length && !attempt->done; at += piece) {
        socket_pair_write(attempt->pair, bytes + at, MIN(piece, length - at));
        while (!attempt->done && socket_pair_unread(attempt->pair) > 0)
            g_main_context_iteration(NULL, TRUE);
    }
}

char *
attempt_fill_in(const Attempt *attempt, const char *template)
{
    g_auto(GStrv) parts = g_strsplit(template, "$ACCEPT", -1);

    return g_strjoinv(attempt->accept, parts);
}

Attempt *
attempt_run(const char *answer, const char *const *protocols, gsize piece, gboolean close_after)
{
    Attempt *attempt = attempt_new();
    g_autofree char *text = NULL;

    attempt->protocols = protocols;
    attempt_start(attempt, "ws://example.com/");
    text = attempt_fill_in(attempt, answer);
    attempt_send(attempt, text, strlen(text), piece > 0 ? piece : strlen(text));
    if (close_after)
        socket_pair_close_peer(attempt->pair);
    attempt_wait(attempt);
    return attempt;
}
