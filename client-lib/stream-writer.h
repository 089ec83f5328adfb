/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "buffer.h"
#include "wsbroker.h"

#include <stdbool.h>

/* From messages to the bytes of a stream. Zeroed at first. */
typedef struct StreamWriter {
    Buffer pending;
    uint64_t accepted, written; /* bytes, headers included, since the beginning */
    bool full;                  /* the descriptor takes no more for now */
    bool broken;                /* nor ever again */
} StreamWriter;

static inline bool
stream_writer_is_done(const StreamWriter *writer)
{
    return buffer_length(&writer->pending) == 0;
}

/* A message of LENGTH bytes, at most UINT32_MAX, that goes out with the next flush. 0, or -ENOMEM and nothing
 * is taken. */
int stream_writer_add(StreamWriter *writer, wsb_message_kind kind, const void *data, size_t length);

/* The same, and writes to FD at once what FD takes. */
int stream_writer_send(StreamWriter *writer, int fd, wsb_message_kind kind, const void *data, size_t length);

/* Writes to FD what FD takes of what waits. */
void stream_writer_flush(StreamWriter *writer, int fd);

/* Drops what waits, and all that comes. */
void stream_writer_break(StreamWriter *writer);

void stream_writer_clear(StreamWriter *writer);
