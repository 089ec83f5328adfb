/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl policy show: the policy that the files make together, in the order in which sections are tried,
 * each line with the file and line it is from. The file comes first, in full, because the usual question is
 * which of several files, in which of the three folders, had the last word.
 */

#include "output.h"
#include "policy-files.h"

#include <string.h>

/* Where LINE is from, in full. Free with g_free(). */
static char *
locate(const Policy *policy, const PolicyLine *line)
{
    char *location = policy_locate(policy, line->rule);

    return location ? location : g_strdup(line->rule);
}

static size_t
find_width(const Policy *policy, const GArray *lines)
{
    size_t width = 0;

    for (guint i = 0; i < lines->len; i++) {
        g_autofree char *location = locate(policy, &g_array_index(lines, PolicyLine, i));

        width = MAX(width, output_width(location));
    }
    return width;
}

static void
print_line(const char *location, size_t width, const PolicyLine *line)
{
    g_autofree char *text =
        line->key ? g_strdup_printf("%s=%s", line->key, line->value) : g_strdup_printf("[%s]", line->section);
    Colour colour = line->key ? COLOUR_NONE : COLOUR_HEADING;

    output_escaped(stdout, location, strlen(location));
    printf("%*s  ", (int)(width - output_width(location)), "");
    output_begin_colour(stdout, colour);
    output_escaped(stdout, text, strlen(text));
    output_end_colour(stdout, colour);
    putchar('\n');
}

static void
print_text(const Policy *policy, const GArray *lines)
{
    size_t width = find_width(policy, lines);

    if (lines->len == 0)
        output_note("no section, so every connection is refused");
    for (guint i = 0; i < lines->len; i++) {
        const PolicyLine *line = &g_array_index(lines, PolicyLine, i);
        g_autofree char *location = locate(policy, line);

        if (i > 0 && !line->key)
            putchar('\n');
        print_line(location, width, line);
    }
}

static void
print_json(const Policy *policy, const GArray *lines)
{
    printf("[");
    for (guint i = 0; i < lines->len; i++) {
        const PolicyLine *line = &g_array_index(lines, PolicyLine, i);
        g_autofree char *location = locate(policy, line);

        printf("%s{", i > 0 ? "," : "");
        output_json_member("section", line->section);
        if (line->key) {
            putchar(',');
            output_json_member("key", line->key);
            putchar(',');
            output_json_member("value", line->value);
        }
        putchar(',');
        output_json_member("location", location);
        putchar('}');
    }
    printf("]\n");
}

ExitStatus
ctl_policy_show(const Arguments *arguments)
{
    g_auto(PolicyFiles) files = { 0 };
    g_autoptr(GArray) lines = NULL;

    if (!policy_files_load_or_report(arguments, &files))
        return EXIT_FAILED;
    lines = policy_list_lines(files.policy);
    if (arguments->json)
        print_json(files.policy, lines);
    else
        print_text(files.policy, lines);
    return output_flush() ? EXIT_OK : EXIT_FAILED;
}
