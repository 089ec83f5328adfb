/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * What is offered (RFC 7692 section 7.1). Messages are never sent compressed, which the extension leaves to each side: the
 * length of a compressed message tells of its content, and no application has asked for that. So the server need not
 * keep a window for what we send.
 */
#define PERMESSAGE_DEFLATE_OFFER "permessage-deflate; client_no_context_takeover"

/* What the server has agreed to. All zero: the extension is not in use. */
typedef struct PermessageDeflate {
    gboolean agreed;
    gboolean server_no_context_takeover; /* each of its messages is compressed by itself */
    guint8 server_max_window_bits;       /* 8 to 15: its window is two to the power of it, in bytes */
} PermessageDeflate;

/* Reads VALUE, that of the response's one Sec-WebSocket-Extensions (RFC 6455 section 9.1), as an answer to the offer.
 * Returns what is wrong with it (static), or NULL. */
const char *permessage_deflate_accept(const char *value, PermessageDeflate *ret_agreed);
