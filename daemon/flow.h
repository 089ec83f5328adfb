/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "flow-input.h"

/*
 * The metered stream between a transport (a socket, or TLS on one) and libsoup's WebSocket: a GIOStream whose two
 * sides are pollable. Lives in one lane, whose turns drive it.
 */
#define FLOW_TYPE (flow_get_type())
G_DECLARE_FINAL_TYPE(Flow, flow, FLOW, STREAM, GIOStream)

/* Told from within the lane; neither may drop the last reference to the flow. */
typedef struct FlowEvents {
    /* A whole message of the server's; valid during the call. */
    void (*message)(gboolean text, GBytes *data, gpointer user_data);
    /* After each turn in which something was read or written to the transport. */
    void (*progress)(gpointer user_data);
} FlowEvents;

/*
 * A flow on TRANSPORT, whose socket is SOCKET; both are referenced. It reads as SETTINGS say (copied). While more
 * than MAX_BACKLOG bytes wait to be written nothing is read: who sends messages keeps below it, so only a server
 * that floods with pings and does not read can bring it about. It is driven in LANE, which must outlive flow_stop().
 */
Flow *flow_new(Lane *lane, GIOStream *transport, GSocket *socket, const FlowInputSettings *settings,
               gsize max_backlog, const FlowEvents *events, gpointer user_data);

/* Stops handing on what arrives, at once; or goes on. */
void flow_set_paused(Flow *flow, gboolean paused);

/* Tells no message any more, and keeps nothing of any; pings are still answered, and the server's Close is still seen. */
void flow_discard_messages(Flow *flow);

/* Sends one message; TEXT must be valid UTF-8. */
void flow_send(Flow *flow, gboolean text, GBytes *data);

/* Between TRUE and FALSE a batch of messages is sent, which goes out when it is whole. */
void flow_set_corked(Flow *flow, gboolean corked);

/* Bytes that wait to be written to the transport. */
gsize flow_get_backlog(const Flow *flow);

/* Drops what waits to be written, but for a frame of which a part is out already. Returns whether a Close frame was
 * dropped, in place of which another may be sent. */
gboolean flow_discard_backlog(Flow *flow);

/* FRAME_FAULT_NONE until libsoup has all that came before a fault of the server's; then what it is, and *ret_text
 * (static) why. Nothing more is handed on after one. */
FrameFault flow_get_fault(const Flow *flow, const char **ret_text);

/* Whether the server's Close frame has come, and libsoup has all that came before it; libsoup never gets the frame
 * itself. *ret_reason is owned by the flow. */
gboolean flow_get_close(const Flow *flow, guint16 *ret_code, const char **ret_reason);

/* Writes a Close frame, at once, behind all that waits: WSB_CLOSE_NO_STATUS is one without a code. Nothing may be
 * written after it but pongs, until the server's has come. */
void flow_send_close(Flow *flow, guint16 code, const char *reason);

/* After the closing handshake, with an empty backlog: tells the peer that nothing more comes; still reads to the
 * end. */
void flow_shutdown_output(Flow *flow);

/* Watches nothing any more and tells nothing. The transport is closed with the last reference to it. */
void flow_stop(Flow *flow);
