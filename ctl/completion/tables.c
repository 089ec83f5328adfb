/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs while wsbrokerctl is built: `completion-tables TEMPLATE` prints TEMPLATE, a shell's completion, with
 * the tables of commands.c in the place of the line "@TABLES@". They are arrays of text in single quotes,
 * which bash and zsh read alike; the fields of a row have bars between them.
 */

#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
    [WORD_NONE] = "",     [WORD_ANY] = "any",       [WORD_BUS] = "bus",
    [WORD_FILE] = "file", [WORD_FOLDER] = "folder", [WORD_WEBSOCKET] = "websocket",
};

/* TEXT within single quotes, where only these are special. */
static void
print_quoted(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            printf("'\\''");
        else
            putchar(*text);
    }
}

static void
print_row(const char *const *fields, size_t n)
{
    printf("        '");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            putchar('|');
        print_quoted(fields[i]);
    }
    printf("'\n");
}

static void
print_tables(void)
{
    printf("    # name|kind of each operand|summary\n    local -a command_rows=(\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        const Command *command = &commands[i];
        const Word *operands = command->operands;

        print_row((const char *const[]){ command->name, kind_names[operands[0].kind],
                                         kind_names[operands[1].kind], command->summary },
                  4);
    }
    printf("    )\n    # name|kind of its value|commands that take it|summary\n    local -a option_rows=(\n");
    for (size_t i = 0; i < n_command_options; i++) {
        const Option *option = &command_options[i];

        print_row((const char *const[]){ option->name, kind_names[option->value.kind],
                                         option->commands ? option->commands : "", option->summary },
                  4);
    }
    printf("    )\n");
}

int
main(int argc, char **argv)
{
    FILE *template = argc == 2 ? fopen(argv[1], "re") : NULL;
    char *line = NULL;
    size_t size = 0;
    int failed;

    if (!template) {
        perror(argc == 2 ? argv[1] : "completion-tables TEMPLATE");
        return 1;
    }
    while (getline(&line, &size, template) >= 0) {
        if (strcmp(line, "@TABLES@\n") == 0)
            print_tables();
        else
            (void)fputs(line, stdout);
    }
    failed = ferror(template) || fflush(stdout) != 0;
    free(line);
    (void)fclose(template);
    return failed;
}
