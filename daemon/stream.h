/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "frame.h"
#include "lane.h"

/*
 * The data plane of one WebSocket (OpenStream): our end of a socket pair whose other end the application has. Each
 * message on it is a wsb_frame_header and its payload, both ways. Lives in a lane.
 */
typedef struct Stream Stream;

/* Told from within the lane. Any of them may free the stream. */
typedef struct StreamEvents {
    /* Messages of the application's are about to be told; and those that were there have been. */
    void (*batch)(gboolean begins, gpointer user_data);
    /* One of them, text as valid UTF-8; valid during the call. */
    void (*message)(gboolean text, GBytes *data, gpointer user_data);
    /* The application has enough unread, so that nothing more should be appended, or has read it. */
    void (*full)(gboolean full, gpointer user_data);
    /* All that the application had written when stream_catch_up() was called has been told, or cannot be. */
    void (*caught_up)(gpointer user_data);
    /* The application wrote what is no message; nothing more is read. TEXT is static. */
    void (*fault)(FrameFault fault, const char *text, gpointer user_data);
    /* The application has closed its end, or shut it down for writing. */
    void (*hung_up)(gpointer user_data);
    /* After stream_finish(): the last byte was taken, or nobody is there to take it. */
    void (*ended)(gpointer user_data);
} StreamEvents;

/*
 * A stream in LANE, which it references. *ret_fd is the application's end: the caller's to close, blocking,
 * close-on-exec. Only its hanging up is watched until stream_start(). NULL and an error when descriptors have run out.
 */
Stream *stream_new(Lane *lane, const StreamEvents *events, gpointer user_data, int *ret_fd, GError **error);
/* What waits is lost; the application reads to the end of what it has been given. */
void stream_free(Stream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_free)

Lane *stream_get_lane(const Stream *stream);

/* The rest must be called in the lane (see lane_enter()). */

/* Begins to tell the application's messages; one over MAX_MESSAGE_SIZE is a fault. */
void stream_start(Stream *stream, gsize max_message_size);

/* Appends a message for the application; it goes out with the next stream_flush(). At most 4 GiB. */
void stream_append(Stream *stream, gboolean text, GBytes *data);
void stream_flush(Stream *stream);

/* Whether the application has enough unread. */
gboolean stream_is_full(const Stream *stream);

/* Stops telling messages, or goes on: the application's writing then blocks when the socket's buffer is full. */
void stream_set_paused(Stream *stream, gboolean paused);

/* Bytes that the application has written and that have not been told. */
gsize stream_get_unread(const Stream *stream);

/*
 * The application closes: what it has written until now still counts, and nothing that it writes later. FALSE when
 * there is nothing; else `caught_up` follows, at the latest when for TIMEOUT µs nothing could be told.
 */
gboolean stream_catch_up(Stream *stream, gint64 timeout);

/* The connection is over: nothing more is read, and after what waits comes the end of file. `ended` follows, maybe
 * within the call. */
void stream_finish(Stream *stream);
