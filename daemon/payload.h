/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A message's bytes while they arrive. All zero is an empty one. */
typedef struct Payload {
    guint8 *data;
    gsize length;
    gsize capacity;
} Payload;

void payload_clear(Payload *payload);

/* Appends LENGTH bytes; EXPECTED in all are announced as yet. Memory follows what has come: announcing much costs no more
 * than 1 MiB. */
void payload_append(Payload *payload, const guint8 *data, gsize length, gsize expected);

/* The whole; PAYLOAD is empty then. */
GBytes *payload_take(Payload *payload);
