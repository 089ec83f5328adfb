/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one place that knows where a frame's length stands. What may be there is for the scanner to judge. */

#include "frame-header.h"

gsize
frame_header_get_size(const guint8 *header)
{
    switch (header[1] & BITS_LENGTH) {
    case LENGTH_16:
        return 4;
    case LENGTH_64:
        return 10;
    default:
        return 2;
    }
}

guint64
frame_header_get_length(const guint8 *header)
{
    gsize size = frame_header_get_size(header);
    guint64 length = 0;

    if (size == 2)
        return header[1] & BITS_LENGTH;
    for (gsize i = 2; i < size; i++)
        length = length << 8 | header[i];
    return length;
}
