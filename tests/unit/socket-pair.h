/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A transport of the code under test, and the raw descriptor of its peer, which the test plays. */
typedef struct SocketPair {
    GSocket *socket;
    GIOStream *transport; /* of `socket` */
    int peer;             /* not blocking; -1 once closed */
} SocketPair;

/* TYPE is SOCK_STREAM, or SOCK_SEQPACKET where the test counts writes: then each arrives by itself. */
SocketPair *socket_pair_new(int type);
void socket_pair_free(SocketPair *pair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SocketPair, socket_pair_free)

void socket_pair_close_peer(SocketPair *pair);

/* The peer writes all of LENGTH bytes, which the socket's buffer must have room for. */
void socket_pair_write(SocketPair *pair, gconstpointer data, gsize length);

/* What the peer can read at once, one read's worth, at most SIZE bytes; -1 when there is nothing yet. */
gssize socket_pair_read(SocketPair *pair, gpointer buffer, gsize size);

/* Bytes that the peer wrote and nobody has read. */
gsize socket_pair_unread(const SocketPair *pair);
