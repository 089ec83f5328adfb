/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * zlib with bounds. A KiB can inflate to a MiB, so a message is inflated over as many turns as it takes, each of which
 * costs no more than one that receives plain bytes; and one that grows over the limit ends there, with no more memory
 * taken than the limit and what it came in.
 */

#include "inflater.h"

#include "payload.h"

#include <zlib.h>

enum {
    OUTPUT_STEP = 16 * 1024, /* bytes */
    INPUT_STEP = 4 * 1024,   /* likewise */
    /* Of a byte, in bytes of output. Eleven may set up a code, which takes as long as a KiB of output: so the dearest
     * turn is as long as about ten others. */
    INPUT_COST = 8,
    WINDOW_BITS_LEAST = 9, /* zlib's own compressor has no smaller one, and says 8 for it */
    WINDOW_MAX = 32 * 1024
};

/* A sender leaves these out at a message's end (RFC 7692 section 7.2.1). */
static const guint8 tail[] = { 0x00, 0x00, 0xff, 0xff };

struct Inflater {
    PermessageDeflate agreed;
    gsize max_message_size;
    z_stream zlib;
    gboolean has_window;   /* zlib is set up */
    gboolean stream_ended; /* by a block that says it is the last (section 7.2.3.4) */

    GBytes *compressed; /* while busy */
    gsize at;           /* of it, with the tail behind it */
    gboolean text;
    Utf8State utf8;
    Payload inflated;
};

Inflater *
inflater_new(const PermessageDeflate *agreed, gsize max_message_size)
{
    Inflater *self = g_new0(Inflater, 1);

    self->agreed = *agreed;
    self->max_message_size = max_message_size;
    return self;
}

static void
drop_window(Inflater *self)
{
    if (self->has_window)
        (void)inflateEnd(&self->zlib);
    self->has_window = FALSE;
    self->stream_ended = FALSE;
}

void
inflater_free(Inflater *self)
{
    drop_window(self);
    g_clear_pointer(&self->compressed, g_bytes_unref);
    payload_clear(&self->inflated);
    g_free(self);
}

static void
check_memory(int result)
{
    if (result != Z_OK)
        g_error("zlib cannot be set up (%d): memory has run out", result);
}

void
inflater_start(Inflater *self, gboolean text, GBytes *compressed)
{
    g_assert(!self->compressed);
    self->compressed = g_bytes_ref(compressed);
    self->text = text;
    self->at = 0;
    self->utf8 = (Utf8State){ 0 };
    if (self->has_window)
        return;
    self->zlib = (z_stream){ 0 };
    check_memory(
        inflateInit2(&self->zlib, -MAX((int)self->agreed.server_max_window_bits, WINDOW_BITS_LEAST)));
    self->has_window = TRUE;
}

gboolean
inflater_is_busy(const Inflater *self)
{
    return self->compressed != NULL;
}

/* Bytes that zlib has not seen, with the tail. */
static gsize
input_left(const Inflater *self)
{
    return g_bytes_get_size(self->compressed) + sizeof(tail) - self->at;
}

/* Shows zlib the next of them. */
static void
set_input(Inflater *self)
{
    gsize length;
    const guint8 *data = g_bytes_get_data(self->compressed, &length);

    if (self->at < length) {
        self->zlib.next_in = (guint8 *)data + self->at;
        self->zlib.avail_in = (guint)MIN(length - self->at, (gsize)INPUT_STEP);
    } else {
        self->zlib.next_in = (guint8 *)tail + (self->at - length);
        self->zlib.avail_in = (guint)input_left(self);
    }
}

/* After a last block others may follow, of this message or the next, which may refer to what came before it. Returns
 * what that cost. */
static gsize
begin_next_stream(Inflater *self)
{
    g_autofree guint8 *window = g_malloc(WINDOW_MAX);
    guint length = 0;

    self->stream_ended = FALSE;
    check_memory(inflateGetDictionary(&self->zlib, window, &length));
    check_memory(inflateReset(&self->zlib));
    if (length > 0)
        check_memory(inflateSetDictionary(&self->zlib, window, length));
    return WINDOW_MAX;
}

