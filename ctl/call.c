/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Calls to the service, over the client's own bus connection. A command line tool may wait for an answer; it
 * may not wait for ever. A question to the service may start it, as any call does; a look at what it holds
 * must not, because a service that does not run holds nothing, and is to be left alone.
 */

#include "call.h"

#include "output.h"

#include <errno.h>
#include <string.h>

#define CALL_TIMEOUT_USEC (10 * UINT64_C(1000000))
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

static const char *const no_arguments[] = { NULL };

/* ARGUMENTS: strings, NULL-terminated. ERROR: initialised, to be freed. */
static int
call(wsb_client *client, bool start, const char *path, const char *interface, const char *member,
     const char *const *arguments, sd_bus_error *error, sd_bus_message **ret_reply)
{
    sd_bus *bus = wsb_client_get_bus(client);
    sd_bus_message *m = NULL;
    int r = sd_bus_message_new_method_call(bus, &m, WSB_BUS_NAME, path, interface, member);

    if (r >= 0)
        r = sd_bus_message_set_auto_start(m, start);
    for (; r >= 0 && *arguments; arguments++)
        r = sd_bus_message_append(m, "s", *arguments);
    if (r >= 0)
        r = sd_bus_call(bus, m, CALL_TIMEOUT_USEC, error, ret_reply);
    sd_bus_message_unref(m);
    return r;
}

static sd_bus_message *
call_and_report(wsb_client *client, const char *interface, const char *member, const char *const *arguments)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    int r = call(client, /* start= */ true, WSB_MANAGER_PATH, interface, member, arguments, &error, &reply);

    if (r < 0 && error.message)
        output_problem("%s", error.message);
    else if (r < 0)
        call_report(r);
    sd_bus_error_free(&error);
    return reply;
}

sd_bus_message *
call_manager(wsb_client *client, const char *member)
{
    return call_manager_with(client, member, no_arguments);
}

sd_bus_message *
call_manager_with(wsb_client *client, const char *member, const char *const *arguments)
{
    return call_and_report(client, WSB_MANAGER_INTERFACE, member, arguments);
}

sd_bus_message *
call_manager_properties(wsb_client *client)
{
    return call_and_report(client, PROPERTIES_INTERFACE, "GetAll",
                           (const char *const[]){ WSB_MANAGER_INTERFACE, NULL });
}

/* ---- Looking ---- */

static int
look(wsb_client *client, const char *path, const char *interface, const char *member,
     const char *const *arguments, sd_bus_message **ret_reply)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = call(client, /* start= */ false, path, interface, member, arguments, &error, ret_reply);

    /* Buses differ in what they call it. */
    if (sd_bus_error_has_names(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_SERVICE_UNKNOWN))
        r = -ENXIO;
    else if (sd_bus_error_has_name(&error, SD_BUS_ERROR_UNKNOWN_OBJECT))
        r = -ENOENT;
    else if (sd_bus_error_has_name(&error, WSB_ERROR_PREFIX "PermissionDenied"))
        r = -EACCES;
    sd_bus_error_free(&error);
    return r;
}

int
call_list(wsb_client *client, sd_bus_message **ret_reply)
{
    return look(client, WSB_MANAGER_PATH, WSB_MANAGER_INTERFACE, "ListWebSockets", no_arguments, ret_reply);
}

int
call_websocket_properties(wsb_client *client, const char *path, sd_bus_message **ret_reply)
{
    return look(client, path, PROPERTIES_INTERFACE, "GetAll",
                (const char *const[]){ WSB_WEBSOCKET_INTERFACE, NULL }, ret_reply);
}

/* ExplainAccess is for administrators alone and has no effect, so that it is refused says all. */
bool
call_is_refused_administration(wsb_client *client)
{
    sd_bus_message *reply = NULL;
    int r = look(client, WSB_MANAGER_PATH, WSB_MANAGER_INTERFACE, "ExplainAccess",
                 (const char *const[]){ "unidentified", "", NULL }, &reply);

    sd_bus_message_unref(reply);
    return r == -EACCES;
}

void
call_report(int r)
{
    if (r == -ENXIO)
        output_problem("the service does not run");
    else if (r == -ETIMEDOUT)
        output_problem("the service does not answer");
    else
        output_problem("the service cannot be asked: %s", strerror(-r));
}
