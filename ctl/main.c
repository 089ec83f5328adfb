/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl: a WebSocket on the command line, and a look at the service. This file reads the command line;
 * each verb, of one word or two, is a row of a table and a file of its own. Options may stand before or after
 * the verb.
 */

#include "ctl.h"
#include "moment.h"
#include "output.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct Verb {
    const char *words[2]; /* the second is NULL where there is one */
    int n_operands;
    const char *operands; /* for messages */
    ExitStatus (*run)(const Arguments *arguments);
} verbs[] = {
    { { "audit" }, 0, "no more words", ctl_audit },
    { { "connect" }, 1, "one URL", ctl_connect },
    { { "list" }, 0, "no more words", ctl_list },
    { { "policy", "check" }, 0, "no more words", ctl_policy_check },
    { { "policy", "explain" }, 2, "a subject, as one word, and a URL", ctl_policy_explain },
    { { "policy", "show" }, 0, "no more words", ctl_policy_show },
    { { "policy", "test" }, 1, "one file", ctl_policy_test },
    { { "status" }, 0, "no more words", ctl_status },
};

static const char help[] =
    "wsbrokerctl [OPTION…] connect URL                 A WebSocket on standard input and output\n"
    "wsbrokerctl [OPTION…] list                        The WebSockets that the service holds\n"
    "wsbrokerctl [OPTION…] status                      The service, and how it sees you\n"
    "wsbrokerctl [OPTION…] policy check                Every error in configuration and policy\n"
    "wsbrokerctl [OPTION…] policy show                 The policy, and where each line of it is from\n"
    "wsbrokerctl [OPTION…] policy explain SUBJECT URL  What would be decided, and why\n"
    "wsbrokerctl [OPTION…] policy test FILE            Whether the policy decides as FILE expects\n"
    "wsbrokerctl [OPTION…] audit                       What the service wrote of its decisions\n"
    "\n"
    "  --bus=system|session   The bus that the service is on (system)\n"
    "  --json                 JSON: an object a line, for connect and audit; one value otherwise\n"
    "  --no-legend            list: no heading\n"
    "  --help, --version\n"
    "\n"
    "policy reads /etc/wsbroker, /run/wsbroker and /usr/lib/wsbroker, as the service does.\n"
    "  --config-dir=DIR       Read DIR alone\n"
    "  --live                 explain: ask the service instead, for administrators; SUBJECT may then be the\n"
    "                         name of a connection to the bus\n"
    "A SUBJECT is a list such as 'flatpak org.example.Chat, user alice'.\n"
    "\n"
    "audit prints what is in the journal.\n"
    "  --since=TIME           From then on: '2024-11-22', '2024-11-22 09:00', or so long ago: -30s, -15min,\n"
    "                         -2h, -7d\n"
    "  --follow               Begin with the last few, and go on with what comes\n"
    "  --refused              Only what was refused, or would be but for Mode=report\n"
    "  --directory=DIR        Read the journal in DIR\n"
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
    "Exit status: 0 well, allowed; 1 refused, wrong or failed; 2 wrong usage.\n";

enum {
    OPTION_BUS = 256,
    OPTION_CONFIG_DIR,
    OPTION_DIRECTORY,
    OPTION_FOLLOW,
    OPTION_LIVE,
    OPTION_REFUSED,
    OPTION_SINCE,
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
    { "config-dir", required_argument, NULL, OPTION_CONFIG_DIR },
    { "directory", required_argument, NULL, OPTION_DIRECTORY },
    { "follow", no_argument, NULL, OPTION_FOLLOW },
    { "live", no_argument, NULL, OPTION_LIVE },
    { "refused", no_argument, NULL, OPTION_REFUSED },
    { "since", required_argument, NULL, OPTION_SINCE },
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
parse_since(const char *text, uint64_t *ret)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!moment_parse(text, (uint64_t)now.tv_sec * 1000000, ret))
        return output_problem("--since is a time such as '2024-11-22 09:00' or -15min, not %s", text), false;
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
    case OPTION_CONFIG_DIR:
        arguments->config_dir = optarg;
        return true;
    case OPTION_DIRECTORY:
        arguments->directory = optarg;
        return true;
    case OPTION_SINCE:
        return parse_since(optarg, &arguments->since_usec);
    case OPTION_FOLLOW:
        return arguments->follow = true;
    case OPTION_LIVE:
        return arguments->live = true;
    case OPTION_REFUSED:
        return arguments->refused = true;
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

/* How many of the N words at WORDS are VERB: all of its own, or 0. */
static int
match_verb(const struct Verb *verb, char **words, int n)
{
    int n_words = verb->words[1] ? 2 : 1;

    for (int i = 0; i < n_words; i++)
        if (i >= n || strcmp(verb->words[i], words[i]) != 0)
            return 0;
    return n_words;
}

static ExitStatus
run_verb(int argc, char **argv, Arguments *arguments)
{
    int n_words = argc - optind;

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        const struct Verb *verb = &verbs[i];
        int n = match_verb(verb, argv + optind, n_words);

        if (n == 0)
            continue;
        arguments->operands = argv + optind + n;
        arguments->n_operands = n_words - n;
        if (arguments->n_operands == verb->n_operands)
            return verb->run(arguments);
        output_problem("%s%s%s takes %s", verb->words[0], n > 1 ? " " : "", n > 1 ? verb->words[1] : "",
                       verb->operands);
        return EXIT_USAGE;
    }
    if (n_words == 0)
        output_problem("what to do is missing (see --help)");
    else
        output_problem("%s is not known, or not the whole of a command (see --help)", argv[optind]);
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
    Arguments arguments = { .bus = WSB_BUS_SYSTEM, .linger_usec = LINGER_UNSET, .since_usec = SINCE_UNSET };
    ExitStatus status;

    /* No more headers than words on the command line. */
    arguments.headers = calloc((size_t)argc, sizeof(*arguments.headers));
    if (!arguments.headers)
        return EXIT_FAILED;
    status = run(argc, argv, &arguments);
    free(arguments.headers);
    return (int)status;
}
