/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "failure.h"
#include "route.h"
#include "url.h"

#include <gio/gio.h>

/*
 * Has the proxy of ROUTE, to which CONNECTION is open, connect to HOST and PORT. CALLBACK runs in the thread's default
 * context. The operation has no deadline of its own: cancel it.
 */
void tunnel_async(GIOStream *connection, const Route *route, const char *host, guint16 port,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

/* The stream to HOST; or NULL and *ret_failure (free it), with the status and headers of a proxy that refused. */
GIOStream *tunnel_finish(GAsyncResult *result, Failure **ret_failure);
