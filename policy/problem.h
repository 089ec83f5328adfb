/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The errors found in a set of configuration files: a list of "path:line: what is wrong", in the order
 * found. */
typedef struct Problems Problems;

Problems *problems_new(void);
void problems_free(Problems *problems);

/* LINE 0: the file as a whole. */
void problems_add(Problems *problems, const char *path, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

guint problems_count(const Problems *problems);
/* "path:line: text"; owned by PROBLEMS. */
const char *problems_get(const Problems *problems, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Problems, problems_free)
