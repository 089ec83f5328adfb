/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A queue of bytes in one piece, and the memory that such queues share. What is in use is moved to the front
 * only when there is no room behind it, and grows by doubling, so each byte is moved a bounded number of
 * times.
 *
 * Memory is lent for as long as there are bytes: however many streams a client has, those that are idle hold
 * none, and a busy one does not ask the allocator for each message. What the pool keeps is bounded; its sizes
 * are powers of two, so that what serves for a message of some size serves for the next one too.
 */

#include "buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N_SPARE (sizeof(((BufferPool *)0)->spare) / sizeof(Buffer))

/* What is allocated at the least, and what is given back to the system, since it is larger: enough for
 * messages of 1 MiB. */
#define SPARE_MIN ((size_t)4 << 10)
#define SPARE_MAX ((size_t)2 << 20)

static size_t
grown_capacity(const Buffer *buffer, size_t needed)
{
    size_t capacity = SPARE_MIN, doubled;

    while (capacity < needed && capacity < SPARE_MAX)
        capacity *= 2;
    if (needed <= capacity)
        return capacity;
    doubled = buffer->capacity > SIZE_MAX / 2 ? SIZE_MAX : buffer->capacity * 2;
    return doubled > needed ? doubled : needed;
}

static int
grow(Buffer *buffer, size_t needed)
{
    size_t length = buffer_length(buffer), capacity = grown_capacity(buffer, needed);
    uint8_t *memory = malloc(capacity);

    if (!memory)
        return -ENOMEM;
    if (length > 0)
        memcpy(memory, buffer->memory + buffer->begin, length);
    free(buffer->memory);
    *buffer = (Buffer){ .memory = memory, .capacity = capacity, .end = length };
    return 0;
}

int
buffer_reserve(Buffer *buffer, size_t size)
{
    size_t length = buffer_length(buffer);

    if (buffer->capacity - buffer->end >= size)
        return 0;
    if (size > SIZE_MAX - length)
        return -ENOMEM;
    if (buffer->capacity - length < size)
        return grow(buffer, length + size);
    memmove(buffer->memory, buffer->memory + buffer->begin, length);
    buffer->begin = 0;
    buffer->end = length;
    return 0;
}

void
buffer_consume(Buffer *buffer, size_t length)
{
    buffer->begin += length;
    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
}

void
buffer_clear(Buffer *buffer)
{
    free(buffer->memory);
    *buffer = (Buffer){ 0 };
}

/* ---- Memory to share ---- */

void
buffer_pool_lend(BufferPool *pool, Buffer *buffer)
{
    for (size_t i = 0; i < N_SPARE && !buffer->memory; i++) {
        *buffer = pool->spare[i];
        pool->spare[i] = (Buffer){ 0 };
    }
}

void
buffer_pool_take_back(BufferPool *pool, Buffer *buffer)
{
    if (!buffer->memory || buffer_length(buffer) > 0)
        return;
    buffer->begin = buffer->end = 0;
    for (size_t i = 0; i < N_SPARE && buffer->capacity <= SPARE_MAX; i++)
        if (!pool->spare[i].memory) {
            pool->spare[i] = *buffer;
            *buffer = (Buffer){ 0 };
            return;
        }
    buffer_clear(buffer);
}

void
buffer_pool_clear(BufferPool *pool)
{
    for (size_t i = 0; i < N_SPARE; i++)
        buffer_clear(&pool->spare[i]);
}
