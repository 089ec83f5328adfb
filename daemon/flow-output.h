/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "frame.h"
#include "lane.h"

#include <gio/gio.h>

/* The writing side of a flow: a pollable output stream over the transport's. Lives in one lane. */
#define FLOW_TYPE_OUTPUT (flow_output_get_type())
G_DECLARE_FINAL_TYPE(FlowOutput, flow_output, FLOW, OUTPUT, GOutputStream)

/*
 * Writes to TRANSPORT (referenced). What is written to the stream must be whole frames, one at a time; each is taken
 * whole, always. What the transport does not take at once is kept and counted. WATCH is the socket's: it is asked for
 * room, and raised for the end of a turn, each of which flow_output_turn() is to be told. It must live until
 * flow_output_stop().
 */
FlowOutput *flow_output_new(GPollableOutputStream *transport, LaneWatch *watch);

/* A turn, in which the socket is ready for CONDITION. Returns whether kept bytes were written or given up since the last
 * one. */
gboolean flow_output_turn(FlowOutput *output, GIOCondition condition);

/* Sends a frame of OPCODE with LENGTH bytes of PAYLOAD. */
void flow_output_send(FlowOutput *output, FrameOpcode opcode, const guint8 *payload, gsize length);

/* Writes what is kept, as far as the transport takes it, without waiting for the end of the turn. */
void flow_output_flush(FlowOutput *output);

/* Between TRUE and FALSE comes a batch, which is written when it is whole. */
void flow_output_set_corked(FlowOutput *output, gboolean corked);

/* Bytes that wait for the transport. */
gsize flow_output_get_backlog(const FlowOutput *output);

/* Drops the kept frames of which nothing has been written yet. Returns whether a Close frame was one of them. */
gboolean flow_output_discard(FlowOutput *output);

/* Whether the transport refused bytes for good. What is written from then on is dropped: the reading side, which
 * may still have the peer's last words, says what became of the connection. */
gboolean flow_output_is_broken(const FlowOutput *output);

/* Drops what is kept, and forgets the watch. */
void flow_output_stop(FlowOutput *output);
