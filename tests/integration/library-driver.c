/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Drives libwsbroker for the integration tests: one command a line on stdin, one JSON object a line on
 * stdout, flushed at once. So a test written against the bus runs against the library too,
 * with the same assertions.
 *
 * Build: target `library-driver`, library-driver*.c, dependencies libwsbroker (wsbroker_dep) and libsystemd.
 * Run:   library-driver [--bus=session|system] [--address=ADDRESS] [--timeout=MS] [--own-bus]
 *        Session bus if nothing is said. MS is wsb_client_set_timeout(), for every call but Send. --own-bus
 *        opens the sd-bus connection itself and gives it to wsb_client_new_with_bus(). The first line out is
 *        {"ready": RESULT}; the program ends at the end of its input (exit status 0, WebSockets released),
 *        and with status 1 if RESULT is not 0 or a line is not understood.
 *
 * Commands. NAME names a WebSocket, no blanks. 64 means base64, "-" for empty. Every command is numbered by
 * its line, from 1; every command is answered by exactly one line
 *     {"returned": LINE, "result": R, "code": C, "message": S}
 * where R is 0 or a negative errno, C the code of the API (0 when R is 0), S its text. Those marked * are
 * answered again, when R was 0, by {"completed": LINE, "result": R, "code": C, "message": S}
 * when they are done.
 *
 *     create NAME                       makes it, with listener 1 on every event
 *     connect NAME URL64 [KEY=VALUE…] * attempt started; the outcome is an event
 *     connect-sync NAME MS URL64 [KEY=VALUE…]   returns when open or failed; events come before it
 *     send-text NAME DATA64           * done when the service has room again
 *     send-binary NAME DATA64         * result -11 (EAGAIN): the queue is full, wait for event "drain"
 *     send-text-sync NAME MS DATA64     and send-binary-sync
 *     close NAME CODE REASON64        * handshake started; event "close" when it is done
 *     close-sync NAME MS CODE REASON64  returns when closed
 *     on NAME EVENT N                   one more listener, numbered N
 *     off NAME EVENT N                  that one; `off NAME EVENT all`: all of that event
 *     when NAME EVENT N COMMAND…        listener N, the next time it hears EVENT, runs COMMAND from inside,
 *                                       after it has printed its line; it is answered then, by one more
 *                                       "returned" with the line number of `when`
 *     ref NAME                          one more reference
 *     release NAME                      drops one reference; with the last one the name is forgotten
 *     state NAME                        {"state": "created|connecting|open|closing|closed", "returned": …}
 *     unanswered NAME                   {"messages": N, "bytes": N, "returned": LINE, …}
 *     path NAME                         {"path": object path or "", "returned": LINE, …}
 *     barrier                           nothing; its answer shows that the lines before it were handled
 *
 * `connect` with the word `nocallback` among its keys passes no callback: no "completed" follows, and a
 * refusal comes as event "error"; with the word `nostream` messages travel as signals. KEY=VALUE:
 *     header=NAME64:VALUE64 (may be repeated)  protocol=64  ca=64  caPath=64  cert=64  key=64  certPath=64
 *     keyPath=64  keyPassword=64  proxy=64 ("system" or "no-proxy")  proxyHost=64  proxyPort=N  proxyUser=64
 *     proxyPassword=64  exclude=64 (may be repeated)  pingInterval=N  pongTimeout=N  minTlsVersion=64
 *
 * Events:
 *     {"event": "open",  "websocket": NAME, "listener": N, "code": 101, "message": S}
 *     {"event": "message", …, "kind": "text"|"binary", "data": BASE64}
 *     {"event": "dataEnd", …}
 *     {"event": "headerReceive", …, "headers": [[NAME, VALUE], …]}   a repeated header is several pairs
 *     {"event": "error", …, "code": C, "message": S, "stage": S, "httpStatus": N, "headers": […],
 *      "body": BASE64}
 *     {"event": "close", …, "code": C, "message": REASON}
 *     {"event": "drain", …}                                          there is room for sends again
 */

