/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Bytes of a message from someone who may lie about how many will come, or bring them one at a time. Up to a bound they
 * are provided for at once, so that an honest message is copied once; beyond it the room doubles each time that what has
 * really come fills it, so that no number of pieces costs more than twice the copying.
 */

#include "payload.h"

#include <string.h>

enum {
    EAGER_CAPACITY = 1024 * 1024 /* bytes of a message that are provided for before they have come */
};

void
payload_clear(Payload *payload)
{
    g_free(payload->data);
    *payload = (Payload){ 0 };
}

void
payload_append(Payload *payload, const guint8 *data, gsize length, gsize expected)
{
    gsize needed = payload->length + length;

    if (needed > payload->capacity) {
        gsize grown = payload->capacity > 0 ? payload->capacity * 2 : MIN(expected, (gsize)EAGER_CAPACITY);

        payload->capacity = MAX(needed, grown);
        payload->data = g_realloc(payload->data, payload->capacity);
    }
    if (length > 0)
        memcpy(payload->data + payload->length, data, length);
    payload->length = needed;
}

GBytes *
payload_take(Payload *payload)
{
    GBytes *bytes = g_bytes_new_take(g_steal_pointer(&payload->data), payload->length);

    *payload = (Payload){ 0 };
    return bytes;
}
