/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl policy check: every error of configuration and policy, with file and line. How many sections
 * were found is said too, since a folder that is not there is no error, and a check of nothing must not look
 * like one of something.
 */

#include "output.h"
#include "policy-files.h"

#include <string.h>

static guint
count_sections(const Policy *policy)
{
    g_autoptr(GArray) lines = policy_list_lines(policy);
    guint n = 0;

    for (guint i = 0; i < lines->len; i++)
        n += g_array_index(lines, PolicyLine, i).key == NULL;
    return n;
}

static void
print_json(const PolicyFiles *files, guint n_sections)
{
    guint n = problems_count(files->problems);

    printf("{\"valid\":%s,\"sections\":%u,\"problems\":[", n == 0 ? "true" : "false", n_sections);
    for (guint i = 0; i < n; i++) {
        const char *problem = problems_get(files->problems, i);

        printf("%s", i > 0 ? "," : "");
        output_json_string(problem, strlen(problem));
    }
    printf("]}\n");
}

static void
print_summary(guint n_sections)
{
    if (n_sections == 0)
        printf("no section, so every connection is refused\n");
    else
        printf("%u section%s, no error\n", n_sections, n_sections == 1 ? "" : "s");
}

ExitStatus
ctl_policy_check(const Arguments *arguments)
{
    g_auto(PolicyFiles) files = { 0 };
    gboolean valid = policy_files_load(arguments, &files);
    guint n_sections = valid ? count_sections(files.policy) : 0;

    if (arguments->json)
        print_json(&files, n_sections);
    else if (valid)
        print_summary(n_sections);
    else
        policy_files_report(&files);
    return output_flush() && valid ? EXIT_OK : EXIT_FAILED;
}
