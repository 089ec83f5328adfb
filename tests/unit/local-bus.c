/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sd-bus makes messages for a connection only, so here is one: half of a socket pair, whose other half is
 * closed. */

#include "local-bus.h"

#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

sd_bus *
local_bus_new(void)
{
    sd_bus *bus = NULL;
    int fds[2];

    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
    g_assert_cmpint(sd_bus_new(&bus), >=, 0);
    g_assert_cmpint(sd_bus_set_fd(bus, fds[0], fds[0]), >=, 0);
    g_assert_cmpint(sd_bus_start(bus), >=, 0);
    close(fds[1]);
    return bus;
}
