/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl list: ListWebSockets as a table. A caller sees its own, an administrator all; as this program
 * is a caller of its own, it shows an ordinary user nothing of other programs.
 */

#include "call.h"
#include "ctl.h"
#include "output.h"
#include "value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct Row {
    char *path;
    Dictionary properties;
} Row;

typedef struct Table {
    Row *rows;
    size_t n;
} Table;

static const struct {
    const char *heading;
    const char *property; /* NULL: the last part of the path */
    bool number;
} columns[] = {
    { "ID", NULL, false },         { "STATE", "State", false },     { "OWNER", "Owner", false },
    { "UID", "Uid", true },        { "SUBJECT", "Subject", false }, { "RECEIVED", "BytesReceived", true },
    { "SENT", "BytesSent", true }, { "URL", "Url", false },
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static int
read_row(sd_bus_message *m, Table *table)
{
    Row *rows = reallocarray(table->rows, table->n + 1, sizeof(*rows)), *row;
    const char *path;
    int r;

    if (!rows)
        return -ENOMEM;
    table->rows = rows;
    r = sd_bus_message_read_basic(m, 'o', &path);
    if (r < 0)
        return r;
    row = &rows[table->n];
    *row = (Row){ .path = strdup(path) };
    if (!row->path)
        return -ENOMEM;
    table->n++;
    r = dictionary_read(m, &row->properties);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int
read_table(sd_bus_message *m, Table *ret)
{
    int r;

    r = sd_bus_message_enter_container(m, 'a', "(oa{sv})");
    if (r < 0)
        return r;
    while ((r = sd_bus_message_enter_container(m, 'r', "oa{sv}")) > 0) {
        r = read_row(m, ret);
        if (r < 0)
            return r;
    }
    return r;
}

static void
table_clear(Table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        free(table->rows[i].path);
        dictionary_clear(&table->rows[i].properties);
    }
    free(table->rows);
}

static const char *
cell(const Row *row, size_t column)
{
    if (columns[column].property)
        return dictionary_get(&row->properties, columns[column].property);
    return strrchr(row->path, '/') + 1;
}

static void
print_cell(const char *text, size_t width, bool right, bool last)
{
    int padding = (int)(width - output_width(text));

    if (right)
        printf("%*s", padding, "");
    output_escaped(stdout, text, strlen(text));
    if (!right && !last)
        printf("%*s", padding, "");
    printf("%s", last ? "\n" : "  ");
}

static void
print_table(const Table *table, bool legend)
{
    size_t widths[N_COLUMNS];

    for (size_t c = 0; c < N_COLUMNS; c++) {
        widths[c] = legend ? strlen(columns[c].heading) : 0;
        for (size_t i = 0; i < table->n; i++) {
            size_t width = output_width(cell(&table->rows[i], c));

            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    output_begin_colour(stdout, legend ? COLOUR_HEADING : COLOUR_NONE);
    for (size_t c = 0; legend && c < N_COLUMNS; c++)
        print_cell(columns[c].heading, widths[c], columns[c].number, c == N_COLUMNS - 1);
    output_end_colour(stdout, legend ? COLOUR_HEADING : COLOUR_NONE);
    for (size_t i = 0; i < table->n; i++)
        for (size_t c = 0; c < N_COLUMNS; c++)
            print_cell(cell(&table->rows[i], c), widths[c], columns[c].number, c == N_COLUMNS - 1);
}

static void
print_json(const Table *table)
{
    printf("[");
    for (size_t i = 0; i < table->n; i++) {
        printf("%s{\"Path\":", i > 0 ? "," : "");
        output_json_string(table->rows[i].path, strlen(table->rows[i].path));
        printf("%s", table->rows[i].properties.n > 0 ? "," : "");
        dictionary_print_json(&table->rows[i].properties);
        printf("}");
    }
    printf("]\n");
}

static ExitStatus
print_reply(const Arguments *arguments, sd_bus_message *reply)
{
    Table table = { 0 };
    int r = read_table(reply, &table);

    if (r < 0)
        output_problem("the service's answer is not understood: %s", strerror(-r));
    else if (arguments->json)
        print_json(&table);
    else
        print_table(&table, !arguments->no_legend);
    table_clear(&table);
    return r >= 0 && output_flush() ? EXIT_OK : EXIT_FAILED;
}

ExitStatus
ctl_list(const Arguments *arguments)
{
    wsb_client *client = ctl_open_client(arguments);
    sd_bus_message *reply = client ? call_manager(client, "ListWebSockets") : NULL;
    ExitStatus status = reply ? print_reply(arguments, reply) : EXIT_FAILED;

    sd_bus_message_unref(reply);
    wsb_client_unref(client);
    return status;
}
