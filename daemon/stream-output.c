/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Small messages are copied one behind the other, so that a batch of them is one write; of a large one only the
 * header is copied. Nothing is bounded here: whoever appends stops when a backlog stays.
 */

#include "stream-output.h"

#include "wsbroker-protocol.h"

#include <errno.h>
#include <sys/socket.h>

enum {
    COPY_MAX = 16 * 1024, /* payload that is copied rather than referenced */
    VECTOR_MAX = 16       /* chunks a write */
};

void
stream_output_clear(StreamOutput *output)
{
    g_queue_clear_full(&output->chunks, (GDestroyNotify)g_bytes_unref);
    g_clear_pointer(&output->tail, g_byte_array_unref);
    output->at = output->backlog = 0;
}

void
stream_output_append(StreamOutput *output, gboolean text, GBytes *data)
{
    gsize length = 0;
    const guint8 *bytes = g_bytes_get_data(data, &length);
    const wsb_frame_header header = { .length = (guint32)length,
                                      .kind = text ? WSB_FRAME_TEXT : WSB_FRAME_BINARY };

    g_assert(length <= G_MAXUINT32);
    if (!output->tail)
        output->tail = g_byte_array_new();
    g_byte_array_append(output->tail, (const guint8 *)&header, sizeof(header));
    output->backlog += sizeof(header) + length;
    if (length <= COPY_MAX) {
        g_byte_array_append(output->tail, bytes, (guint)length);
    } else {
        g_queue_push_tail(&output->chunks, g_byte_array_free_to_bytes(g_steal_pointer(&output->tail)));
        g_queue_push_tail(&output->chunks, g_bytes_ref(data));
    }
}

/* Fills VECTOR with what comes next. Returns the number of entries. */
static gsize
collect(const StreamOutput *output, struct iovec *vector)
{
    gsize n = 0, skip = output->at;

    for (const GList *link = output->chunks.head; link && n < VECTOR_MAX; link = link->next) {
        gsize size = 0;
        const guint8 *bytes = g_bytes_get_data(link->data, &size);

        vector[n++] = (struct iovec){ .iov_base = (guint8 *)bytes + skip, .iov_len = size - skip };
        skip = 0;
    }
    if (output->tail && n < VECTOR_MAX)
        vector[n++] =
            (struct iovec){ .iov_base = output->tail->data + skip, .iov_len = output->tail->len - skip };
    return n;
}

/* LENGTH bytes have been written. */
static void
advance(StreamOutput *output, gsize length)
{
    output->backlog -= length;
    output->at += length;
    while (!g_queue_is_empty(&output->chunks) && output->at >= g_bytes_get_size(output->chunks.head->data)) {
        output->at -= g_bytes_get_size(output->chunks.head->data);
        g_bytes_unref(g_queue_pop_head(&output->chunks));
    }
}

gboolean
stream_output_flush(StreamOutput *output, int fd)
{
    while (output->backlog > 0) {
        struct iovec vector[VECTOR_MAX];
        struct msghdr message = { .msg_iov = vector, .msg_iovlen = collect(output, vector) };
        ssize_t n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == ENOBUFS;
        advance(output, (gsize)n);
    }
    stream_output_clear(output);
    return TRUE;
}

gsize
stream_output_get_backlog(const StreamOutput *output)
{
    return output->backlog;
}
