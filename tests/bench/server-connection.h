/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport.h"

/* One WebSocket of the benchmark's server. What it does is the target of its request: /echo returns each
 * frame, /push * sends binary messages of 64 KiB without end, /silent says nothing. */
typedef struct ServerConnection ServerConnection;

/* Takes over FD and TLS, see transport_init(). Never NULL. */
ServerConnection *server_connection_new(int fd, gnutls_session_t tls);

void server_connection_free(ServerConnection *connection);

/* Reads what has come, answers, and writes what the socket takes. FALSE when the connection is over. */
gboolean server_connection_process(ServerConnection *connection);

/* The events of epoll(7) that it waits for. */
guint32 server_connection_events(const ServerConnection *connection);

int server_connection_fd(const ServerConnection *connection);

/* A request to upgrade larger than this is refused. */
#define SERVER_REQUEST_MAX 16384

/* What a peer does not read is kept up to this many bytes; beyond, nothing more is read from it. */
#define SERVER_BACKLOG_MAX (8 << 20)
