/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server's bytes in frames, at once and byte by byte: what is found does not depend on how they are cut. */

#include "fuzz.h"

#include "frame.h"

static FrameFault
scan(const uint8_t *data, size_t size, size_t step, guint64 *ret_frames)
{
    FrameScanner scanner;
    FrameFault fault = FRAME_FAULT_NONE;

    frame_scanner_init(&scanner, 1024);
    for (size_t at = 0; at < size && fault == FRAME_FAULT_NONE && !scanner.close_seen; at += step) {
        gsize length = MIN(step, size - at), accepted = 0;

        fault = frame_scanner_feed(&scanner, data + at, length, &accepted);
        g_assert_cmpuint(accepted, <=, length);
    }
    *ret_frames = scanner.n_frames;
    frame_scanner_clear(&scanner);
    return fault;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    guint64 frames = 0, frames_in_pieces = 0;
    FrameFault fault = size > 0 ? scan(data, size, size, &frames) : FRAME_FAULT_NONE;

    g_assert_cmpint(scan(data, size, 1, &frames_in_pieces), ==, fault);
    g_assert_cmpuint(frames_in_pieces, ==, frames);
    return 0;
}
