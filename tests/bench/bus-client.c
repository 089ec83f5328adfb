/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A connection to the benchmark's bus and the plainest loop that sd-bus knows.
 */

#include "bus-client.h"

#include <errno.h>

void
bus_client_check(Workload *workload, int r)
{
    if (r < 0)
        workload_fail(workload, g_strerror(-r));
}

void
bus_client_check_reply(Workload *workload, sd_bus_message *reply)
{
    if (sd_bus_message_is_method_error(reply, NULL))
        workload_fail(workload, sd_bus_message_get_error(reply)->message);
}

sd_bus *
bus_client_connect(Workload *workload)
{
    sd_bus *bus = NULL;

    bus_client_check(workload, sd_bus_new(&bus));
    bus_client_check(workload, sd_bus_set_address(bus, workload_options(workload)->bus));
    bus_client_check(workload, sd_bus_set_bus_client(bus, TRUE));
    bus_client_check(workload, sd_bus_start(bus));
    return bus;
}

void
bus_client_run(sd_bus *bus, Workload *workload)
{
    while (!workload_done(workload)) {
        int r = sd_bus_process(bus, NULL);

        if (r == 0)
            r = sd_bus_wait(bus, UINT64_MAX);
        if (r != -EINTR)
            bus_client_check(workload, r);
    }
}
