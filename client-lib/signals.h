/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <systemd/sd-bus.h>

/* Match callback for signals of org.wsbroker1.WebSocket; USERDATA is the wsb_client. */
int signal_received(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);

/* Tells WEBSOCKET's listeners what SIGNAL says. A hold must be had. */
void signal_tell(wsb_websocket *websocket, sd_bus_message *signal);

/* Reads the variant of a Message, or of a Send, into the kind, the data and the length of EVENT, followed by
 * a NUL. They lie in the message or in *ret_copy, to be freed. 0 or a negative errno. */
int signal_read_data(sd_bus_message *m, wsb_event *event, char **ret_copy);
