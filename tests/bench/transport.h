/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

/* A TCP socket that never blocks, with TLS or without. What is to be written is gathered, and leaves in as
 * few calls * as it takes at transport_flush(). */
typedef struct Transport {
    int fd;
    gnutls_session_t tls; /* NULL: plain */
    gboolean established; /* the TLS handshake is over */
    GByteArray *gathered; /* as the caller wrote it */
    GByteArray *sealed;   /* the same as TLS records, and what TLS itself has to say */
    gsize written;        /* of what goes to the socket */
    guint8 *ahead;        /* TLS records that were read and not yet opened */
    gsize ahead_start, ahead_end;
} Transport;

/* Takes over FD, and TLS, a session that is fully set up but for its transport (NULL for none). */
void transport_init(Transport *transport, int fd, gnutls_session_t tls);

/* Closes and frees all of it, without a good-bye. */
void transport_clear(Transport *transport);

/* Bytes, 0 at the end of the stream, -EAGAIN when there are none (of a TLS handshake that goes on as well),
 * or * another negative errno. */
gssize transport_read(Transport *transport, guint8 *buffer, gsize size);

/* Whether transport_read() may have bytes of which poll(2) knows nothing. */
gboolean transport_has_more(const Transport *transport);

/* Room for LENGTH bytes at the end of what is to be written, for the caller to fill before its next call. */
guint8 *transport_reserve(Transport *transport, gsize length);

/* 0 when all was written, -EAGAIN when some is left, or another negative errno. */
int transport_flush(Transport *transport);

/* How many bytes wait to be written. */
gsize transport_backlog(const Transport *transport);
