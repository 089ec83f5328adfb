/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "frame-header.h"
#include "utf8.h"

#include <glib.h>

/* What is wrong with a server's bytes. */
typedef enum {
    FRAME_FAULT_NONE,
    FRAME_FAULT_PROTOCOL, /* RFC 6455 section 5: ends in 1002 */
    FRAME_FAULT_DATA,     /* section 8.1, RFC 7692 section 7.2.2: ends in 1007 */
    FRAME_FAULT_TOO_BIG,  /* over the limit of a message: ends in 1009 */
} FrameFault;

/* The close code that tells of it (RFC 6455 section 7.4.1). */
guint16 frame_fault_to_close_code(FrameFault fault);

/*
 * Follows the frames that a server sends (RFC 6455 section 5.2) without keeping their payload: bounds a whole
 * message over all of its fragments, and validates text as it arrives.
 */
typedef struct FrameScanner {
    guint64
        max_message_size; /* bytes; set by frame_scanner_init(); a compressed one may have an eighth more */
    gboolean deflate;     /* permessage-deflate was agreed, so RSV1 may be set (RFC 7692) */

    guint64 n_frames; /* that have ended */

    guint8 header[10];
    guint8 header_length; /* bytes of it that have arrived */
    guint64 payload_left;
    gboolean in_payload;

    guint8 message_opcode; /* of the message whose fragments arrive; 0 between messages */
    gboolean compressed;   /* that message is */
    guint64 message_size;  /* of the fragments so far */
    Utf8State text;

    guint8 control[125]; /* payload of the control frame at hand */
    guint8 control_length;

    gboolean close_seen;
    guint16 close_code; /* 1005 where the Close frame had none */
    char *close_reason; /* as a D-Bus string; never NULL once close_seen; owned */

    const char *fault_text; /* what is wrong, static; set with a fault */
} FrameScanner;

void frame_scanner_init(FrameScanner *scanner, guint64 max_message_size);
void frame_scanner_clear(FrameScanner *scanner);

/*
 * Scans LENGTH more bytes. *ret_accepted is how many of them may be handed on: none that would complete what is at
 * fault, and none of a Close frame, which is answered elsewhere, or behind one, which counts for nothing (section
 * 5.5.1); else all.
 * After a fault the scanner must not be fed again.
 */
FrameFault frame_scanner_feed(FrameScanner *scanner, const guint8 *data, gsize length, gsize *ret_accepted);
