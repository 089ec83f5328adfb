/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The bytes below WebSocket, for the benchmark's server and its bare client. GnuTLS reads and writes a record
 * at a time; here it does so from and to memory, and the socket is read and written in large pieces, so that
 * a server of one thread is never what a measurement waits for. The buffers of an idle connection are small
 * or none.
 */

#include "transport.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_AHEAD = 256 * 1024 };

static GByteArray *
outgoing(const Transport *transport)
{
    return transport->tls ? transport->sealed : transport->gathered;
}

static ssize_t
pull_records(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
    Transport *transport = pointer;

    if (transport->ahead_start == transport->ahead_end) {
        ssize_t n;

        if (!transport->ahead)
            transport->ahead = g_malloc(READ_AHEAD);
        n = read(transport->fd, transport->ahead, READ_AHEAD);
        if (n <= 0) {
            g_clear_pointer(&transport->ahead, g_free);
            transport->ahead_start = transport->ahead_end = 0;
            gnutls_transport_set_errno(transport->tls, errno);
            return n;
        }
        transport->ahead_start = 0;
        transport->ahead_end = (gsize)n;
    }
    size = MIN(size, transport->ahead_end - transport->ahead_start);
    memcpy(data, transport->ahead + transport->ahead_start, size);
    transport->ahead_start += size;
    return (ssize_t)size;
}

static ssize_t
push_records(gnutls_transport_ptr_t pointer, const void *data, size_t size)
{
    Transport *transport = pointer;

    g_byte_array_append(transport->sealed, data, (guint)size);
    return (ssize_t)size;
}

void
transport_init(Transport *transport, int fd, gnutls_session_t tls)
{
    *transport = (Transport){
        .fd = fd,
        .tls = tls,
        .established = !tls,
        .gathered = g_byte_array_new(),
        .sealed = tls ? g_byte_array_new() : NULL,
    };
    if (!tls)
        return;
    gnutls_transport_set_ptr(tls, transport);
    gnutls_transport_set_pull_function(tls, pull_records);
    gnutls_transport_set_push_function(tls, push_records);
}

void
transport_clear(Transport *transport)
{
    if (transport->tls)
        gnutls_deinit(transport->tls);
    g_clear_pointer(&transport->gathered, g_byte_array_unref);
    g_clear_pointer(&transport->sealed, g_byte_array_unref);
    g_clear_pointer(&transport->ahead, g_free);
    (void)close(transport->fd);
}

static int
errno_of_tls(int error)
{
    if (error == GNUTLS_E_AGAIN || error == GNUTLS_E_INTERRUPTED)
        return -EAGAIN;
    return gnutls_error_is_fatal(error) ? -EPROTO : -EAGAIN;
}

gssize
transport_read(Transport *transport, guint8 *buffer, gsize size)
{
    ssize_t n;

    if (!transport->tls) {
        n = read(transport->fd, buffer, size);
        return n < 0 ? -errno : n;
    }
    if (!transport->established) {
        int r = gnutls_handshake(transport->tls);

        if (r < 0)
            return errno_of_tls(r);
        transport->established = TRUE;
    }
    n = gnutls_record_recv(transport->tls, buffer, size);
    return n < 0 ? errno_of_tls((int)n) : n;
}

gboolean
transport_has_more(const Transport *transport)
{
    return transport->ahead_start < transport->ahead_end ||
           (transport->tls && gnutls_record_check_pending(transport->tls) > 0);
}

guint8 *
transport_reserve(Transport *transport, gsize length)
{
    guint before = transport->gathered->len;

    g_byte_array_set_size(transport->gathered, before + (guint)length);
    return transport->gathered->data + before;
}

static int
seal(Transport *transport)
{
    GByteArray *plain = transport->gathered;

    for (gsize start = 0; start < plain->len;) {
        ssize_t n = gnutls_record_send(transport->tls, plain->data + start, plain->len - start);

        if (n < 0)
            return -EPROTO;
        start += (gsize)n;
    }
    g_byte_array_set_size(plain, 0);
    return 0;
}

/* What was written is let go once it is the larger part, so that moving the rest costs no more than writing
 * did. */
static void
forget_written(Transport *transport, GByteArray *out)
{
    if (transport->written < out->len && transport->written <= out->len / 2)
        return;
    g_byte_array_remove_range(out, 0, (guint)transport->written);
    transport->written = 0;
}

int
transport_flush(Transport *transport)
{
    GByteArray *out = outgoing(transport);

    if (transport->tls && transport->established) {
        int r = seal(transport);

        if (r < 0)
            return r;
    }
    while (transport->written < out->len) {
        ssize_t n =
            send(transport->fd, out->data + transport->written, out->len - transport->written, MSG_NOSIGNAL);

        if (n < 0) {
            int r = -errno;

            forget_written(transport, out);
            return r;
        }
        transport->written += (gsize)n;
    }
    forget_written(transport, out);
    return 0;
}

gsize
transport_backlog(const Transport *transport)
{
    gsize gathered = transport->tls ? transport->gathered->len : 0;

    return gathered + outgoing(transport)->len - transport->written;
}
