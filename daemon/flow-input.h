/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "frame.h"
#include "lane.h"
#include "permessage-deflate.h"

#include <gio/gio.h>

/* The reading side of a flow: a pollable input stream over the transport's. Lives in one lane. */
#define FLOW_TYPE_INPUT (flow_input_get_type())
G_DECLARE_FINAL_TYPE(FlowInput, flow_input, FLOW, INPUT, GInputStream)

/* Why reading is paused; it goes on when no reason is left. */
typedef enum {
    FLOW_PAUSE_APPLICATION = 1 << 0, /* the application has enough unread */
    FLOW_PAUSE_BACKLOG = 1 << 1,     /* too much waits to be written */
} FlowPause;

/* Told from within a turn or a read; neither may drop the last reference to the stream. */
typedef struct FlowInputEvents {
    /* A whole message of the server's; valid during the call. */
    void (*message)(gboolean text, GBytes *data, gpointer user_data);
    /* After each turn of the reader's. */
    void (*read)(gpointer user_data);
} FlowInputEvents;

typedef struct FlowInputSettings {
    GBytes
        *leftover; /* bytes that came with the handshake's response, read first; at most 64 KiB; NULL: none */
    guint64 max_message_size; /* bytes, once it is inflated; a message over it is a fault */
    PermessageDeflate deflate;
} FlowInputSettings;

/*
 * Reads from TRANSPORT (referenced), as SETTINGS say (copied). Where TRANSPORT is TLS, READ_AHEAD is
 * what it stands on (referenced; see read-ahead.h), else NULL. What a reader of the stream gets are the control frames
 * but Close. WATCH is the socket's: it is asked for bytes, and raised for what needs none, each of which
 * flow_input_turn() is to be told. It must live until flow_input_stop().
 */
FlowInput *flow_input_new(GPollableInputStream *transport, GIOStream *read_ahead, LaneWatch *watch,
                          const FlowInputSettings *settings, const FlowInputEvents *events,
                          gpointer user_data);

/* A turn, in which the socket is ready for CONDITION. */
void flow_input_turn(FlowInput *input, GIOCondition condition);

void flow_input_pause(FlowInput *input, FlowPause reason);
void flow_input_resume(FlowInput *input, FlowPause reason);

/* Tells no message any more, and keeps nothing of any: what the server still says is read for its control frames. */
void flow_input_discard_messages(FlowInput *input);

/* From now on a transport that has nothing more to read is at its end: its other direction is broken. */
void flow_input_set_last(FlowInput *input);

/* FRAME_FAULT_NONE until all that came before a fault has been read; then what it is, and *ret_text why. */
FrameFault flow_input_get_fault(const FlowInput *input, const char **ret_text);

/* Whether all has been read that came before a Close frame, and that has come; *ret_reason is owned by the stream. */
gboolean flow_input_get_close(const FlowInput *input, guint16 *ret_code, const char **ret_reason);

/* Reads nothing more, and forgets the watch. */
void flow_input_stop(FlowInput *input);
