/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many rows have bytes in them that are no text, on purpose; meson reads the log as UTF-8. */

#include "row.h"

#include <glib.h>

void
test_row_texts(const char *const *texts)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (; *texts != NULL; texts++) {
        g_autofree char *escaped = g_strescape(*texts, NULL);

        g_string_append_printf(line, "%s\"%s\"", line->len == 0 ? "" : " ", escaped);
    }
    g_test_message("%s", line->str);
}
