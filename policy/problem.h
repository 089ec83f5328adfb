/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The errors found in a set of configuration files: a list of "path:line: what is wrong", in the order of the files,
 * as they were first named, and then of their lines. */
typedef struct Problems Problems;

Problems *problems_new(void);
void problems_free(Problems *problems);

/* Names the file at PATH, whose problems come behind those of the files named before. Returns its number among them,
 * from 1. */
guint problems_add_file(Problems *problems, const char *path);

/* LINE 0: the file as a whole, which comes first. Names the file if nobody has. */
void problems_add(Problems *problems, const char *path, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

guint problems_count(const Problems *problems);
/* "path:line: text"; owned by PROBLEMS. */
const char *problems_get(const Problems *problems, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Problems, problems_free)
