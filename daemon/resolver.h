/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* Looks up names on threads of its own: GIO's shared pool is full of TLS handshakes when servers stall. */
typedef struct Resolver Resolver;

Resolver *resolver_new(void);
/* Waits for no lookup: those under way end in their threads, unheard. */
void resolver_free(Resolver *resolver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Resolver, resolver_free)

/*
 * Looks up the addresses of HOST, which is a name or a literal address; a literal needs no thread. GROUP says on whose
 * behalf: the lookups of one group share a few threads, so that one whose name servers do not answer holds up nobody
 * else. CALLBACK runs in the thread's default context of the call; on CANCELLABLE it does so at once, whatever the
 * lookup is at (its thread stays taken until the name servers have answered).
 */
void resolver_lookup_async(Resolver *resolver, const char *group, const char *host, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);

/* The addresses (of GInetAddress, at least one, in the order in which they should be tried), or NULL and an error of
 * domain G_RESOLVER_ERROR or G_IO_ERROR. Free with g_ptr_array_unref(). */
GPtrArray *resolver_lookup_finish(GAsyncResult *result, GError **error);
