/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl: a WebSocket on the command line, and a look at the service. This file reads the command line
 * by the tables of commands.c; each command is a file of its own. Options may stand before or after the
 * command, and one that the command does not take is an error, since it would promise what does not happen.
 */

#include "commands.h"
#include "ctl.h"
#include "help.h"
#include "moment.h"
#include "output.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INTERVAL_MIN 0.1 /* seconds */
#define INTERVAL_MAX 86400.0
#define INTERVAL_DEFAULT_USEC UINT64_C(1000000)
#define LINGER_MAX 1e9

static ExitStatus (*const runners[N_COMMANDS])(const Arguments *arguments) = {
    [COMMAND_CONNECT] = ctl_connect,
    [COMMAND_LIST] = ctl_list,
    [COMMAND_SHOW] = ctl_show,
    [COMMAND_STATUS] = ctl_status,
    [COMMAND_MONITOR] = ctl_monitor,
    [COMMAND_POLICY_CHECK] = ctl_policy_check,
    [COMMAND_POLICY_SHOW] = ctl_policy_show,
    [COMMAND_POLICY_EXPLAIN] = ctl_policy_explain,
    [COMMAND_POLICY_TEST] = ctl_policy_test,
    [COMMAND_AUDIT] = ctl_audit,
};

/* What the command line says. */
typedef struct CommandLine {
    Arguments arguments;
    const Option **given; /* a row of the table for each option; the array is owned */
    size_t n_given;
} CommandLine;

/* ---- Options ---- */

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

/* TEXT, from LEAST to MOST seconds, in microseconds. */
static bool
parse_seconds(const char *option, const char *text, double least, double most, uint64_t *ret)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds >= least && seconds <= most))
        return output_problem("--%s is a number of seconds from %g, not %s", option, least, text), false;
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
parse_option(OptionId option, Arguments *arguments)
{
    switch (option) {
    case OPTION_BUS:
        return parse_bus(optarg, &arguments->bus);
    case OPTION_HEADER:
        return parse_header(optarg, arguments);
    case OPTION_COUNT:
        return parse_count(optarg, &arguments->count);
    case OPTION_LINGER:
        return parse_seconds("linger", optarg, 0, LINGER_MAX, &arguments->linger_usec);
    case OPTION_INTERVAL:
        return parse_seconds("interval", optarg, INTERVAL_MIN, INTERVAL_MAX, &arguments->interval_usec);
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
    default: /* those that are done before, and what getopt has called wrong */
        return false;
    }
}

/* The options in the words of getopt_long(). Free with free(). */
static struct option *
make_getopt_options(void)
{
    struct option *ret = calloc(n_command_options + 1, sizeof(*ret));

    for (size_t i = 0; ret && i < n_command_options; i++) {
        const Option *option = &command_options[i];

        ret[i] =
            (struct option){ option->name, option->value.kind == WORD_NONE ? no_argument : required_argument,
                             NULL, (int)option->id };
    }
    return ret;
}

static const Option *
find_option(int id)
{
    for (size_t i = 0; i < n_command_options; i++)
        if ((int)command_options[i].id == id)
            return &command_options[i];
    return NULL;
}

/* Reads all options. Returns whether to go on, else what to end with. */
static bool
read_options(int argc, char **argv, const struct option *options, CommandLine *line, ExitStatus *ret_status)
{
    int id;

    *ret_status = EXIT_USAGE;
    while ((id = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (id == OPTION_HELP || id == OPTION_VERSION) {
            if (id == OPTION_HELP)
                help_print();
            else
                printf("wsbrokerctl " WSBROKER_VERSION "\n");
            *ret_status = output_flush() ? EXIT_OK : EXIT_FAILED;
            return false;
        }
        if (!parse_option((OptionId)id, &line->arguments))
            return false;
        line->given[line->n_given++] = find_option(id);
    }
    return true;
}

/* ---- Commands ---- */

/* How many of the N words at WORDS are the name of COMMAND: all of it, or 0. */
static int
match_command(const Command *command, char **words, int n)
{
    const char *second = strchr(command->name, ' ');
    size_t length = second ? (size_t)(second - command->name) : strlen(command->name);

    if (n < 1 || strlen(words[0]) != length || strncmp(command->name, words[0], length) != 0)
        return 0;
    if (!second)
        return 1;
    return n >= 2 && strcmp(second + 1, words[1]) == 0 ? 2 : 0;
}

/* Whether COMMAND takes an option as it was given: with the same meaning, or with another of that name. */
static bool
takes_given(const Command *command, const Option *given)
{
    for (size_t i = 0; i < n_command_options; i++)
        if (command_options[i].id == given->id && command_takes_option(command, &command_options[i]))
            return true;
    return false;
}

static bool
check_options(const Command *command, const CommandLine *line)
{
    for (size_t i = 0; i < line->n_given; i++) {
        if (takes_given(command, line->given[i]))
            continue;
        output_problem("%s does not take --%s (see --help)", command->name, line->given[i]->name);
        return false;
    }
    return true;
}

static bool
check_operands(const Command *command, int n)
{
    const Word *operands = command->operands;
    size_t expected = command_count_operands(command);

    if ((size_t)n == expected)
        return true;
    if (expected == 0)
        output_problem("%s takes no more words", command->name);
    else if (expected == 1)
        output_problem("%s takes one word: %s", command->name, operands[0].name);
    else
        output_problem("%s takes two words: %s and %s", command->name, operands[0].name, operands[1].name);
    return false;
}

static ExitStatus
run_command(char **words, int n_words, CommandLine *line)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        int n = match_command(&commands[i], words, n_words);

        if (n == 0)
            continue;
        line->arguments.operands = words + n;
        line->arguments.n_operands = n_words - n;
        if (!check_operands(&commands[i], n_words - n) || !check_options(&commands[i], line))
            return EXIT_USAGE;
        return runners[i](&line->arguments);
    }
    if (n_words == 0)
        output_problem("what to do is missing (see --help)");
    else
        output_problem("%s is not known, or not the whole of a command (see --help)", words[0]);
    return EXIT_USAGE;
}

static ExitStatus
run(int argc, char **argv, CommandLine *line)
{
    struct option *options = make_getopt_options();
    ExitStatus status = EXIT_FAILED;

    if (options && read_options(argc, argv, options, line, &status))
        status = run_command(argv + optind, argc - optind, line);
    free(options);
    return status;
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
    CommandLine line = { .arguments = { .bus = WSB_BUS_SYSTEM,
                                        .interval_usec = INTERVAL_DEFAULT_USEC,
                                        .linger_usec = LINGER_UNSET,
                                        .since_usec = SINCE_UNSET } };
    ExitStatus status = EXIT_FAILED;

    /* No more headers, and no more options, than words on the command line. */
    line.arguments.headers = calloc((size_t)argc, sizeof(*line.arguments.headers));
    line.given = calloc((size_t)argc, sizeof(*line.given));
    if (line.arguments.headers && line.given)
        status = run(argc, argv, &line);
    free(line.given);
    free(line.arguments.headers);
    return (int)status;
}
