/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "frame.h"
#include "payload.h"
#include "wsbroker-protocol.h"

#include <sys/uio.h>

/* Messages from the application, taken out of its descriptor's framing. */
typedef struct StreamInput {
    gsize max_message_size;
    /* Told each whole message; text is valid UTF-8. Returns whether to go on. DATA is valid during the call. */
    gboolean (*message)(gboolean text, GBytes *data, gpointer user_data);
    gpointer user_data;

    wsb_frame_header header;
    gsize header_length;    /* bytes of it that have arrived */
    Payload payload;        /* of the message at hand, as far as it has arrived */
    const char *fault_text; /* what is wrong, static; set with a fault */
} StreamInput;

void stream_input_init(StreamInput *input, gsize max_message_size,
                       gboolean (*message)(gboolean text, GBytes *data, gpointer user_data),
                       gpointer user_data);
void stream_input_clear(StreamInput *input);

/* Where the bytes that come next belong: room for the message at hand, which may have length 0. */
struct iovec stream_input_get_room(StreamInput *input);

/*
 * LENGTH bytes have arrived: first as many as fit in the room of stream_input_get_room(), where they are already, and
 * those behind them at REST. After a fault, or once `message` returned FALSE, the input must not be fed again.
 */
FrameFault stream_input_feed(StreamInput *input, const guint8 *rest, gsize length);
