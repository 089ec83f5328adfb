/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl: a WebSocket on the command line, and a look at the service. This file reads the command line;
 * each verb is a row of a table and a file of its own. Options may stand before or after the verb.
 */

#include "ctl.h"
#include "output.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int n_operands;
    ExitStatus (*run)(const Arguments *arguments);
} verbs[] = {
    { "connect", 1, ctl_connect },
    { "list", 0, ctl_list },
    { "status", 0, ctl_status },
};

static const char help[] =
    "wsbrokerctl [OPTION…] connect URL   A WebSocket on standard input and output\n"
    "wsbrokerctl [OPTION…] list          The WebSockets that the service holds\n"
    "wsbrokerctl [OPTION…] status        The service, and how it sees you\n"
    "\n"
    "  --bus=system|session   The bus that the service is on (system)\n"
    "  --json                 JSON: an object a line, for connect; one value otherwise\n"
    "  --no-legend            list: no heading\n"
    "  --help, --version\n"
    "\n"
    "connect sends each line of its input as a text message and prints what comes.\n"
    "  --header 'NAME: VALUE'  One more request header; may be repeated\n"
    "  --protocol NAMES        Subprotocols to offer, separated by commas\n"
    "  --binary                Send what is read as binary messages of at most 64 KiB, not as lines\n"
    "  --count N               End when N messages have come\n"
    "  --linger SECONDS        How long to wait for more messages after the end of the input (2; with "
    "--count,\n"
    "                          until they have come; from a terminal, 0)\n"
    "  --verbose               Say on standard error what happens (done anyway where that is a terminal)\n"
    "\n"
    "Exit status: 0 well; 1 refused or failed, the reason on standard error; 2 wrong usage.\n";

enum {
    OPTION_BUS = 256,
    OPTION_JSON,
    OPTION_NO_LEGEND,
    OPTION_HEADER,
    OPTION_PROTOCOL,
    OPTION_BINARY,
    OPTION_COUNT,
    OPTION_LINGER,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option options[] = {
    { "bus", required_argument, NULL, OPTION_BUS },
    { "json", no_argument, NULL, OPTION_JSON },
    { "no-legend", no_argument, NULL, OPTION_NO_LEGEND },
    { "header", required_argument, NULL, OPTION_HEADER },
    { "protocol", required_argument, NULL, OPTION_PROTOCOL },
    { "binary", no_argument, NULL, OPTION_BINARY },
    { "count", required_argument, NULL, OPTION_COUNT },
    { "linger", required_argument, NULL, OPTION_LINGER },
    { "verbose", no_argument, NULL, OPTION_VERBOSE },
    { "help", no_argument, NULL, OPTION_HELP },
    { "version", no_argument, NULL, OPTION_VERSION },
    { 0 },
};

static bool
parse_bus(const char *text, wsb_bus *ret)
{
    if (strcmp(text, "system") == 0)
        *ret = WSB_BUS_SYSTEM;
    else if (strcmp(text, "session") == 0)
        *ret = WSB_BUS_SESSION;
    else
        return output_problem("--bus is system or session, not %s", text), false;
    return true;
}

static bool
parse_count(const char *text, uint64_t *ret)
{
    char *end;

    errno = 0;
    *ret = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || *ret == 0)
        return output_problem("--count is a number from 1, not %s", text), false;
    return true;
}

static bool
parse_linger(const char *text, uint64_t *ret)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= 1e9))
        return output_problem("--linger is a number of seconds, not %s", text), false;
    *ret = (uint64_t)(seconds * 1e6);
    return true;
}

static bool
parse_header(const char *text, Arguments *arguments)
{
    if (!strchr(text, ':'))
        return output_problem("--header is 'NAME: VALUE', not %s", text), false;
    arguments->headers[arguments->n_headers++] = text;
    return true;
}

/* One option; false for a wrong one. */
static bool
parse_option(int option, Arguments *arguments)
{
    switch (option) {
    case OPTION_BUS:
        return parse_bus(optarg, &arguments->bus);
    case OPTION_HEADER:
        return parse_header(optarg, arguments);
    case OPTION_COUNT:
        return parse_count(optarg, &arguments->count);
    case OPTION_LINGER:
        return parse_linger(optarg, &arguments->linger_usec);
    case OPTION_PROTOCOL:
        arguments->protocol = optarg;
        return true;
    case OPTION_JSON:
        return arguments->json = true;
    case OPTION_NO_LEGEND:
        return arguments->no_legend = true;
    case OPTION_BINARY:
        return arguments->binary = true;
    case OPTION_VERBOSE:
        return arguments->verbose = true;
    default: /* getopt has said what is wrong */
        return false;
    }
}

static ExitStatus
print_and_end(const char *text)
{
    (void)fputs(text, stdout);
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

static ExitStatus
run_verb(int argc, char **argv, Arguments *arguments)
{
    const char *name = optind < argc ? argv[optind] : "";

    arguments->operands = argv + optind + 1;
    arguments->n_operands = argc - optind - 1;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, name) != 0)
            continue;
        if (arguments->n_operands == verbs[i].n_operands)
            return verbs[i].run(arguments);
        output_problem("%s takes %s", name, verbs[i].n_operands > 0 ? "one URL" : "no more words");
        return EXIT_USAGE;
    }
    if (name[0] == '\0')
        output_problem("what to do is missing: connect, list or status (see --help)");
    else
        output_problem("%s is not known: connect, list or status (see --help)", name);
    return EXIT_USAGE;
}

static ExitStatus
run(int argc, char **argv, Arguments *arguments)
{
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (option == OPTION_HELP)
            return print_and_end(help);
        if (option == OPTION_VERSION)
            return print_and_end("wsbrokerctl " WSBROKER_VERSION "\n");
        if (!parse_option(option, arguments))
            return EXIT_USAGE;
    }
    return run_verb(argc, argv, arguments);
}

wsb_client *
ctl_open_client(const Arguments *arguments)
{
    wsb_client *client = NULL;
    int r = wsb_client_new(&client, arguments->bus);

    if (r < 0)
        output_problem("cannot connect to the %s bus: %s",
                       arguments->bus == WSB_BUS_SYSTEM ? "system" : "session", strerror(-r));
    return client;
}

int
main(int argc, char **argv)
{
    Arguments arguments = { .bus = WSB_BUS_SYSTEM, .linger_usec = LINGER_UNSET };
    ExitStatus status;

    /* No more headers than words on the command line. */
    arguments.headers = calloc((size_t)argc, sizeof(*arguments.headers));
    if (!arguments.headers)
        return EXIT_FAILED;
    status = run(argc, argv, &arguments);
    free(arguments.headers);
    return (int)status;
}
