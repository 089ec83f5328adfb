/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* An empty message to be written, of a bus such as local_bus_new(). What writes messages and what reads them is tested
 * on one and the same. Unref it. */
sd_bus_message *scratch_message_new(sd_bus *bus);

/* From writing to reading: the message then stands at its beginning. */
void scratch_message_turn(sd_bus_message *message);
