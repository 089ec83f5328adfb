/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* Match callback for signals of org.wsbroker1.WebSocket; USERDATA is the wsb_client. */
int signal_received(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);
