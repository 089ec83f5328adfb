/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A source that is only unreferenced goes on being dispatched; whoever holds one means to end it. */

#include "source.h"

void
source_clear(GSource **source)
{
    if (*source)
        g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}
