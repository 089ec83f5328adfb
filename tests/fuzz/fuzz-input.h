/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fuzz.h"

#include <glib.h>

/* For a target whose input is more than one thing: takes it apart from the front. At its end all that is taken is 0. */
typedef struct FuzzInput {
    const uint8_t *data;
    size_t size;
} FuzzInput;

static inline guint8
fuzz_input_take_byte(FuzzInput *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

/* At most LENGTH bytes; how many is in *ret_length. They belong to the input. */
static inline const uint8_t *
fuzz_input_take(FuzzInput *input, size_t length, size_t *ret_length)
{
    const uint8_t *bytes = input->data;

    *ret_length = MIN(length, input->size);
    input->data += *ret_length;
    input->size -= *ret_length;
    return bytes;
}

/* What comes up to the next zero byte, or to the end; the zero is skipped. */
static inline GBytes *
fuzz_input_take_field(FuzzInput *input)
{
    size_t length = 0;
    const uint8_t *bytes = NULL;

    while (length < input->size && input->data[length] != 0)
        length++;
    bytes = fuzz_input_take(input, length, &length);
    (void)fuzz_input_take_byte(input);
    return g_bytes_new(length > 0 ? bytes : NULL, length);
}

/* The same as UTF-8 without a zero. Free with g_free(). */
static inline char *
fuzz_input_take_text(FuzzInput *input)
{
    g_autoptr(GBytes) field = fuzz_input_take_field(input);
    gsize length = 0;
    const char *text = g_bytes_get_data(field, &length);

    return text ? g_utf8_make_valid(text, (gssize)length) : g_strdup("");
}
