/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The other side of client-bus.c: a program on the bus with one method, org.wsbroker1.Bench.Echo on /, that
 * returns its bytes. Prints its unique name when it is there. Ends with its standard input.
 *
 * Run: bench-bus-echo ADDRESS.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

static int
method_echo(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    sd_bus_message *reply = NULL;
    const void *data;
    size_t length;
    int r;

    (void)userdata, (void)error;
    r = sd_bus_message_read_array(call, 'y', &data, &length);
    if (r >= 0)
        r = sd_bus_message_new_method_return(call, &reply);
    if (r >= 0)
        r = sd_bus_message_append_array(reply, 'y', data, length);
    if (r >= 0)
        r = sd_bus_message_send(reply);
    sd_bus_message_unref(reply);
    return r < 0 ? r : 1;
}

static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Echo", "ay", "ay", method_echo, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

static int
start(sd_bus *bus, const char *address)
{
    const char *name;
    int r = sd_bus_set_address(bus, address);

    if (r >= 0)
        r = sd_bus_set_bus_client(bus, 1);
    if (r >= 0)
        r = sd_bus_start(bus);
    if (r >= 0)
        r = sd_bus_add_object_vtable(bus, NULL, "/", "org.wsbroker1.Bench", vtable, NULL);
    if (r >= 0)
        r = sd_bus_get_unique_name(bus, &name);
    if (r < 0)
        return r;
    printf("%s\n", name);
    return fflush(stdout) == 0 ? 0 : -EIO;
}

/* Until standard input ends; it is never written to. */
static int
serve(sd_bus *bus)
{
    struct pollfd polled[] = { { .fd = sd_bus_get_fd(bus) }, { .fd = STDIN_FILENO, .events = POLLIN } };

    while (polled[1].revents == 0) {
        int r = sd_bus_process(bus, NULL);

        if (r < 0)
            return r;
        if (r > 0)
            continue;
        polled[0].events = (short)sd_bus_get_events(bus);
        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            return -errno;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    sd_bus *bus = NULL;
    int r;

    if (argc != 2)
        return 2;
    r = sd_bus_new(&bus);
    if (r >= 0)
        r = start(bus, argv[1]);
    if (r >= 0)
        r = serve(bus);
    if (r < 0)
        fprintf(stderr, "bench-bus-echo: %s\n", strerror(-r));
    sd_bus_close_unref(bus);
    return r < 0 ? 1 : 0;
}
