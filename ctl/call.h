/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "wsbroker.h"

/* A method of org.wsbroker1.Manager without arguments, waited for within ten seconds. Its reply (unref it),
 * or NULL after saying why not. */
sd_bus_message *call_manager(wsb_client *client, const char *member);

/* The same with the strings ARGUMENTS, NULL-terminated. */
sd_bus_message *call_manager_with(wsb_client *client, const char *member, const char *const *arguments);

/* All properties of org.wsbroker1.Manager, a{sv}; in the same way. */
sd_bus_message *call_manager_properties(wsb_client *client);
