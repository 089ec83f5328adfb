/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a call is answered that sd-bus refuses to read. */
#define BUS_UNREADABLE "The call has a string with a noncharacter, or is malformed otherwise"

/* Whether LENGTH bytes can be a D-Bus string everywhere: UTF-8 without U+0000 and noncharacters, which some
 * implementations (sd-bus among them) refuse. */
gboolean bus_text_is_valid(const char *bytes, gsize length);

/*
 * A D-Bus string for what LENGTH bytes from a server say: themselves where they are UTF-8, else read as ISO-8859-1;
 * U+0000 and noncharacters become U+FFFD. Free with g_free().
 */
char *bus_text_new(const char *bytes, gsize length);
