/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "frame.h"

#include <gio/gio.h>

/* The reading side of a flow: a pollable input stream over the transport's. Lives in one lane. */
#define FLOW_TYPE_INPUT (flow_input_get_type())
G_DECLARE_FINAL_TYPE(FlowInput, flow_input, FLOW, INPUT, GInputStream)

/* Why reading is paused; it goes on when no reason is left. */
typedef enum {
    FLOW_PAUSE_APPLICATION = 1 << 0, /* the application has enough unread */
    FLOW_PAUSE_BACKLOG = 1 << 1,     /* too much waits to be written */
} FlowPause;

/*
 * Reads from TRANSPORT (referenced) after LEFTOVER (may be NULL, at most 64 KiB). FD is TRANSPORT's descriptor, or -1
 * where it is TLS, which gives a record a read whatever it is asked for. MESSAGE is told each whole message, from within
 * a read; what a reader gets are the control frames but Close. TURN is called after each turn in which the reader was
 * told that there is something. Neither may drop the last reference to the stream.
 */
FlowInput *flow_input_new(GPollableInputStream *transport, int fd, GBytes *leftover, guint64 max_message_size,
                          void (*message)(gboolean text, GBytes *data, gpointer user_data),
                          void (*turn)(gpointer user_data), gpointer user_data);

void flow_input_pause(FlowInput *input, FlowPause reason);
void flow_input_resume(FlowInput *input, FlowPause reason);

/* From now on a transport that has nothing more to read is at its end: its other direction is broken. */
void flow_input_set_last(FlowInput *input);

/* FRAME_FAULT_NONE until all that came before a fault has been read; then what it is, and *ret_text why. */
FrameFault flow_input_get_fault(const FlowInput *input, const char **ret_text);

/* Whether all has been read that came before a Close frame, and that has come; *ret_reason is owned by the stream. */
gboolean flow_input_get_close(const FlowInput *input, guint16 *ret_code, const char **ret_reason);

/* Detaches the source and reads nothing more. */
void flow_input_stop(FlowInput *input);
