/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a caller sends in bulk stays where sd-bus has it. */

#include "bus-bytes.h"

#include "bus.h"

#include <string.h>

GBytes *
bus_bytes_read(sd_bus_message *message, char type)
{
    const void *bytes = NULL;
    const char *text = NULL;
    size_t length = 0;

    if (type == 's') {
        if (sd_bus_message_read_basic(message, 's', &text) < 0)
            return NULL;
        bytes = text;
        length = strlen(text);
    } else if (sd_bus_message_read_array(message, 'y', &bytes, &length) < 0) {
        return NULL;
    }
    return g_bytes_new_with_free_func(bytes, length, bus_message_unref, sd_bus_message_ref(message));
}
