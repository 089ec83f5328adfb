/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "failure.h"
#include "header-list.h"
#include "permessage-deflate.h"
#include "url.h"

#include <gio/gio.h>

/* What the opening handshake (RFC 6455 section 4) came to. */
typedef struct HandshakeResult {
    HeaderList *headers; /* of the response */
    char *protocol;      /* the subprotocol chosen; "" for none */
    char *extensions;    /* the extensions, as the server wrote them; "" for none */
    PermessageDeflate deflate;
    GBytes *leftover; /* bytes behind the response, which belong to the WebSocket; may be empty */
} HandshakeResult;

void handshake_result_clear(HandshakeResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HandshakeResult, handshake_result_clear)

/* What is asked for. Nothing in it is owned or kept. */
typedef struct HandshakeRequest {
    const Url *url;
    const HeaderList *headers;    /* extra ones, which have been validated; NULL: none */
    const char *const *protocols; /* subprotocols to offer; NULL: none */
    gboolean offer_deflate;       /* permessage-deflate (RFC 7692) */
} HandshakeRequest;

/*
 * Sends the upgrade request, reads the answer, at most 64 KiB of it, and checks it as section 4.1 demands. CALLBACK
 * runs in the thread's default context. The operation has no deadline of its own: cancel it.
 */
void handshake_async(GIOStream *transport, const HandshakeRequest *request, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer user_data);

/* TRUE and *ret_result (clear it); or FALSE and *ret_failure (free it), with status, headers and body where the
 * server answered something other than 101. */
gboolean handshake_finish(GAsyncResult *result, HandshakeResult *ret_result, Failure **ret_failure);
