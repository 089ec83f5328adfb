/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A stream on BASE (pollable), for TLS to stand on: it reads as much as there is, not what it is asked for. SOCKET is
 * what BASE in turn stands on. Both are referenced. */
GIOStream *read_ahead_new(GIOStream *base, GSocket *socket);

/* Whether nothing is in the buffer of STREAM, of read_ahead_new(). */
gboolean read_ahead_is_empty(const GIOStream *stream);

/*
 * From now on STREAM, of read_ahead_new(), is not there for another TLS handshake (RFC 5246 section 7.4.1.1): the
 * connection of a server that asks for one breaks.
 */
void read_ahead_refuse_handshakes(GIOStream *stream);
