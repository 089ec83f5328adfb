/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "buffer.h"
#include "wsbroker.h"

#include <stdbool.h>

/* From the bytes of a stream to messages. A zeroed one is at the beginning of a header. */
typedef struct StreamReader {
    Buffer buffer;
    bool terminated; /* the byte behind the last message was replaced by NUL */
    uint8_t replaced;
} StreamReader;

typedef struct StreamMessage {
    wsb_message_kind kind;
    const void *data; /* LENGTH bytes, and a NUL after them */
    size_t length;
} StreamMessage;

/* Where the next bytes of the stream are to be put: *ret_room, *ret_size bytes, never 0. 0 or -ENOMEM. Not
 * before stream_reader_next() has returned 0. */
int stream_reader_get_room(StreamReader *reader, void **ret_room, size_t *ret_size);

/* SIZE bytes have been put there. */
void stream_reader_add(StreamReader *reader, size_t size);

/* 1 and the next message, which is valid until the next call; 0 when more bytes are needed; -EBADMSG for what
 * is no header, and from then on. */
int stream_reader_next(StreamReader *reader, StreamMessage *ret);

void stream_reader_clear(StreamReader *reader);
