/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl status: the Manager's properties and WhoAmI, one below the other. How the service sees the
 * caller is a question that only a running service can answer, so this one starts it.
 */

#include "call.h"
#include "ctl.h"
#include "output.h"
#include "value.h"

#include <string.h>

typedef struct Status {
    Dictionary properties;
    const char *subject; /* the reply's */
    Dictionary limits;
} Status;

static int
read_status(sd_bus_message *properties, sd_bus_message *identity, Status *ret)
{
    int r;

    r = dictionary_read(properties, &ret->properties);
    if (r >= 0)
        r = sd_bus_message_read_basic(identity, 's', &ret->subject);
    if (r >= 0)
        r = dictionary_read(identity, &ret->limits);
    return r;
}

static void
print_dictionary(const Dictionary *dictionary, size_t width)
{
    for (size_t i = 0; i < dictionary->n; i++)
        value_print_line(dictionary->entries[i].key, width, dictionary->entries[i].value.text, COLOUR_NONE);
}

static void
print_text(const Status *status)
{
    size_t width = dictionary_key_width(&status->properties);
    size_t limits_width = dictionary_key_width(&status->limits);

    width = limits_width > width ? limits_width : width;
    print_dictionary(&status->properties, width);
    value_print_line("Subject", width, status->subject, COLOUR_HEADING);
    print_dictionary(&status->limits, width);
}

static void
print_json(const Status *status)
{
    printf("{");
    dictionary_print_json(&status->properties);
    printf("%s\"Subject\":", status->properties.n > 0 ? "," : "");
    output_json_string(status->subject, strlen(status->subject));
    printf(",\"Limits\":{");
    dictionary_print_json(&status->limits);
    printf("}}\n");
}

static ExitStatus
print_replies(const Arguments *arguments, sd_bus_message *properties, sd_bus_message *identity)
{
    Status status = { 0 };
    int r = read_status(properties, identity, &status);

    if (r < 0)
        output_problem("the service's answer is not understood: %s", strerror(-r));
    else if (arguments->json)
        print_json(&status);
    else
        print_text(&status);
    dictionary_clear(&status.properties);
    dictionary_clear(&status.limits);
    return r >= 0 && output_flush() ? EXIT_OK : EXIT_FAILED;
}

ExitStatus
ctl_status(const Arguments *arguments)
{
    wsb_client *client = ctl_open_client(arguments);
    sd_bus_message *properties = client ? call_manager_properties(client) : NULL;
    sd_bus_message *identity = properties ? call_manager(client, "WhoAmI") : NULL;
    ExitStatus status = identity ? print_replies(arguments, properties, identity) : EXIT_FAILED;

    sd_bus_message_unref(identity);
    sd_bus_message_unref(properties);
    wsb_client_unref(client);
    return status;
}
