/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl list: ListWebSockets as a table. A caller sees its own, an administrator all; as this program
 * is a caller of its own, it shows an ordinary user nothing of other programs, and says so.
 */

#include "ctl.h"
#include "table.h"
#include "websocket-list.h"

#include <errno.h>

static const TableColumn columns[] = {
    { "ID", TRUE },       { "STATE", FALSE },   { "OWNER", FALSE }, { "UID", TRUE },
    { "SUBJECT", FALSE }, { "RECEIVED", TRUE }, { "SENT", TRUE },   { "URL", FALSE },
};

/* What is in them; NULL: the last part of the path. */
static const char *const properties[G_N_ELEMENTS(columns)] = {
    NULL, "State", "Owner", "Uid", "Subject", "BytesReceived", "BytesSent", "Url",
};

static void
print_text(const GArray *list, gboolean legend)
{
    g_autoptr(Table) table = table_new(columns, G_N_ELEMENTS(columns));

    for (guint i = 0; i < list->len; i++) {
        const WebSocketEntry *entry = &g_array_index(list, WebSocketEntry, i);
        Colour colour = websocket_state_colour(dictionary_get(&entry->properties, "State"));

        for (guint c = 0; c < G_N_ELEMENTS(columns); c++)
            table_add(table,
                      properties[c] ? dictionary_get(&entry->properties, properties[c])
                                    : websocket_entry_id(entry),
                      g_strcmp0(properties[c], "State") == 0 ? colour : COLOUR_NONE);
    }
    table_print(table, stdout, legend, G_MAXSIZE);
}

static void
print_json(const GArray *list)
{
    printf("[");
    for (guint i = 0; i < list->len; i++) {
        printf("%s{", i > 0 ? "," : "");
        websocket_entry_print_json(&g_array_index(list, WebSocketEntry, i));
        printf("}");
    }
    printf("]\n");
}

static ExitStatus
print_list(const Arguments *arguments, const GArray *list)
{
    if (arguments->json)
        print_json(list);
    else
        print_text(list, !arguments->no_legend);
    return output_flush() ? EXIT_OK : EXIT_FAILED;
}

static ExitStatus
print_reply(const Arguments *arguments, sd_bus_message *reply)
{
    g_autoptr(GArray) list = NULL;

    return websocket_list_read(reply, &list) < 0 ? EXIT_FAILED : print_list(arguments, list);
}

static ExitStatus
list(const Arguments *arguments, wsb_client *client)
{
    sd_bus_message *reply = NULL;
    ExitStatus status;
    int r = call_list(client, &reply);

    /* It is known what such a service holds. */
    if (r == -ENXIO) {
        g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(WebSocketEntry));

        output_note("the service does not run, so it holds nothing");
        return print_list(arguments, none);
    }
    if (r < 0) {
        call_report(r);
        return EXIT_FAILED;
    }
    status = print_reply(arguments, reply);
    sd_bus_message_unref(reply);
    websocket_list_note_absence(client);
    return status;
}

ExitStatus
ctl_list(const Arguments *arguments)
{
    wsb_client *client = ctl_open_client(arguments);
    ExitStatus status = client ? list(arguments, client) : EXIT_FAILED;

    wsb_client_unref(client);
    return status;
}
