/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The messages in a stream of bytes, each handed on where it lies. An event promises a NUL behind its data;
 * that place is the first byte of the next header, which is put aside while the message is looked at.
 *
 * A header is not believed: memory follows the bytes that have come, and is a small multiple of them. So a
 * length that lies costs nothing until its bytes are there.
 */

#include "stream-reader.h"

#include <errno.h>
#include <string.h>

/* What a read has room for, bytes: the first of a batch, with the NUL behind it a power of two; and any. */
#define ROOM_USUAL (((size_t)128 << 10) - 1)
#define ROOM_MIN ((size_t)32 << 10)

#define HEADER_SIZE sizeof(wsb_frame_header)

/* The largest message that a service can be configured to pass on, bytes. */
#define MESSAGE_MAX ((uint32_t)1 << 30)

static wsb_frame_header
read_header(const Buffer *buffer)
{
    wsb_frame_header header;

    memcpy(&header, buffer->memory + buffer->begin, HEADER_SIZE);
    return header;
}

static bool
header_is_valid(const wsb_frame_header *header)
{
    return (header->kind == WSB_FRAME_TEXT || header->kind == WSB_FRAME_BINARY) && header->reserved[0] == 0 &&
           header->reserved[1] == 0 && header->reserved[2] == 0 && header->length <= MESSAGE_MAX;
}

/* Undoes the NUL behind the last message. */
static void
restore(StreamReader *reader)
{
    if (reader->terminated)
        reader->buffer.memory[reader->buffer.begin] = reader->replaced;
    reader->terminated = false;
}

/* The room for what is missing of a message: of a large one, as much as has come of it. */
static size_t
room_wanted(const Buffer *buffer)
{
    size_t length = buffer_length(buffer), missing;

    if (length <= ROOM_MIN)
        return ROOM_MIN;
    missing = HEADER_SIZE + read_header(buffer).length - length;
    return missing < length ? missing : length;
}

int
stream_reader_get_room(StreamReader *reader, void **ret_room, size_t *ret_size)
{
    Buffer *buffer = &reader->buffer;
    size_t wanted = buffer_length(buffer) > 0 ? room_wanted(buffer) : ROOM_USUAL;
    int r;

    restore(reader);
    if (buffer_length(buffer) == 0)
        buffer->begin = buffer->end = 0;
    r = buffer_reserve(buffer, wanted + 1);
    if (r < 0)
        return r;
    *ret_room = buffer->memory + buffer->end;
    *ret_size = buffer->capacity - buffer->end - 1;
    return 0;
}

void
stream_reader_add(StreamReader *reader, size_t size)
{
    reader->buffer.end += size;
}

int
stream_reader_next(StreamReader *reader, StreamMessage *ret)
{
    Buffer *buffer = &reader->buffer;
    wsb_frame_header header;
    uint8_t *data;

    restore(reader);
    if (buffer_length(buffer) < HEADER_SIZE)
        return 0;
    header = read_header(buffer);
    if (!header_is_valid(&header))
        return -EBADMSG;
    if (buffer_length(buffer) - HEADER_SIZE < header.length)
        return 0;
    data = buffer->memory + buffer->begin + HEADER_SIZE;
    buffer->begin += HEADER_SIZE + header.length;
    reader->replaced = data[header.length];
    reader->terminated = true;
    data[header.length] = '\0';
    *ret = (StreamMessage){ .kind = (wsb_message_kind)header.kind, .data = data, .length = header.length };
    return 1;
}

void
stream_reader_clear(StreamReader *reader)
{
    buffer_clear(&reader->buffer);
    reader->terminated = false;
}
