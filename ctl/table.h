/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "output.h"

#include <glib.h>

typedef struct TableColumn {
    const char *heading;
    gboolean number; /* stands at the right */
} TableColumn;

/* Rows of text in columns. What is in it may be anybody's: it is escaped. */
typedef struct Table Table;

/* COLUMNS must outlive it. Free with table_free(). */
Table *table_new(const TableColumn *columns, guint n_columns);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* The next cell, row by row; TEXT is copied. */
void table_add(Table *table, const char *text, Colour colour);

/* Prints it on STREAM: with its headings, if LEGEND; no line longer than WIDTH columns, G_MAXSIZE for any. A
 * text is cut off there, a number is left out. */
void table_print(const Table *table, FILE *stream, gboolean legend, gsize width);
