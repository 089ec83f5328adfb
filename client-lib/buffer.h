/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes that come in at one end and go out at the other. A zeroed one is empty and has no memory. */
typedef struct Buffer {
    uint8_t *memory;
    size_t capacity;
    size_t begin, end; /* what is in use */
} Buffer;

static inline size_t
buffer_length(const Buffer *buffer)
{
    return buffer->end - buffer->begin;
}

/* Makes room for SIZE bytes behind the last. 0 or -ENOMEM, and then nothing has changed. */
int buffer_reserve(Buffer *buffer, size_t size);

/* The first LENGTH bytes are no longer needed. */
void buffer_consume(Buffer *buffer, size_t length);

void buffer_clear(Buffer *buffer);

/* Memory that no buffer uses now: a stream needs some only while it has bytes. Zeroed at first. */
typedef struct BufferPool {
    Buffer spare[2]; /* one for reading, and one for what is written meanwhile */
} BufferPool;

/* Gives BUFFER memory of POOL where it has none, and takes it back where BUFFER is empty. */
void buffer_pool_lend(BufferPool *pool, Buffer *buffer);
void buffer_pool_take_back(BufferPool *pool, Buffer *buffer);

void buffer_pool_clear(BufferPool *pool);
