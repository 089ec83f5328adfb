/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A connection within one process, so that a test decides what has arrived when. */

#include "socket-pair.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

SocketPair *
socket_pair_new(int type)
{
    SocketPair *pair = g_new0(SocketPair, 1);
    g_autoptr(GError) error = NULL;
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
    pair->socket = g_socket_new_from_fd(fds[0], &error);
    g_assert_no_error(error);
    g_socket_set_blocking(pair->socket, FALSE);
    pair->transport = G_IO_STREAM(g_socket_connection_factory_create_connection(pair->socket));
    pair->peer = fds[1];
    return pair;
}

void
socket_pair_close_peer(SocketPair *pair)
{
    if (pair->peer >= 0)
        close(pair->peer);
    pair->peer = -1;
}

void
socket_pair_free(SocketPair *pair)
{
    socket_pair_close_peer(pair);
    g_object_unref(pair->transport);
    g_object_unref(pair->socket);
    g_free(pair);
}

void
socket_pair_write(SocketPair *pair, gconstpointer data, gsize length)
{
    g_assert_cmpint(write(pair->peer, data, length), ==, (gssize)length);
}

gssize
socket_pair_read(SocketPair *pair, gpointer buffer, gsize size)
{
    gssize n = read(pair->peer, buffer, size);

    if (n < 0)
        g_assert_cmpint(errno, ==, EAGAIN);
    return n;
}

gsize
socket_pair_unread(const SocketPair *pair)
{
    int n = 0;

    g_assert_cmpint(ioctl(g_socket_get_fd(pair->socket), FIONREAD, &n), ==, 0);
    return (gsize)n;
}
