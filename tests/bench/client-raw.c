/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The benchmark's loop with as little as possible between it and the socket: frames that were made
 * beforehand, all with the same mask, and echoes that are counted by their length and not looked at. Nobody
 * would write a client like that; it shows how much the server can do. With --proxy=PATH it goes through
 * bench-relay at that Unix socket.
 */

#include "transport.h"
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { BUFFER_SIZE = 256 * 1024, HEADER_MAX = 10, MASK_SIZE = 4, BINARY = 0x82, MASKED = 0x80 };

typedef struct Client {
    Workload *workload;
    Transport transport;
    GByteArray *frame; /* what is sent */
    gsize echo_length; /* of the frame that comes back */
    gsize received;    /* bytes of the frame that is coming */
    gboolean upgraded;
    char target[64];
} Client;

/* Writes the header of a frame of LENGTH bytes to HEADER, without a mask. Its size. */
static gsize
write_header(guint8 *header, gsize length)
{
    gsize extended = length > G_MAXUINT16 ? 8 : length > 125 ? 2 : 0;

    header[0] = BINARY;
    header[1] = (guint8)(extended == 8 ? 127 : extended == 2 ? 126 : length);
    for (gsize i = 0; i < extended; i++)
        header[2 + i] = (guint8)((guint64)length >> (8 * (extended - 1 - i)));
    return 2 + extended;
}

static void
make_frame(Client *client)
{
    guint8 header[HEADER_MAX], mask[MASK_SIZE] = { 0 };
    gsize size = (gsize)workload_options(client->workload)->size;
    gsize header_length = write_header(header, size);

    client->echo_length = header_length + size;
    header[1] |= MASKED;
    client->frame = g_byte_array_new();
    g_byte_array_append(client->frame, header, (guint)header_length);
    g_byte_array_append(client->frame, mask, sizeof(mask));
    g_byte_array_set_size(client->frame, client->frame->len + (guint)size);
    memset(client->frame->data + header_length + sizeof(mask), 0, size);
}

/* ---- The connection ---- */

static gnutls_session_t
new_session(Client *client)
{
    gnutls_certificate_credentials_t credentials; /* until the program ends */
    gnutls_session_t session;

    if (gnutls_certificate_allocate_credentials(&credentials) < 0 ||
        gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK) < 0)
        workload_fail(client->workload, "no TLS");
    gnutls_set_default_priority(session);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    return session;
}

static int
connect_to(Client *client, const struct sockaddr *address, socklen_t length)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (connect(fd, address, length) < 0)
        workload_fail(client->workload, "no connection");
    if (address->sa_family == AF_INET)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static int
connect_to_server(Client *client, GUri *uri)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((guint16)g_uri_get_port(uri)) };

    if (inet_pton(AF_INET, g_uri_get_host(uri), &address.sin_addr) != 1)
        workload_fail(client->workload, "the server has no address");
    return connect_to(client, (struct sockaddr *)&address, sizeof(address));
}

static int
connect_to_relay(Client *client, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path))
        workload_fail(client->workload, "the relay's path is too long");
    return connect_to(client, (struct sockaddr *)&address, sizeof(address));
}

static void
client_open(gpointer user_data, const char *url)
{
    Client *client = user_data;
    const char *relay = workload_options(client->workload)->proxy;
    g_autoptr(GError) error = NULL;
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, &error);
    int fd;

    if (!uri)
        workload_fail(client->workload, error->message);
    fd = relay ? connect_to_relay(client, relay) : connect_to_server(client, uri);
    transport_init(&client->transport, fd,
                   strcmp(g_uri_get_scheme(uri), "wss") == 0 ? new_session(client) : NULL);
    g_snprintf(client->target, sizeof(client->target), "%s", g_uri_get_path(uri));
}

static void
send_request(Client *client)
{
    g_autofree char *request =
        g_strdup_printf("GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        client->target);

    memcpy(transport_reserve(&client->transport, strlen(request)), request, strlen(request));
}

static void
client_send(gpointer user_data, gpointer connection, const guint8 *data, gsize length)
{
    Client *client = user_data;

    (void)connection, (void)data, (void)length;
    memcpy(transport_reserve(&client->transport, client->frame->len), client->frame->data,
           client->frame->len);
}

static const WorkloadClient class = { client_open, client_send };

/* ---- The loop ---- */

/* The server answers the request before anything else, and in one packet. */
static gsize
take_answer(Client *client, const guint8 *data, gsize length)
{
    const char *end = g_strstr_len((const char *)data, (gssize)length, "\r\n\r\n");

    if (!end)
        workload_fail(client->workload, "the upgrade was refused");
    client->upgraded = TRUE;
    workload_opened(client->workload, client);
    return (gsize)((const guint8 *)end + 4 - data);
}

static void
take(Client *client, const guint8 *data, gsize length)
{
    const WorkloadOptions *options = workload_options(client->workload);
    gsize taken = client->upgraded ? 0 : take_answer(client, data, length);

    client->received += length - taken;
    while (client->received >= client->echo_length && !workload_done(client->workload)) {
        client->received -= client->echo_length;
        workload_received(client->workload, client, (gsize)options->size);
    }
}

static gboolean
read_all(Client *client)
{
    static guint8 buffer[BUFFER_SIZE];
    gssize n;

    do {
        n = transport_read(&client->transport, buffer, sizeof(buffer));
        if (n > 0)
            take(client, buffer, (gsize)n);
    } while (n > 0 && transport_has_more(&client->transport));
    return n > 0 || n == -EAGAIN;
}

static void
turn(Client *client)
{
    struct pollfd polled = { .fd = client->transport.fd, .events = POLLIN };
    int r = transport_flush(&client->transport);

    if (r == -EAGAIN)
        polled.events |= POLLOUT;
    else if (r < 0)
        workload_fail(client->workload, g_strerror(-r));
    if (poll(&polled, 1, -1) < 0 || ((polled.revents & (POLLIN | POLLHUP)) && !read_all(client)))
        workload_fail(client->workload, "the connection was lost");
}

int
main(int argc, char **argv)
{
    Client client = { 0 };

    client.workload = workload_new(argc, argv, &class, &client);
    make_frame(&client);
    workload_begin(client.workload);
    g_unix_set_fd_nonblocking(client.transport.fd, TRUE, NULL);
    if (client.transport.tls)
        (void)read_all(&client);
    send_request(&client);
    while (!workload_done(client.workload))
        turn(&client);
    transport_clear(&client.transport);
    g_byte_array_unref(client.frame);
    workload_free(client.workload);
    return 0;
}
