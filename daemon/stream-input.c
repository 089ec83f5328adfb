/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The bytes of a hostile application. A header is believed only as far as policy allows a message to be. The payload of
 * a long message is read where it will stay, without a copy.
 */

#include "stream-input.h"

#include <string.h>

void
stream_input_init(StreamInput *input, gsize max_message_size,
                  gboolean (*message)(gboolean text, GBytes *data, gpointer user_data), gpointer user_data)
{
    *input =
        (StreamInput){ .max_message_size = max_message_size, .message = message, .user_data = user_data };
}

void
stream_input_clear(StreamInput *input)
{
    payload_clear(&input->payload);
}

struct iovec
stream_input_get_room(StreamInput *input)
{
    Payload *payload = &input->payload;

    if (!payload->data)
        return (struct iovec){ 0 };
    return (struct iovec){ .iov_base = payload->data + payload->length,
                           .iov_len = MIN(payload->capacity, input->header.length) - payload->length };
}

static FrameFault
check_header(StreamInput *input)
{
    static const guint8 zero[sizeof(input->header.reserved)];

    if (input->header.kind != WSB_FRAME_TEXT && input->header.kind != WSB_FRAME_BINARY)
        input->fault_text = "a kind of message that does not exist";
    else if (memcmp(input->header.reserved, zero, sizeof(zero)) != 0)
        input->fault_text = "reserved bytes that are not zero";
    if (input->fault_text)
        return FRAME_FAULT_PROTOCOL;
    if (input->header.length <= input->max_message_size)
        return FRAME_FAULT_NONE;
    input->fault_text = "a message larger than MaxMessageSize";
    return FRAME_FAULT_TOO_BIG;
}

/* The message is whole, at BYTES. */
static FrameFault
end_message(StreamInput *input, GBytes *bytes, gboolean *ret_go_on)
{
    gboolean text = input->header.kind == WSB_FRAME_TEXT;
    gsize length = 0;
    const guint8 *data = g_bytes_get_data(bytes, &length);

    input->header_length = 0;
    if (text && !utf8_valid(data, length)) {
        input->fault_text = "text that is not UTF-8";
        return FRAME_FAULT_DATA;
    }
    *ret_go_on = input->message(text, bytes, input->user_data);
    return FRAME_FAULT_NONE;
}

static gsize
take_header(StreamInput *input, const guint8 *data, gsize length)
{
    gsize n = MIN(length, sizeof(input->header) - input->header_length);

    memcpy((guint8 *)&input->header + input->header_length, data, n);
    input->header_length += n;
    return n;
}

static FrameFault
end_kept_message(StreamInput *input, gboolean *ret_go_on)
{
    g_autoptr(GBytes) bytes = payload_take(&input->payload);

    return end_message(input, bytes, ret_go_on);
}

/* One step over the bytes at DATA: a piece of a header, a whole message, or a piece of one. */
static FrameFault
feed_step(StreamInput *input, const guint8 *data, gsize length, gsize *ret_used, gboolean *ret_go_on)
{
    FrameFault fault;
    gsize missing;

    if (input->header_length < sizeof(input->header)) {
        *ret_used = take_header(input, data, length);
        if (input->header_length < sizeof(input->header))
            return FRAME_FAULT_NONE;
        fault = check_header(input);
        if (fault != FRAME_FAULT_NONE || input->header.length > 0)
            return fault;
        length = 0; /* an empty message has nothing to wait for */
    } else {
        *ret_used = 0;
    }
    missing = input->header.length - input->payload.length;
    if (input->payload.length == 0 && length >= missing) {
        g_autoptr(GBytes) bytes = g_bytes_new(data, missing);

        *ret_used += missing;
        return end_message(input, bytes, ret_go_on);
    }
    payload_append(&input->payload, data, MIN(length, missing), input->header.length);
    *ret_used += MIN(length, missing);
    return input->payload.length == input->header.length ? end_kept_message(input, ret_go_on)
                                                         : FRAME_FAULT_NONE;
}

FrameFault
stream_input_feed(StreamInput *input, const guint8 *rest, gsize length)
{
    struct iovec room = stream_input_get_room(input);
    gsize in_room = MIN(length, room.iov_len);
    FrameFault fault = FRAME_FAULT_NONE;
    gboolean go_on = TRUE;

    input->payload.length += in_room;
    length -= in_room;
    if (input->payload.data && input->payload.length == input->header.length)
        fault = end_kept_message(input, &go_on);
    while (length > 0 && go_on && fault == FRAME_FAULT_NONE) {
        gsize used = 0;

        fault = feed_step(input, rest, length, &used, &go_on);
        rest += used;
        length -= used;
    }
    return fault;
}
