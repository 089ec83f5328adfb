/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Passwords do not stay behind in freed memory. */

#include "secret.h"

#include <string.h>

void
secret_clear(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    g_clear_pointer(text, g_free);
}
