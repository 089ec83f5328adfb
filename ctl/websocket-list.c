/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The answer of ListWebSockets, for the commands that show it. */

#include "websocket-list.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *state;
    Colour colour;
} state_colours[] = {
    { "connecting", COLOUR_BUSY }, { "open", COLOUR_GOOD },   { "closing", COLOUR_BUSY },
    { "created", COLOUR_NOTE },    { "closed", COLOUR_NOTE },
};

static void
entry_clear(gpointer data)
{
    WebSocketEntry *entry = data;

    g_free(entry->path);
    dictionary_clear(&entry->properties);
}

const char *
websocket_entry_id(const WebSocketEntry *entry)
{
    return strrchr(entry->path, '/') + 1;
}

/* IDs are numbers without leading zeros: the shorter is the less. */
static int
compare_entries(gconstpointer a, gconstpointer b)
{
    gsize length_a = strlen(((const WebSocketEntry *)a)->path);
    gsize length_b = strlen(((const WebSocketEntry *)b)->path);

    if (length_a != length_b)
        return length_a < length_b ? -1 : 1;
    return strcmp(((const WebSocketEntry *)a)->path, ((const WebSocketEntry *)b)->path);
}

static int
read_entry(sd_bus_message *m, GArray *list)
{
    WebSocketEntry entry = { 0 };
    const char *path;
    int r;

    r = sd_bus_message_read_basic(m, 'o', &path);
    if (r < 0)
        return r;
    entry.path = g_strdup(path);
    r = dictionary_read(m, &entry.properties);
    g_array_append_val(list, entry);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int
read_entries(sd_bus_message *m, GArray *list)
{
    int r = sd_bus_message_enter_container(m, 'a', "(oa{sv})");

    while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "oa{sv}")) > 0)
        r = read_entry(m, list);
    return r;
}

int
websocket_list_read(sd_bus_message *reply, GArray **ret)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(WebSocketEntry));
    int r;

    g_array_set_clear_func(list, entry_clear);
    r = read_entries(reply, list);
    if (r < 0) {
        output_problem("the service's answer is not understood: %s", strerror(-r));
        g_array_unref(list);
        return r;
    }
    g_array_sort(list, compare_entries);
    *ret = list;
    return 0;
}

void
websocket_entry_print_json(const WebSocketEntry *entry)
{
    output_json_member("Path", entry->path);
    if (entry->properties.n > 0)
        putchar(',');
    dictionary_print_json(&entry->properties);
}

Colour
websocket_state_colour(const char *state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(state_colours); i++)
        if (strcmp(state_colours[i].state, state) == 0)
            return state_colours[i].colour;
    return COLOUR_NONE;
}

void
websocket_list_note_absence(wsb_client *client)
{
    if (call_is_refused_administration(client))
        output_note("you are no administrator of the service, so those of other programs are not shown");
}
