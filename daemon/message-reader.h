/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "frame-header.h"
#include "payload.h"

/* Puts messages together out of a server's frames (RFC 6455 section 5.4). Starts as all zero. */
typedef struct MessageReader {
    guint8 header[10];
    guint8 header_length; /* bytes of it that have been taken; whole while within a frame */
    gboolean in_frame;
    guint64 left; /* bytes of the frame's payload to come */
    gboolean text;
    gboolean compressed; /* the message at hand is (RFC 7692 section 6) */
    gboolean discards;   /* what comes of messages */
    Payload payload;
} MessageReader;

/* What message_reader_take() came upon. */
typedef enum {
    MESSAGE_READER_MORE,    /* the end of the bytes */
    MESSAGE_READER_MESSAGE, /* a whole message */
    MESSAGE_READER_CONTROL, /* bytes of a control frame, which are for somebody else */
} MessageReaderResult;

void message_reader_clear(MessageReader *reader);

/* From now on no message is put together, nor the one at hand. */
void message_reader_discard(MessageReader *reader);

/*
 * Takes the bytes at DATA, which a FrameScanner has accepted, up to the end of a message (*ret_message, owned by the
 * caller, as it came: reader->compressed says whether it is yet to be inflated; and whether it is text in *ret_text) or
 * up to a control frame's. *ret_taken bytes have been used: of a control frame, as many as there are of it.
 */
MessageReaderResult message_reader_take(MessageReader *reader, const guint8 *data, gsize length,
                                        gsize *ret_taken, GBytes **ret_message, gboolean *ret_text);
