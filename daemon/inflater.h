/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "frame.h"
#include "permessage-deflate.h"

/*
 * Inflates a server's compressed messages (RFC 7692 section 7.2.2), one after the other, so much at a time as its caller
 * has a budget for. Has no memory for a window before the first of them, nor between two where each is compressed by
 * itself.
 */
typedef struct Inflater Inflater;

/* Of what was AGREED on, for messages of at most MAX_MESSAGE_SIZE bytes. */
Inflater *inflater_new(const PermessageDeflate *agreed, gsize max_message_size);
void inflater_free(Inflater *inflater);

/* Starts on the message whose payload is COMPRESSED (referenced). Not while busy. */
void inflater_start(Inflater *inflater, gboolean text, GBytes *compressed);

/* Whether a message has been started on and not finished. */
gboolean inflater_is_busy(const Inflater *inflater);

/*
 * Goes on for about *BUDGET bytes, which is not 0, and takes off it what that cost. A message that is whole comes
 * in *ret_message (the caller's), else NULL, with whether it is text in *ret_text. A fault (with *ret_fault_text, static)
 * is for good: the message is too big once inflated, is text that is not UTF-8, which is found as soon as it is
 * inflated, or was not compressed right.
 */
FrameFault inflater_work(Inflater *inflater, gsize *budget, GBytes **ret_message, gboolean *ret_text,
                         const char **ret_fault_text);
