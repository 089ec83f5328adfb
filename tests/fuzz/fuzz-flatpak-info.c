/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A /.flatpak-info: the ID that comes of it, if any, is a proper one. */

#include "fuzz.h"

#include "flatpak-info.h"
#include "name.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *id = flatpak_info_parse((const char *)data, size);

    if (id)
        g_assert_null(name_flatpak_fault(id));
    return 0;
}
