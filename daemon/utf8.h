/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Where a validation of UTF-8 (RFC 3629) stands between two pieces of a text. Starts as all zero. */
typedef struct Utf8State {
    guint8 needed; /* continuation bytes that must follow */
    guint8 lower;  /* bounds of the next one, while needed is not 0 */
    guint8 upper;
} Utf8State;

/*
 * Validates LENGTH more bytes. FALSE at the first byte that no valid text can have there, so an invalid sequence
 * is found as soon as it has arrived. U+0000 is valid, as in RFC 6455 section 5.6.
 */
gboolean utf8_feed(Utf8State *state, const guint8 *data, gsize length);

/* Whether the text may end here. */
gboolean utf8_complete(const Utf8State *state);

/* A whole text at once. */
gboolean utf8_valid(const guint8 *data, gsize length);
