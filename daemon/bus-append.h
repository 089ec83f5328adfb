/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "failure.h"
#include "header-list.h"

#include <systemd/sd-bus.h>

/* Each appends one value to MESSAGE and returns a negative errno on failure. */

/* s: a server's text, made valid (see bus-text.h). */
int bus_append_text(sd_bus_message *message, const char *text);

/* a{sv}: names in lower case; s, or as where a field is repeated. */
int bus_append_headers(sd_bus_message *message, const HeaderList *headers);

/* v: a WebSocket message as s, ay, or (say) for text that a D-Bus string cannot carry. */
int bus_append_data(sd_bus_message *message, gboolean text, GBytes *data);

/* a{sv}: the details of the signal Error. */
int bus_append_details(sd_bus_message *message, const Failure *failure);
