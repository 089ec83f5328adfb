/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* Reads the string (TYPE 's') or the array of bytes (TYPE 'a') at MESSAGE's position without copying it: the result
 * holds MESSAGE. NULL when there is none. */
GBytes *bus_bytes_read(sd_bus_message *message, char type);
