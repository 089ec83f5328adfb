/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workload.h"

#include <systemd/sd-bus.h>

/* What the benchmark's clients with sd-bus share. A failure ends the program. */

/* Ends the program if R is a negative errno. */
void bus_client_check(Workload *workload, int r);

/* As bus_client_check(), if REPLY is an error. */
void bus_client_check_reply(Workload *workload, sd_bus_message *reply);

/* A connection to the bus of --bus. Close it with sd_bus_close_unref(). */
sd_bus *bus_client_connect(Workload *workload);

/* The loop: until the workload is done. */
void bus_client_run(sd_bus *bus, Workload *workload);