static FrameFault
take_output(Inflater *self, const guint8 *data, gsize length, const char **ret_fault_text)
{
    if (length > self->max_message_size - self->inflated.length) {
        *ret_fault_text = "a message is larger than the limit once it is inflated";
        return FRAME_FAULT_TOO_BIG;
    }
    if (self->text && !utf8_feed(&self->utf8, data, length)) {
        *ret_fault_text = "a compressed text is not UTF-8";
        return FRAME_FAULT_DATA;
    }
    payload_append(&self->inflated, data, length, self->inflated.length + length);
    return FRAME_FAULT_NONE;
}

/* One call of zlib's. *ret_more: another must follow. Adds to *COST. */
static FrameFault
step(Inflater *self, gsize *cost, gboolean *ret_more, const char **ret_fault_text)
{
    guint8 output[OUTPUT_STEP];
    gsize shown, taken, given;
    int result;

    if (self->stream_ended)
        *cost += begin_next_stream(self);
    set_input(self);
    shown = self->zlib.avail_in;
    self->zlib.next_out = output;
    self->zlib.avail_out = sizeof(output);
    result = inflate(&self->zlib, Z_SYNC_FLUSH);
    taken = shown - self->zlib.avail_in;
    given = sizeof(output) - self->zlib.avail_out;
    self->at += taken;
    *cost += taken * INPUT_COST + given;
    self->stream_ended = result == Z_STREAM_END;
    if (result == Z_MEM_ERROR)
        check_memory(result);
    /* Z_BUF_ERROR: there was nothing to do, as after output that ended where the room did. */
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        *ret_fault_text = "a message is not compressed as DEFLATE is";
        return FRAME_FAULT_DATA;
    }
    *ret_more = input_left(self) > 0 || given == sizeof(output);
    /* A stream that ends with the message needs no tail. */
    if (self->stream_ended && input_left(self) == sizeof(tail))
        *ret_more = FALSE;
    return take_output(self, output, given, ret_fault_text);
}

/* Whether zlib stands where a block may begin, as behind the tail it does. */
static gboolean
at_end_of_block(const Inflater *self)
{
    return self->stream_ended || (self->zlib.data_type & 128) != 0;
}

static FrameFault
finish(Inflater *self, GBytes **ret_message, gboolean *ret_text, const char **ret_fault_text)
{
    /* An empty message of one byte (section 7.2.3.6) has a block; some senders leave that byte out. */
    if (g_bytes_get_size(self->compressed) > 0 && !at_end_of_block(self)) {
        *ret_fault_text = "a compressed message ends inside a block";
        return FRAME_FAULT_DATA;
    }
    if (self->text && !utf8_complete(&self->utf8)) {
        *ret_fault_text = "a compressed text ends inside a character";
        return FRAME_FAULT_DATA;
    }
    if (self->agreed.server_no_context_takeover)
        drop_window(self);
    g_clear_pointer(&self->compressed, g_bytes_unref);
    *ret_message = payload_take(&self->inflated);
    *ret_text = self->text;
    return FRAME_FAULT_NONE;
}

FrameFault
inflater_work(Inflater *self, gsize *budget, GBytes **ret_message, gboolean *ret_text,
              const char **ret_fault_text)
{
    FrameFault fault = FRAME_FAULT_NONE;
    gboolean more = g_bytes_get_size(self->compressed) > 0;
    gsize cost = 0;

    *ret_message = NULL;
    while (fault == FRAME_FAULT_NONE && more && cost < *budget)
        fault = step(self, &cost, &more, ret_fault_text);
    *budget -= MIN(cost, *budget);
    if (fault == FRAME_FAULT_NONE && !more)
        fault = finish(self, ret_message, ret_text, ret_fault_text);
    return fault;
}
