/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Calls to the service's Manager, over the client's own bus connection. A command line tool may wait for an
 * answer; it may not wait for ever.
 */

#include "call.h"

#include "output.h"

#include <string.h>

#define CALL_TIMEOUT_USEC (10 * UINT64_C(1000000))

static sd_bus_message *
call_and_report(sd_bus *bus, sd_bus_message *m)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    int r = sd_bus_call(bus, m, CALL_TIMEOUT_USEC, &error, &reply);

    if (r < 0)
        output_problem("%s", error.message ? error.message : strerror(-r));
    sd_bus_error_free(&error);
    return reply;
}

/* ARGUMENTS: strings, NULL-terminated. */
static sd_bus_message *
call(wsb_client *client, const char *interface, const char *member, const char *const *arguments)
{
    sd_bus *bus = wsb_client_get_bus(client);
    sd_bus_message *m = NULL, *reply = NULL;
    int r;

    r = sd_bus_message_new_method_call(bus, &m, WSB_BUS_NAME, WSB_MANAGER_PATH, interface, member);
    for (; r >= 0 && *arguments; arguments++)
        r = sd_bus_message_append(m, "s", *arguments);
    if (r < 0)
        output_problem("%s", strerror(-r));
    else
        reply = call_and_report(bus, m);
    sd_bus_message_unref(m);
    return reply;
}

sd_bus_message *
call_manager(wsb_client *client, const char *member)
{
    return call_manager_with(client, member, (const char *const[]){ NULL });
}

sd_bus_message *
call_manager_with(wsb_client *client, const char *member, const char *const *arguments)
{
    return call(client, WSB_MANAGER_INTERFACE, member, arguments);
}

sd_bus_message *
call_manager_properties(wsb_client *client)
{
    return call(client, "org.freedesktop.DBus.Properties", "GetAll",
                (const char *const[]){ WSB_MANAGER_INTERFACE, NULL });
}
