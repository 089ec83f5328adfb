/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Messages on their way to the application, framed for its descriptor. All zero is an empty one. */
typedef struct StreamOutput {
    GQueue chunks;    /* of GBytes, owned */
    GByteArray *tail; /* what small messages after the last chunk were gathered into, or NULL */
    gsize at;         /* of the first chunk, or of the tail where there is none: already written */
    gsize backlog;    /* bytes that wait */
} StreamOutput;

/* Drops what waits. */
void stream_output_clear(StreamOutput *output);

/* Takes one message; DATA is referenced where copying would cost more. At most 4 GiB. */
void stream_output_append(StreamOutput *output, gboolean text, GBytes *data);

/* Writes to the socket FD what it takes now. FALSE when it will never take any more: its reader is gone. */
gboolean stream_output_flush(StreamOutput *output, int fd);

/* Bytes that wait for the reader. */
gsize stream_output_get_backlog(const StreamOutput *output);