#include "library-driver-commands.h"
#include "library-driver-output.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

/* ---- Input ---- */

static void
run_lines(Driver *driver)
{
    char *start = driver->input, *end;

    while (!driver->failed && (end = memchr(start, '\n', driver->length - (size_t)(start - driver->input)))) {
        *end = '\0';
        run_command(driver, ++driver->line, start);
        start = end + 1;
    }
    driver->length -= (size_t)(start - driver->input);
    memmove(driver->input, start, driver->length);
}

static int
on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    Driver *driver = userdata;
    ssize_t n;

    (void)source, (void)revents;
    if (driver->length == driver->allocated) {
        driver->allocated = driver->allocated * 2 + 65536;
        driver->input = realloc(driver->input, driver->allocated);
        if (!driver->input)
            abort();
    }
    n = read(fd, driver->input + driver->length, driver->allocated - driver->length);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n <= 0)
        return sd_event_exit(driver->event, 0);
    driver->length += (size_t)n;
    run_lines(driver);
    return 0;
}

/* ---- Start and end ---- */

typedef struct Arguments {
    wsb_bus bus;
    const char *address;
    uint64_t timeout_usec;
    bool own_bus;
} Arguments;

static int
open_client(const Arguments *arguments, wsb_client **ret)
{
    sd_bus *bus = NULL;
    int r;

    if (!arguments->own_bus)
        return arguments->address ? wsb_client_new_for_address(ret, arguments->address)
                                  : wsb_client_new(ret, arguments->bus);
    r = sd_bus_new(&bus);
    if (r >= 0)
        r = sd_bus_set_address(bus, arguments->address);
    if (r >= 0)
        r = sd_bus_set_bus_client(bus, true);
    if (r >= 0)
        r = sd_bus_start(bus);
    if (r >= 0)
        r = wsb_client_new_with_bus(ret, bus);
    sd_bus_unref(bus);
    return r;
}

static bool
parse_arguments(int argc, char **argv, Arguments *arguments)
{
    static const struct option options[] = { { "bus", required_argument, NULL, 'b' },
                                             { "address", required_argument, NULL, 'a' },
                                             { "timeout", required_argument, NULL, 't' },
                                             { "own-bus", no_argument, NULL, 'o' },
                                             { 0 } };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (c == 'b')
            arguments->bus = strcmp(optarg, "system") == 0 ? WSB_BUS_SYSTEM : WSB_BUS_SESSION;
        else if (c == 'a')
            arguments->address = optarg;
        else if (c == 't')
            arguments->timeout_usec = strtoull(optarg, NULL, 10) * 1000;
        else if (c == 'o')
            arguments->own_bus = true;
        else
            return false;
    }
    return optind == argc && !(arguments->own_bus && !arguments->address);
}

static void
driver_clear(Driver *driver)
{
    release_all(driver);
    wsb_client_unref(driver->client);
    sd_event_unref(driver->event);
    free(driver->input);
}

int
main(int argc, char **argv)
{
    Arguments arguments = { .bus = WSB_BUS_SESSION };
    Driver driver = { 0 };
    int r;

    if (!parse_arguments(argc, argv, &arguments))
        return 1;
    r = open_client(&arguments, &driver.client);
    if (r >= 0)
        r = wsb_client_set_timeout(driver.client, arguments.timeout_usec);
    if (r >= 0)
        r = sd_event_new(&driver.event);
    if (r >= 0)
        r = wsb_client_attach_event(driver.client, driver.event, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = sd_event_add_io(driver.event, NULL, STDIN_FILENO, EPOLLIN, on_input, &driver);
    printf("{\"ready\": %d}", r < 0 ? r : 0);
    end_line();
    if (r >= 0)
        r = sd_event_loop(driver.event);
    driver_clear(&driver);
    return r == 0 ? 0 : 1;
}
