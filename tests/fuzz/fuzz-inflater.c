/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A server's compressed messages, each behind a byte that says its length and whether it is text. The first byte says
 * what was agreed on, the second how much is done at a time. What comes of them does not depend on that.
 */

#include "fuzz-input.h"

#include "inflater.h"
#include "utf8.h"

enum { MESSAGE_MAX = 64 * 1024, TEXT = 0x80, LENGTH = 0x7f };

/* Inflates all up to a fault. Returns it, and a checksum of what came before. */
static FrameFault
inflate_all(const PermessageDeflate *agreed, FuzzInput input, gsize budget_each, char **ret_checksum)
{
    Inflater *inflater = inflater_new(agreed, MESSAGE_MAX);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    FrameFault fault = FRAME_FAULT_NONE;

    while (input.size > 0 && fault == FRAME_FAULT_NONE) {
        guint8 head = fuzz_input_take_byte(&input);
        gsize length = 0;
        const uint8_t *bytes = fuzz_input_take(&input, head & LENGTH, &length);
        g_autoptr(GBytes) compressed = g_bytes_new(bytes, length);
        g_autoptr(GBytes) message = NULL;

        inflater_start(inflater, (head & TEXT) != 0, compressed);
        while (inflater_is_busy(inflater) && fault == FRAME_FAULT_NONE) {
            const char *fault_text = NULL;
            gsize budget = budget_each;
            gboolean text = FALSE;

            fault = inflater_work(inflater, &budget, &message, &text, &fault_text);
            g_assert_true((fault_text != NULL) == (fault != FRAME_FAULT_NONE));
            g_assert_true(message || fault != FRAME_FAULT_NONE || budget == 0);
            g_assert_true(!message || text == ((head & TEXT) != 0));
        }
        if (message) {
            g_assert_cmpuint(g_bytes_get_size(message), <=, MESSAGE_MAX);
            g_assert_true(!(head & TEXT) ||
                          utf8_valid(g_bytes_get_data(message, NULL), g_bytes_get_size(message)));
            g_checksum_update(checksum, g_bytes_get_data(message, NULL), (gssize)g_bytes_get_size(message));
        }
    }
    inflater_free(inflater);
    *ret_checksum = g_strdup(g_checksum_get_string(checksum));
    return fault;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput input = { data, size };
    guint8 flags = fuzz_input_take_byte(&input);
    gsize budget = 1 + (gsize)fuzz_input_take_byte(&input) * 64;
    const PermessageDeflate agreed = { .agreed = TRUE,
                                       .server_no_context_takeover = flags & 1,
                                       .server_max_window_bits = (guint8)(8 + ((flags >> 1) & 7)) };
    g_autofree char *in_pieces = NULL;
    g_autofree char *at_once = NULL;

    g_assert_cmpint(inflate_all(&agreed, input, budget, &in_pieces), ==,
                    inflate_all(&agreed, input, G_MAXSIZE / 2, &at_once));
    g_assert_cmpstr(in_pieces, ==, at_once);
    return 0;
}
