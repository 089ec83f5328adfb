/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* wsbrokerctl --help, from the tables of commands.c: options stand below the commands that take them. */

#include "help.h"

#include "commands.h"

#include <stdio.h>
#include <string.h>

enum { COMMAND_WIDTH = 29, OPTION_WIDTH = 26 };

static void
print_command(const Command *command)
{
    int width = printf("  %s", command->name);

    for (size_t i = 0; i < command_count_operands(command); i++)
        width += printf(" %s", command->operands[i].name);
    printf("%*s %s\n", width < COMMAND_WIDTH ? COMMAND_WIDTH - width : 0, "", command->summary);
}

/* Lines of TEXT, each below the text of an option. */
static void
print_more(const char *text)
{
    while (*text != '\0') {
        int length = (int)strcspn(text, "\n");

        printf("%*s %.*s\n", OPTION_WIDTH, "", length, text);
        text += length + 1;
    }
}

static void
print_option(const Option *option)
{
    int width = option->value.kind == WORD_NONE ? printf("  --%s", option->name)
                                                : printf("  --%s=%s", option->name, option->value.name);

    printf("%*s %s\n", width < OPTION_WIDTH ? OPTION_WIDTH - width : 0, "", option->summary);
    if (option->more)
        print_more(option->more);
}

static bool
is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

void
help_print(void)
{
    printf("wsbrokerctl [OPTION…] COMMAND\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        print_command(&commands[i]);
    for (size_t i = 0; i < n_command_options; i++) {
        const Option *option = &command_options[i];

        if (i == 0 || !is_same_text(option->commands, command_options[i - 1].commands))
            printf("\n%s:\n", option->commands ? option->commands : "Options of every command");
        print_option(option);
    }
    printf("\nA SUBJECT is a list such as 'flatpak org.example.Chat, user alice'.\n"
           "Exit status: 0 well, allowed; 1 refused, wrong or failed; 2 wrong usage.\n");
}
