/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tables whose columns are as wide as what is in them. Two blanks stand between columns and none at a line's
 * end, so that what is printed in a pipe is cut by any tool.
 */

#include "table.h"

#include <stdio.h>

typedef struct Cell {
    char *text;
    Colour colour;
} Cell;

struct Table {
    const TableColumn *columns;
    guint n_columns;
    GArray *cells; /* of Cell, row by row */
};

static void
cell_clear(gpointer cell)
{
    g_free(((Cell *)cell)->text);
}

Table *
table_new(const TableColumn *columns, guint n_columns)
{
    Table *table = g_new(Table, 1);

    *table = (Table){ columns, n_columns, g_array_new(FALSE, FALSE, sizeof(Cell)) };
    g_array_set_clear_func(table->cells, cell_clear);
    return table;
}

void
table_free(Table *table)
{
    g_array_unref(table->cells);
    g_free(table);
}

void
table_add(Table *table, const char *text, Colour colour)
{
    Cell cell = { g_strdup(text), colour };

    g_array_append_val(table->cells, cell);
}

static const Cell *
cell_at(const Table *table, guint row, guint column)
{
    return &g_array_index(table->cells, Cell, row * table->n_columns + column);
}

static guint
count_rows(const Table *table)
{
    return table->cells->len / table->n_columns;
}

static gsize
find_width(const Table *table, guint column, gboolean legend)
{
    gsize width = legend ? output_width(table->columns[column].heading) : 0;

    for (guint row = 0; row < count_rows(table); row++)
        width = MAX(width, output_width(cell_at(table, row, column)->text));
    return width;
}

/* What is left of a line while it is printed, and the blanks that are due before the next text. */
typedef struct Line {
    gsize room;
    gsize blanks;
} Line;

/* What stands at the right is a number: half of one would be another, so where it does not fit it is left
 * out. */
static void
print_cell(FILE *stream, Line *line, const char *text, Colour colour, gsize width, gboolean right)
{
    gsize padding = width - output_width(text);
    gsize blanks = line->blanks + (right ? padding : 0);

    line->blanks = (right ? 0 : padding) + 2;
    if (*text == '\0' || blanks + (right ? output_width(text) : 1) > line->room) {
        line->blanks += blanks + output_width(text);
        return;
    }
    (void)fprintf(stream, "%*s", (int)blanks, "");
    line->room -= blanks;
    output_begin_colour(stream, colour);
    line->room -= output_clipped(stream, text, line->room);
    output_end_colour(stream, colour);
}

static void
print_headings(const Table *table, FILE *stream, const gsize *widths, gsize width)
{
    Line line = { .room = width };

    for (guint column = 0; column < table->n_columns; column++)
        print_cell(stream, &line, table->columns[column].heading, COLOUR_HEADING, widths[column],
                   table->columns[column].number);
    (void)fputc('\n', stream);
}

static void
print_row(const Table *table, FILE *stream, guint row, const gsize *widths, gsize width)
{
    Line line = { .room = width };

    for (guint column = 0; column < table->n_columns; column++) {
        const Cell *cell = cell_at(table, row, column);

        print_cell(stream, &line, cell->text, cell->colour, widths[column], table->columns[column].number);
    }
    (void)fputc('\n', stream);
}

void
table_print(const Table *table, FILE *stream, gboolean legend, gsize width)
{
    g_autofree gsize *widths = g_new(gsize, table->n_columns);

    for (guint column = 0; column < table->n_columns; column++)
        widths[column] = find_width(table, column, legend);
    if (legend)
        print_headings(table, stream, widths, width);
    for (guint row = 0; row < count_rows(table); row++)
        print_row(table, stream, row, widths, width);
}
