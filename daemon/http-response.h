/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "header-list.h"

#include <gio/gio.h>

/* What an HTTP/1 server or proxy answered. Owns what it points to. */
typedef struct HttpResponse {
    guint status;
    gboolean http_1_0; /* else 1.1 */
    HeaderList *headers;
    GBytes *rest; /* accepted: the bytes that came behind the head; else NULL */
    GBytes *body; /* refused: the first KiB of the body; else NULL */
} HttpResponse;

void http_response_clear(HttpResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpResponse, http_response_clear)

/*
 * Reads one final response from STREAM: its head, of at most 64 KiB, and where ACCEPTED says no to its status the
 * beginning of its body. Interim responses (RFC 9110 section 15.2) are passed over, unless accepted. CALLBACK runs in
 * the thread's default context. The operation has no deadline of its own: cancel it.
 */
void http_response_read_async(GInputStream *stream, gboolean (*accepted)(guint status),
                              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

/* *ret_response (clear it); or FALSE and an error: of STAGE_ERROR, handshake, when the answer is at fault; of G_IO_ERROR
 * or G_TLS_ERROR when it could not be read, G_IO_ERROR_CLOSED at an early end. */
gboolean http_response_read_finish(GAsyncResult *result, HttpResponse *ret_response, GError **error);
