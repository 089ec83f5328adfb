/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One WebSocket of the benchmark's server: the opening handshake, then frames. An echo does not wait for the
 * end of a frame: its header is answered as soon as it is known and the payload as it arrives, unmasked on
 * its way from the buffer that is read to the one that is written. So a message of a MiB costs no buffer of a
 * MiB, and the server no more than one pass over the bytes.
 */

#include "server-connection.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define ACCEPT_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum {
    READ_SIZE = 256 * 1024,
    READS_A_TURN = 32, /* of a TLS record each */
    PUSH_SIZE = 64 * 1024,
    PUSH_A_TURN = 1 << 20,
    PUSH_BACKLOG = 512 * 1024,
    HEADER_MAX = 14,
    CONTROL_MAX = 125,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
    FIN = 0x80,
    MASKED = 0x80,
    SHA1_SIZE = 20
};

typedef enum Behaviour {
    BEHAVIOUR_NONE, /* the handshake is not over */
    BEHAVIOUR_ECHO,
    BEHAVIOUR_PUSH,
    BEHAVIOUR_SILENT
} Behaviour;

static const struct {
    const char *target;
    Behaviour behaviour;
} behaviours[] = {
    { "/echo", BEHAVIOUR_ECHO },
    { "/push", BEHAVIOUR_PUSH },
    { "/silent", BEHAVIOUR_SILENT },
};

struct ServerConnection {
    Transport transport;
    Behaviour behaviour;
    GByteArray *request;
    guint8 header[HEADER_MAX];
    gsize header_length;
    guint8 mask[4];
    gsize mask_offset;
    guint64 payload_left;
    guint8 control[CONTROL_MAX];
    gsize control_length;
    gboolean closing; /* a Close frame came: over when all is written */
    gboolean blocked; /* the socket takes no more */
};

ServerConnection *
server_connection_new(int fd, gnutls_session_t tls)
{
    ServerConnection *connection = g_new0(ServerConnection, 1);

    transport_init(&connection->transport, fd, tls);
    connection->request = g_byte_array_new();
    return connection;
}

void
server_connection_free(ServerConnection *connection)
{
    transport_clear(&connection->transport);
    if (connection->request)
        g_byte_array_unref(connection->request);
    g_free(connection);
}

int
server_connection_fd(const ServerConnection *connection)
{
    return connection->transport.fd;
}

/* ---- The opening handshake ---- */

static char *
accept_of(const char *key)
{
    g_autofree char *text = g_strconcat(key, ACCEPT_SUFFIX, NULL);
    guint8 digest[SHA1_SIZE];

    if (gnutls_hash_fast(GNUTLS_DIG_SHA1, text, strlen(text), digest) < 0)
        return NULL;
    return g_base64_encode(digest, sizeof(digest));
}

/* The value of the header NAME, in lower case, or NULL. */
static char *
find_header(char **lines, const char *name)
{
    for (char **line = lines; *line; line++) {
        char *colon = strchr(*line, ':');

        if (colon && (gsize)(colon - *line) == strlen(name) &&
            g_ascii_strncasecmp(*line, name, strlen(name)) == 0)
            return g_strstrip(colon + 1);
    }
    return NULL;
}

static Behaviour
behaviour_of(const char *request_line)
{
    g_auto(GStrv) words = g_strsplit(request_line, " ", 3);

    for (gsize i = 0; i < G_N_ELEMENTS(behaviours) && words[0] && words[1]; i++)
        if (strcmp(words[1], behaviours[i].target) == 0)
            return behaviours[i].behaviour;
    return BEHAVIOUR_NONE;
}

static gboolean
answer_request(ServerConnection *connection, const char *request)
{
    g_auto(GStrv) lines = g_strsplit(request, "\r\n", 0);
    const char *key = find_header(lines, "sec-websocket-key");
    g_autofree char *accept = key ? accept_of(key) : NULL;
    g_autofree char *answer = NULL;

    connection->behaviour = behaviour_of(lines[0]);
    if (!accept || connection->behaviour == BEHAVIOUR_NONE)
        return FALSE;
    answer = g_strconcat("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: ",
                         accept, "\r\n\r\n", NULL);
    memcpy(transport_reserve(&connection->transport, strlen(answer)), answer, strlen(answer));
    return TRUE;
}

