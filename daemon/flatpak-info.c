/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Flatpak puts a key file at the root of every sandbox that says whose it is. */

#include "flatpak-info.h"

#include "name.h"

#include <string.h>

char *
flatpak_info_parse(const char *text, gsize length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *id = NULL;

    if (length == 0 || memchr(text, '\0', length) ||
        !g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL))
        return NULL;
    id = g_key_file_get_string(file, "Application", "name", NULL);
    if (!id || name_flatpak_fault(id))
        return NULL;
    return g_steal_pointer(&id);
}
