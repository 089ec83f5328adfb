/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What a word of the command line can be. How a shell completes each is in the two files of
 * completion/. */
typedef enum WordKind {
    WORD_NONE, /* there is no such word */
    WORD_ANY,  /* something that no shell can know */
    WORD_BUS,
    WORD_FILE,
    WORD_FOLDER,
    WORD_WEBSOCKET, /* the ID of one that the service holds */
} WordKind;

typedef struct Word {
    const char *name; /* for messages, such as "URL" */
    WordKind kind;
} Word;

typedef enum CommandId {
    COMMAND_CONNECT,
    COMMAND_LIST,
    COMMAND_SHOW,
    COMMAND_STATUS,
    COMMAND_MONITOR,
    COMMAND_POLICY_CHECK,
    COMMAND_POLICY_SHOW,
    COMMAND_POLICY_EXPLAIN,
    COMMAND_POLICY_TEST,
    COMMAND_AUDIT,
    N_COMMANDS,
} CommandId;

enum { OPERANDS_MAX = 2 };

typedef struct Command {
    const char *name;            /* one word, or two with a blank between */
    Word operands[OPERANDS_MAX]; /* all of them must be there */
    const char *summary;         /* one line */
} Command;

typedef enum OptionId {
    OPTION_BUS = 256, /* beyond the characters of short options */
    OPTION_JSON,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_NO_LEGEND,
    OPTION_INTERVAL,
    OPTION_COUNT,
    OPTION_HEADER,
    OPTION_PROTOCOL,
    OPTION_BINARY,
    OPTION_LINGER,
    OPTION_VERBOSE,
    OPTION_CONFIG_DIR,
    OPTION_LIVE,
    OPTION_SINCE,
    OPTION_FOLLOW,
    OPTION_REFUSED,
    OPTION_DIRECTORY,
} OptionId;

/* An option that means something else to another command has a row for each. */
typedef struct Option {
    OptionId id;
    const char *name;     /* without the dashes */
    Word value;           /* of kind WORD_NONE where it takes none */
    const char *commands; /* NULL: all; else "connect, policy": each a name, or the first word of several */
    const char *summary;  /* one line */
    const char *more;     /* what --help says besides, in lines that end with a newline; NULL: nothing */
} Option;

extern const Command commands[N_COMMANDS];
extern const Option command_options[];
extern const size_t n_command_options;

/* How many operands COMMAND takes. */
size_t command_count_operands(const Command *command);

/* Whether OPTION can be given to COMMAND. */
bool command_takes_option(const Command *command, const Option *option);
