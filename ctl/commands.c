/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The commands and options of wsbrokerctl, said once: the program reads its command line by these tables,
 * prints --help from them, and the shells' completion is made of them when it is built. So this file uses
 * nothing but the C library.
 */

#include "commands.h"

#include <string.h>

#define NO_VALUE                                                                                             \
    {                                                                                                        \
        NULL, WORD_NONE                                                                                      \
    }

const Command commands[N_COMMANDS] = {
    [COMMAND_CONNECT] = { "connect", { { "URL", WORD_ANY } }, "A WebSocket on standard input and output" },
    [COMMAND_LIST] = { "list", { NO_VALUE }, "The WebSockets that the service holds" },
    [COMMAND_SHOW] = { "show", { { "ID", WORD_WEBSOCKET } }, "All that is known of one WebSocket" },
    [COMMAND_STATUS] = { "status", { NO_VALUE }, "The service, and how it sees you" },
    [COMMAND_MONITOR] = { "monitor", { NO_VALUE }, "Messages and bytes a second, as they come and go" },
    [COMMAND_POLICY_CHECK] = { "policy check", { NO_VALUE }, "Every error in configuration and policy" },
    [COMMAND_POLICY_SHOW] = { "policy show", { NO_VALUE }, "The policy, and where each line of it is from" },
    [COMMAND_POLICY_EXPLAIN] = { "policy explain",
                                 { { "SUBJECT", WORD_ANY }, { "URL", WORD_ANY } },
                                 "What would be decided, and why" },
    [COMMAND_POLICY_TEST] = { "policy test",
                              { { "FILE", WORD_FILE } },
                              "Whether the policy decides as FILE expects" },
    [COMMAND_AUDIT] = { "audit", { NO_VALUE }, "What the service wrote of its decisions" },
};

const Option command_options[] = {
    { OPTION_BUS,
      "bus",
      { "BUS", WORD_BUS },
      NULL,
      "The bus that the service is on: system (the default) or session",
      NULL },
    { OPTION_JSON, "json", NO_VALUE, NULL, "Print JSON",
      "an object a line for connect, monitor and audit, else one value\n" },
    { OPTION_HELP, "help", NO_VALUE, NULL, "Print this text", NULL },
    { OPTION_VERSION, "version", NO_VALUE, NULL, "Print the version", NULL },

    { OPTION_HEADER,
      "header",
      { "'NAME: VALUE'", WORD_ANY },
      "connect",
      "One more request header",
      "may be repeated\n" },
    { OPTION_PROTOCOL,
      "protocol",
      { "NAMES", WORD_ANY },
      "connect",
      "Subprotocols to offer, separated by commas",
      NULL },
    { OPTION_BINARY, "binary", NO_VALUE, "connect", "Send what is read as binary messages",
      "of at most 64 KiB, not each line as a text\n" },
    { OPTION_COUNT, "count", { "N", WORD_ANY }, "connect", "End when N messages have come", NULL },
    { OPTION_LINGER,
      "linger",
      { "SECONDS", WORD_ANY },
      "connect",
      "How long to wait for more after the end of the input",
      "2; with --count, until they have come; from a terminal, 0\n" },
    { OPTION_VERBOSE, "verbose", NO_VALUE, "connect", "Say on standard error what happens",
      "done anyway where that is a terminal\n" },

    { OPTION_NO_LEGEND, "no-legend", NO_VALUE, "list, monitor", "No heading", NULL },
    { OPTION_INTERVAL,
      "interval",
      { "SECONDS", WORD_ANY },
      "monitor",
      "How often to look",
      "1; 0.1 or more\n" },
    { OPTION_COUNT, "count", { "N", WORD_ANY }, "monitor", "End after N intervals", NULL },

    { OPTION_CONFIG_DIR,
      "config-dir",
      { "DIR", WORD_FOLDER },
      "policy",
      "Read DIR alone",
      "not /etc/wsbroker, /run/wsbroker and /usr/lib/wsbroker, as the\nservice does\n" },
    { OPTION_LIVE, "live", NO_VALUE, "policy explain", "Ask the service, not the files",
      "for administrators; SUBJECT may then be the name of a\nconnection to the bus\n" },

    { OPTION_SINCE,
      "since",
      { "TIME", WORD_ANY },
      "audit",
      "Begin at TIME",
      "'2024-11-22', '2024-11-22 09:00', or so long ago: -30s, -15min,\n-2h, -7d\n" },
    { OPTION_FOLLOW, "follow", NO_VALUE, "audit", "Begin with the last few, and go on with what comes",
      NULL },
    { OPTION_REFUSED, "refused", NO_VALUE, "audit", "Only what was refused",
      "or would be but for Mode=report\n" },
    { OPTION_DIRECTORY, "directory", { "DIR", WORD_FOLDER }, "audit", "Read the journal in DIR", NULL },
};

const size_t n_command_options = sizeof(command_options) / sizeof(command_options[0]);

size_t
command_count_operands(const Command *command)
{
    size_t n = 0;

    while (n < OPERANDS_MAX && command->operands[n].name)
        n++;
    return n;
}

bool
command_takes_option(const Command *command, const Option *option)
{
    const char *item = option->commands;

    while (item && *item != '\0') {
        size_t length = strcspn(item, ",");

        if (strncmp(command->name, item, length) == 0 &&
            (command->name[length] == '\0' || command->name[length] == ' '))
            return true;
        item += length;
        item += strspn(item, ", ");
    }
    return !option->commands;
}
