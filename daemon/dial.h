/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "resolver.h"
#include "url.h"

#include <gio/gio.h>

/* Judges an address before any packet goes to it. TRUE, or FALSE and *ret_reason one sentence (free with
 * g_free()). */
typedef gboolean (*DialVet)(GInetAddress *address, gpointer user_data, char **ret_reason);

/* Where to and under which conditions. Everything is copied or referenced by dial_async(), but vet_data, which must
 * outlive the operation. */
typedef struct DialTarget {
    const Url *url;
    GTlsDatabase *trust; /* for wss */
    DialVet vet;
    gpointer vet_data;
} DialTarget;

/* A transport ready for the opening handshake. */
typedef struct DialResult {
    GIOStream *transport; /* the socket's connection, or TLS on it */
    GSocket *socket;
    char *remote_address; /* "address:port" or "[v6]:port" */
} DialResult;

void dial_result_clear(DialResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DialResult, dial_result_clear)

/*
 * Resolves the host once, vets each address, connects to one of those that passed, and for wss does the TLS handshake
 * with the host as the identity that the certificate must have. CALLBACK runs in the thread's default context.
 */
void dial_async(Resolver *resolver, const DialTarget *target, GCancellable *cancellable,
                GAsyncReadyCallback callback, gpointer user_data);

/* FALSE and an error of STAGE_ERROR (resolve, policy, connect, tls), or *ret_result (clear it). */
gboolean dial_finish(GAsyncResult *result, DialResult *ret_result, GError **error);
