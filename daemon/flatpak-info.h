/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The application's ID in TEXT, LENGTH bytes of a /.flatpak-info; free it with g_free(). NULL when there is none that can
 * be believed: not a key file, no application (as in a bare runtime), or no proper ID. */
char *flatpak_info_parse(const char *text, gsize length);
