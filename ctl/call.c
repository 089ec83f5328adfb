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

/* INTERFACE_NAME: the argument, or NULL. */
static sd_bus_message *
call(wsb_client *client, const char *interface, const char *member, const char *interface_name)
{
    sd_bus *bus = wsb_client_get_bus(client);
    sd_bus_message *m = NULL, *reply = NULL;
    int r;

    r = sd_bus_message_new_method_call(bus, &m, WSB_BUS_NAME, WSB_MANAGER_PATH, interface, member);
    if (r >= 0 && interface_name)
        r = sd_bus_message_append(m, "s", interface_name);
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
    return call(client, WSB_MANAGER_INTERFACE, member, NULL);
}

sd_bus_message *
call_manager_properties(wsb_client *client)
{
    return call(client, "org.freedesktop.DBus.Properties", "GetAll", WSB_MANAGER_INTERFACE);
}
