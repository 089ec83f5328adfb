/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What goes out on a stream: written as far as the descriptor takes it, the rest kept, small messages one
 * behind the other so that many are one write. A message is written whole or the stream is over: room for all
 * of it is made before its first byte goes out. How much may wait is bounded by whoever adds.
 *
 * accepted and written count the bytes of all time; so a message is out when written has come to where
 * accepted was after it.
 */

#include "stream-writer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

static void
append(StreamWriter *writer, const void *data, size_t length)
{
    if (length > 0)
        memcpy(writer->pending.memory + writer->pending.end, data, length);
    writer->pending.end += length;
}

static wsb_frame_header
header_for(wsb_message_kind kind, size_t length)
{
    return (wsb_frame_header){ .length = (uint32_t)length, .kind = (uint8_t)kind };
}

void
stream_writer_break(StreamWriter *writer)
{
    writer->broken = true;
    buffer_consume(&writer->pending, buffer_length(&writer->pending));
}

static struct iovec
whole(const Buffer *buffer)
{
    return (struct iovec){ .iov_base = buffer->memory + buffer->begin, .iov_len = buffer_length(buffer) };
}

/* How many bytes of N pieces FD took. */
static size_t
write_pieces(StreamWriter *writer, int fd, struct iovec *pieces, size_t n)
{
    struct msghdr message = { .msg_iov = pieces, .msg_iovlen = n };
    size_t total = 0;
    ssize_t size;

    do {
        size = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        if (errno == EAGAIN || errno == ENOBUFS)
            writer->full = true;
        else
            stream_writer_break(writer);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        total += pieces[i].iov_len;
    writer->full = (size_t)size < total;
    writer->written += (uint64_t)size;
    return (size_t)size;
}

/* What is left of a piece after SIZE bytes of it and those before it were taken; lowers SIZE by its part. */
static struct iovec
left_of(struct iovec piece, size_t *size)
{
    size_t taken = *size < piece.iov_len ? *size : piece.iov_len;

    *size -= taken;
    return (struct iovec){ .iov_base = (uint8_t *)piece.iov_base + taken, .iov_len = piece.iov_len - taken };
}

void
stream_writer_flush(StreamWriter *writer, int fd)
{
    writer->full = false;
    while (!stream_writer_is_done(writer) && !writer->full) {
        struct iovec piece = whole(&writer->pending);

        buffer_consume(&writer->pending, write_pieces(writer, fd, &piece, 1));
    }
}

int
stream_writer_add(StreamWriter *writer, wsb_message_kind kind, const void *data, size_t length)
{
    wsb_frame_header header = header_for(kind, length);
    int r;

    writer->accepted += sizeof(header) + length;
    if (writer->broken)
        return 0;
    r = buffer_reserve(&writer->pending, sizeof(header) + length);
    if (r < 0) {
        writer->accepted -= sizeof(header) + length;
        return r;
    }
    append(writer, &header, sizeof(header));
    append(writer, data, length);
    return 0;
}

int
stream_writer_send(StreamWriter *writer, int fd, wsb_message_kind kind, const void *data, size_t length)
{
    wsb_frame_header header = header_for(kind, length);
    struct iovec pieces[3], rest;
    size_t size;
    int r;

    if (writer->broken || writer->full)
        return stream_writer_add(writer, kind, data, length);
    r = buffer_reserve(&writer->pending, sizeof(header) + length);
    if (r < 0)
        return r;
    pieces[0] = whole(&writer->pending);
    pieces[1] = (struct iovec){ .iov_base = &header, .iov_len = sizeof(header) };
    pieces[2] = (struct iovec){ .iov_base = (void *)data, .iov_len = length };
    writer->accepted += sizeof(header) + length;
    size = write_pieces(writer, fd, pieces, 3);

    rest = left_of(pieces[0], &size);
    buffer_consume(&writer->pending, pieces[0].iov_len - rest.iov_len);
    for (size_t i = 1; i < 3 && !writer->broken; i++) {
        rest = left_of(pieces[i], &size);
        append(writer, rest.iov_base, rest.iov_len);
    }
    return 0;
}

void
stream_writer_clear(StreamWriter *writer)
{
    buffer_clear(&writer->pending);
}