/* How many of LENGTH bytes belong to the request, or -1 when it is refused. */
static gssize
take_request(ServerConnection *connection, const guint8 *data, gsize length)
{
    GByteArray *request = connection->request;
    gsize before = request->len;
    char *end;

    g_byte_array_append(request, data, (guint)length);
    g_byte_array_append(request, (const guint8 *)"", 1);
    g_byte_array_set_size(request, request->len - 1);
    end = strstr((char *)request->data, "\r\n\r\n");
    if (!end)
        return request->len <= SERVER_REQUEST_MAX ? (gssize)length : -1;
    *end = '\0';
    if (!answer_request(connection, (char *)request->data))
        return -1;
    length = (gsize)(end + 4 - (char *)request->data) - before;
    g_clear_pointer(&connection->request, g_byte_array_unref);
    return (gssize)length;
}

/* ---- Frames ---- */

static gsize
length_bytes(guint8 second)
{
    guint8 length = second & 0x7f;

    return length == 127 ? 8 : length == 126 ? 2 : 0;
}

static gsize
header_size(const guint8 *header)
{
    return 2 + length_bytes(header[1]) + sizeof(((ServerConnection *)NULL)->mask);
}

static gboolean
is_control(const ServerConnection *connection)
{
    return connection->header[0] & 0x08;
}

/* The header is whole. */
static gboolean
begin_frame(ServerConnection *connection)
{
    const guint8 *header = connection->header;
    gsize extended = length_bytes(header[1]);

    if (!(header[1] & MASKED))
        return FALSE;
    connection->payload_left = extended ? 0 : header[1] & 0x7f;
    for (gsize i = 0; i < extended; i++)
        connection->payload_left = connection->payload_left << 8 | header[2 + i];
    memcpy(connection->mask, header + 2 + extended, sizeof(connection->mask));
    connection->mask_offset = 0;
    connection->control_length = 0;
    if (is_control(connection))
        return connection->payload_left <= CONTROL_MAX;
    if (connection->behaviour == BEHAVIOUR_ECHO) {
        guint8 *answer = transport_reserve(&connection->transport, 2 + extended);

        memcpy(answer, header, 2 + extended);
        answer[1] &= (guint8)~MASKED;
    }
    return TRUE;
}

static void
unmask(ServerConnection *connection, guint8 *to, const guint8 *from, gsize length)
{
    guint8 turned[8];
    guint64 mask, word;
    gsize i = 0;

    for (gsize k = 0; k < sizeof(turned); k++)
        turned[k] = connection->mask[(connection->mask_offset + k) % 4];
    memcpy(&mask, turned, sizeof(mask));
    for (; i + sizeof(word) <= length; i += sizeof(word)) {
        memcpy(&word, from + i, sizeof(word));
        word ^= mask;
        memcpy(to + i, &word, sizeof(word));
    }
    for (; i < length; i++)
        to[i] = from[i] ^ turned[i % 4];
    connection->mask_offset = (connection->mask_offset + length) % 4;
}

static void
answer_control(ServerConnection *connection)
{
    guint8 opcode = connection->header[0] & 0x0f;
    guint8 *answer;

    if (opcode != OPCODE_CLOSE && opcode != OPCODE_PING)
        return;
    answer = transport_reserve(&connection->transport, 2 + connection->control_length);
    answer[0] = FIN | (opcode == OPCODE_CLOSE ? OPCODE_CLOSE : OPCODE_PING + 1);
    answer[1] = (guint8)connection->control_length;
    memcpy(answer + 2, connection->control, connection->control_length);
    connection->closing = opcode == OPCODE_CLOSE;
}

