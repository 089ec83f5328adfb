/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A stream on BASE (pollable), for TLS to stand on: it reads as much as there is, not what it is asked for. SOCKET is
 * what BASE in turn stands on. Both are referenced. */
GIOStream *read_ahead_new(GIOStream *base, GSocket *socket);

/* Whether nothing is in the buffer of STREAM, of read_ahead_new(). */
gboolean read_ahead_is_empty(const GIOStream *stream);

/*
 * A reader above TLS has come to poll. A server can send without end what brings a reader nothing (session tickets, RFC
 * 8446 section 4.6.1), so STREAM, of read_ahead_new(), gives TLS some 128 KiB at most from here to the next call, and
 * then says that there is no more. A source of the stream's is such a call too.
 */
void read_ahead_begin(GIOStream *stream);

/* Whether that is what polling STREAM, of read_ahead_new(), now comes to, whatever the socket has. */
gboolean read_ahead_is_held(const GIOStream *stream);

/*
 * From now on STREAM, of read_ahead_new(), is not there for another TLS handshake (RFC 5246 section 7.4.1.1): the
 * connection of a server that asks for one breaks.
 */
void read_ahead_refuse_handshakes(GIOStream *stream);
