/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The WebSocket server that the benchmark measures against: one thread, epoll, plain and TLS at once, no
 * library for WebSocket. It does as little as a server can, so that it is not what is measured; tools/bench
 * shows for each row how much of a processor it took.
 *
 * Run: bench-server CERTIFICATE KEY. Prints "PORT TLS_PORT", both of loopback. Ends with its standard input.
 */

#include "server-connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_A_TURN = 64, LISTEN_BACKLOG = 4096 };

typedef struct Server {
    int epoll;
    int listeners[2]; /* plain, TLS */
    gnutls_certificate_credentials_t credentials;
    gnutls_datum_t ticket_key;
} Server;

/* What an event of epoll belongs to: a connection, or one of these. */
static char standard_input, plain_listener, tls_listener;

static gboolean
watch(Server *server, int operation, int fd, guint32 events, void *pointer)
{
    struct epoll_event event = { .events = events, .data.ptr = pointer };

    return epoll_ctl(server->epoll, operation, fd, &event) == 0;
}

static int
listen_on_loopback(in_port_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, LISTEN_BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static gnutls_session_t
new_session(Server *server)
{
    gnutls_session_t session;

    if (gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK) < 0)
        return NULL;
    gnutls_set_default_priority(session);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, server->credentials);
    gnutls_session_ticket_enable_server(session, &server->ticket_key);
    return session;
}

static void
accept_all(Server *server, gboolean with_tls)
{
    int fd;

    while ((fd = accept4(server->listeners[with_tls], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        gnutls_session_t session = with_tls ? new_session(server) : NULL;
        ServerConnection *connection;
        const int on = 1;

        if (with_tls && !session) {
            (void)close(fd);
            continue;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        connection = server_connection_new(fd, session);
        if (!watch(server, EPOLL_CTL_ADD, fd, EPOLLIN, connection))
            server_connection_free(connection);
    }
}

static void
process(Server *server, ServerConnection *connection)
{
    guint32 before = server_connection_events(connection);

    if (!server_connection_process(connection)) {
        server_connection_free(connection);
        return;
    }
    if (server_connection_events(connection) != before)
        (void)watch(server, EPOLL_CTL_MOD, server_connection_fd(connection),
                    server_connection_events(connection), connection);
}

/* Until the end of standard input. */
static void
serve(Server *server)
{
    struct epoll_event events[EVENTS_A_TURN];

    for (;;) {
        int n = epoll_wait(server->epoll, events, G_N_ELEMENTS(events), -1);

        for (int i = 0; i < n; i++) {
            void *pointer = events[i].data.ptr;

            if (pointer == &standard_input)
                return;
            if (pointer == &plain_listener || pointer == &tls_listener)
                accept_all(server, pointer == &tls_listener);
            else
                process(server, pointer);
        }
    }
}

static gboolean
start(Server *server, const char *certificate, const char *key)
{
    in_port_t ports[2];

    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->listeners[0] = listen_on_loopback(&ports[0]);
    server->listeners[1] = listen_on_loopback(&ports[1]);
    if (server->epoll < 0 || server->listeners[0] < 0 || server->listeners[1] < 0 ||
        !watch(server, EPOLL_CTL_ADD, server->listeners[0], EPOLLIN, &plain_listener) ||
        !watch(server, EPOLL_CTL_ADD, server->listeners[1], EPOLLIN, &tls_listener) ||
        !watch(server, EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN, &standard_input))
        return FALSE;
    if (gnutls_certificate_allocate_credentials(&server->credentials) < 0 ||
        gnutls_session_ticket_key_generate(&server->ticket_key) < 0 ||
        gnutls_certificate_set_x509_key_file(server->credentials, certificate, key, GNUTLS_X509_FMT_PEM) < 0)
        return FALSE;
    printf("%u %u\n", ports[0], ports[1]);
    return fflush(stdout) == 0;
}

int
main(int argc, char **argv)
{
    struct rlimit limit;
    Server server;

    if (argc != 3)
        return 2;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (!start(&server, argv[1], argv[2])) {
        perror("bench-server");
        return 1;
    }
    serve(&server);
    return 0;
}
