/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "wsbroker.h"

/* A method of org.wsbroker1.Manager without arguments, waited for within ten seconds. Its reply (unref it),
 * or NULL after saying why not. The service is started if it does not run. */
sd_bus_message *call_manager(wsb_client *client, const char *member);

/* The same with the strings ARGUMENTS, NULL-terminated. */
sd_bus_message *call_manager_with(wsb_client *client, const char *member, const char *const *arguments);

/* All properties of org.wsbroker1.Manager, a{sv}; in the same way. */
sd_bus_message *call_manager_properties(wsb_client *client);

/* ---- For those who only look: the service is not started, and nothing is said ---- */

/* The WebSockets that the caller may see, a(oa{sv}). 0 and the reply, -ENXIO if the service does not run,
 * -ETIMEDOUT if it does not answer or ends meanwhile, or another negative errno. */
int call_list(wsb_client *client, sd_bus_message **ret_reply);

/* All properties of the WebSocket at PATH, a{sv}; in the same way, and -ENOENT if the caller may see none
 * there. */
int call_websocket_properties(wsb_client *client, const char *path, sd_bus_message **ret_reply);

/* Whether the service takes the caller for no administrator. In doubt it is false. */
bool call_is_refused_administration(wsb_client *client);

/* Says why a call failed with R. */
void call_report(int r);