static void
take_payload(ServerConnection *connection, const guint8 *data, gsize length)
{
    if (is_control(connection)) {
        unmask(connection, connection->control + connection->control_length, data, length);
        connection->control_length += length;
    } else if (connection->behaviour == BEHAVIOUR_ECHO) {
        unmask(connection, transport_reserve(&connection->transport, length), data, length);
    }
    connection->payload_left -= length;
}

/* One more byte of the header. */
static gboolean
take_header(ServerConnection *connection, guint8 byte)
{
    connection->header[connection->header_length++] = byte;
    if (connection->header_length < 2 || connection->header_length < header_size(connection->header))
        return TRUE;
    return begin_frame(connection);
}

static gboolean
in_payload(const ServerConnection *connection)
{
    return connection->header_length >= 2 && connection->header_length == header_size(connection->header);
}

static gboolean
take_frames(ServerConnection *connection, const guint8 *data, gsize length)
{
    while (length > 0 && !connection->closing) {
        gsize part = 1;

        if (!in_payload(connection)) {
            if (!take_header(connection, *data))
                return FALSE;
        } else {
            part = MIN(length, connection->payload_left);
            take_payload(connection, data, part);
        }
        data += part;
        length -= part;
        if (in_payload(connection) && connection->payload_left == 0) {
            if (is_control(connection))
                answer_control(connection);
            connection->header_length = 0;
        }
    }
    return TRUE;
}

static gboolean
take(ServerConnection *connection, const guint8 *data, gsize length)
{
    if (connection->behaviour == BEHAVIOUR_NONE) {
        gssize n = take_request(connection, data, length);

        if (n < 0)
            return FALSE;
        data += n;
        length -= (gsize)n;
    }
    return take_frames(connection, data, length);
}

/* ---- A turn ---- */

static gboolean
read_turn(ServerConnection *connection)
{
    static guint8 buffer[READ_SIZE]; /* of the one thread; nothing stays in it */

    for (guint i = 0; i < READS_A_TURN; i++) {
        gssize n = transport_read(&connection->transport, buffer, sizeof(buffer));

        if (n == -EAGAIN)
            return TRUE;
        if (n <= 0 || !take(connection, buffer, (gsize)n))
            return FALSE;
        if (!transport_has_more(&connection->transport))
            return TRUE;
    }
    return TRUE;
}

static void
reserve_push(ServerConnection *connection)
{
    static const guint8 header[] = { FIN | 2, 127, 0, 0, 0, 0, 0, 1, 0, 0 }; /* 65536 bytes, binary */
    guint8 *frame = transport_reserve(&connection->transport, sizeof(header) + PUSH_SIZE);

    memcpy(frame, header, sizeof(header));
    memset(frame + sizeof(header), 'x', PUSH_SIZE);
}

/* FALSE when the connection is over. */
static gboolean
flush(ServerConnection *connection)
{
    int r = transport_flush(&connection->transport);

    connection->blocked = r == -EAGAIN;
    return r == 0 || r == -EAGAIN;
}

static gboolean
push_turn(ServerConnection *connection)
{
    for (gsize pushed = 0; pushed < PUSH_A_TURN && !connection->blocked; pushed += PUSH_SIZE) {
        if (transport_backlog(&connection->transport) < PUSH_BACKLOG)
            reserve_push(connection);
        if (!flush(connection))
            return FALSE;
    }
    return TRUE;
}

gboolean
server_connection_process(ServerConnection *connection)
{
    gboolean takes_more = transport_backlog(&connection->transport) < SERVER_BACKLOG_MAX;

    if (takes_more && !read_turn(connection)) {
        (void)flush(connection);
        return FALSE;
    }
    if (!flush(connection))
        return FALSE;
    if (connection->behaviour == BEHAVIOUR_PUSH && !push_turn(connection))
        return FALSE;
    return !connection->closing || connection->blocked;
}

guint32
server_connection_events(const ServerConnection *connection)
{
    gboolean reads = transport_backlog(&connection->transport) < SERVER_BACKLOG_MAX;
    gboolean writes = connection->blocked || connection->behaviour == BEHAVIOUR_PUSH;

    return (reads ? EPOLLIN : 0) | (writes ? EPOLLOUT : 0);
}
