/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* wsbrokerctl show: the properties of one WebSocket, one below the other. */

#include "call.h"
#include "ctl.h"
#include "moment.h"
#include "output.h"
#include "value.h"
#include "websocket-list.h"

#include <errno.h>
#include <string.h>

/* The object's path for ID, which may be the path itself. Free with g_free(). NULL when it is neither. */
static char *
find_path(const char *id)
{
    const char *number =
        g_str_has_prefix(id, WSB_WEBSOCKET_PATH "/") ? id + strlen(WSB_WEBSOCKET_PATH "/") : id;

    if (*number == '\0' || number[strspn(number, "0123456789")] != '\0')
        return NULL;
    return g_strdup_printf(WSB_WEBSOCKET_PATH "/%s", number);
}

static void
print_text(const char *path, const Dictionary *properties)
{
    gsize width = MAX(dictionary_key_width(properties), strlen("Path"));

    value_print_line("Path", width, path, COLOUR_HEADING);
    for (gsize i = 0; i < properties->n; i++) {
        const Entry *entry = &properties->entries[i];
        const char *text = entry->value.text;
        Colour colour = COLOUR_NONE;
        char date[MOMENT_SIZE];

        if (strcmp(entry->key, "State") == 0)
            colour = websocket_state_colour(text);
        if (strcmp(entry->key, "ConnectedAt") == 0)
            text = strcmp(text, "0") == 0 ? "" : moment_to_local(g_ascii_strtoull(text, NULL, 10), date);
        value_print_line(entry->key, width, *text == '\0' ? "-" : text, colour);
    }
}

static void
print_json(const char *path, const Dictionary *properties)
{
    printf("{");
    output_json_member("Path", path);
    printf("%s", properties->n > 0 ? "," : "");
    dictionary_print_json(properties);
    printf("}\n");
}

static ExitStatus
print_reply(const Arguments *arguments, const char *path, sd_bus_message *reply)
{
    Dictionary properties = { 0 };
    int r = dictionary_read(reply, &properties);

    if (r < 0)
        output_problem("the service's answer is not understood: %s", strerror(-r));
    else if (arguments->json)
        print_json(path, &properties);
    else
        print_text(path, &properties);
    dictionary_clear(&properties);
    return r >= 0 && output_flush() ? EXIT_OK : EXIT_FAILED;
}

static ExitStatus
show(const Arguments *arguments, wsb_client *client, const char *path)
{
    sd_bus_message *reply = NULL;
    ExitStatus status = EXIT_FAILED;
    int r = call_websocket_properties(client, path, &reply);

    if (r >= 0)
        status = print_reply(arguments, path, reply);
    else if (r == -ENOENT) {
        output_problem("there is no WebSocket %s", arguments->operands[0]);
        websocket_list_note_absence(client);
    } else
        call_report(r);
    sd_bus_message_unref(reply);
    return status;
}

ExitStatus
ctl_show(const Arguments *arguments)
{
    g_autofree char *path = find_path(arguments->operands[0]);
    wsb_client *client = NULL;
    ExitStatus status = EXIT_FAILED;

    if (!path) {
        output_problem("an ID is a number, as list shows it, not %s", arguments->operands[0]);
        return EXIT_USAGE;
    }
    client = ctl_open_client(arguments);
    if (client)
        status = show(arguments, client, path);
    wsb_client_unref(client);
    return status;
}
