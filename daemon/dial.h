/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "failure.h"
#include "resolver.h"
#include "route.h"
#include "tls-credentials.h"
#include "url.h"

#include <gio/gio.h>

/* Judges an address before any packet goes to it, never from within dial_async(); PROXY: it is the proxy's that the
 * application named. TRUE, or FALSE and *ret_reason one sentence (free with g_free()). */
typedef gboolean (*DialVet)(GInetAddress *address, gboolean proxy, gpointer user_data, char **ret_reason);

/* Where to, by which way, and under which conditions. Everything it points to must outlive the operation. */
typedef struct DialTarget {
    const Url *url;
    const char *application; /* on whose behalf names are looked up: see resolver.h */
    const Route *route;
    const TlsCredentials *credentials; /* for wss */
    GTlsDatabase *system_trust;        /* for wss, where the credentials have none of their own */
    DialVet vet;
    gpointer vet_data;
} DialTarget;

/* A transport ready for the opening handshake. */
typedef struct DialResult {
    GIOStream *transport; /* the socket's connection, or TLS on it */
    GSocket *socket;
    char *remote_address; /* "address:port" or "[v6]:port" that was dialled: a proxy's, where there is one */
} DialResult;

void dial_result_clear(DialResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DialResult, dial_result_clear)

/*
 * Resolves the host once, or the proxy's, vets each address, connects to one of those that passed, has the proxy
 * connect to the target, and for wss does the TLS handshake with the URL's host as the identity that the certificate
 * must have. A literal address in the URL is vetted with a proxy too; a name is then the proxy's to resolve. CALLBACK
 * runs in the thread's default context.
 */
void dial_async(Resolver *resolver, const DialTarget *target, GCancellable *cancellable,
                GAsyncReadyCallback callback, gpointer user_data);

/* TRUE and *ret_result (clear it); or FALSE and *ret_failure (free it), of stage resolve, policy, connect, proxy or
 * tls. */
gboolean dial_finish(GAsyncResult *result, DialResult *ret_result, Failure **ret_failure);
