/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "application.h"
#include "failure.h"
#include "lane.h"
#include "resolver.h"
#include "upstream.h"
#include "url.h"

/* What all connections of a process share. Everything in it outlives them. */
typedef struct Network {
    LaneHub *hub;
    Resolver *resolver;
    GTlsDatabase *trust;
    TrustCache *trust_cache; /* of what applications trust in its place */
    ApplicationTable *applications;
    guint n_connections; /* that have not ended */
    /* After a connection has ended; may be NULL. */
    void (*ended)(gpointer user_data);
    gpointer user_data;
} Network;

/* What one connection is asked to be. Owns what it points to. */
typedef struct ConnectionRequest {
    Url *url;
    HeaderList *headers;    /* extra request headers, or NULL */
    char **protocols;       /* subprotocols to offer, or NULL */
    gboolean offer_deflate; /* permessage-deflate (RFC 7692) */
    Route route;
    TlsCredentials credentials;
    /* Whose connection it is: a reference, with a connection taken from it, which the connection returns. */
    Application *application;
    gboolean ending;              /* it is over for the application */
    guint max_pending_handshakes; /* of that application */
    gint64 connect_timeout;       /* µs, over all of lookup, connecting, TLS and the opening handshake */
    UpstreamLimits limits;
    gsize max_buffered_bytes; /* that may wait for the server before the application must */
} ConnectionRequest;

/* Returns the connection that was taken from the application, if there is one. */
void connection_request_clear(ConnectionRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ConnectionRequest, connection_request_clear)

/* Facts about an open connection. Valid during the call that hands them over. */
typedef struct ConnectionOpened {
    const HeaderList *headers;
    const char *protocol;
    const char *extensions; /* that the server chose; "" for none */
    const char *remote_address;
    const char *tls_version; /* "1.3"; "" without TLS */
    const char *tls_cipher;  /* "" without TLS */
} ConnectionOpened;

/*
 * Told from the connection's lane, and never from within a call of connection_*() but connection_terminate(). The
 * order: either one `failed`; or `opened`, messages, at most one `failed`, and one `closed`. FAILURE is the callee's to
 * free. A callee may call connection_release() from any of them, and hears nothing more then.
 */
typedef struct ConnectionEvents {
    gboolean (*vet)(GInetAddress *address, gboolean proxy, gpointer user_data, char **ret_reason);
    void (*opened)(const ConnectionOpened *opened, gpointer user_data);
    void (*message)(gboolean text, GBytes *data, gpointer user_data);
    void (*progress)(gpointer user_data);
    void (*failed)(Failure *failure, gpointer user_data);
    void (*closed)(guint16 code, const char *reason, gpointer user_data);
} ConnectionEvents;

/* One attempt to connect and what comes of it, in a lane of its own. */
typedef struct Connection Connection;

/* Starts to connect, in LANE (referenced) or, where that is NULL, in a new one. What REQUEST owns is taken from it. NULL
 * and an error, and REQUEST untouched, when descriptors have run out. Give the connection up with
 * connection_release(). */
Connection *connection_new(Network *network, Lane *lane, ConnectionRequest *request,
                           const ConnectionEvents *events, gpointer user_data, GError **error);

/*
 * Gives the connection up: it tells nothing more and frees itself when its transport has closed. An attempt is
 * cancelled; an open connection is first closed with 1001.
 */
void connection_release(Connection *connection);

/* Ends an attempt; `failed` follows, stage "cancelled". Only before `opened`. */
void connection_cancel(Connection *connection);

/* Where to; owned by the connection. */
const Url *connection_get_url(const Connection *connection);

/* Where it lives; owned by the connection. */
Lane *connection_get_lane(const Connection *connection);

/* By which way; owned by the connection. */
const Route *connection_get_route(const Connection *connection);

/* The rest is for an open connection: see upstream.h. */
void connection_send(Connection *connection, gboolean text, GBytes *data);
void connection_set_corked(Connection *connection, gboolean corked);
void connection_close(Connection *connection, guint16 code, const char *reason);
gsize connection_get_backlog(const Connection *connection);
void connection_set_paused(Connection *connection, gboolean paused);

/*
 * The service ends the connection, at any time: `failed` with FAILURE follows (NULL: none; ownership is taken) and,
 * if it was open, `closed` with CODE, both within the call.
 */
void connection_terminate(Connection *connection, guint16 code, const char *reason, Failure *failure);
