/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl policy test: a table of expectations against the policy of the files, for an integrator's own
 * CI. Each line that fails, or is not understood, is told as file:line; a table that expects nothing fails as
 * a whole, since it would pass whatever the policy says.
 */

#include "output.h"
#include "policy-case.h"
#include "policy-files.h"
#include "verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct Run {
    const Arguments *arguments;
    const PolicyFiles *files;
    char *path; /* as given, made UTF-8 */
    guint line;
    guint n_passed;
    guint n_failed;
} Run;

/* DECISION: NULL where the line is wrong, as TEXT then says. */
static void
report_failure(Run *run, const char *text, const Decision *decision)
{
    run->n_failed++;
    if (!run->arguments->json) {
        output_finding("%s:%u: %s", run->path, run->line, text);
        return;
    }
    printf("%s{", run->n_failed > 1 ? "," : "");
    output_json_member("file", run->path);
    printf(",\"line\":%u,", run->line);
    output_json_member("text", text);
    if (decision) {
        putchar(',');
        verdict_print_json(decision);
    }
    putchar('}');
}

static void
run_case(Run *run, const char *line)
{
    g_auto(PolicyCase) policy_case = { 0 };
    g_auto(Decision) decision = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(PolicyAccess) access = NULL;
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *verdict = NULL;
    g_autofree char *text = NULL;

    if (!policy_case_parse(line, &policy_case, &error)) {
        report_failure(run, error->message, NULL);
        return;
    }
    policy_read_names(run->files->policy, policy_case.subject);
    access = policy_access_new(run->files->policy, policy_case.subject);
    policy_access_explain_text(access, policy_case.url, run->files->config->max_url_length, steps, &decision);
    if (policy_case_holds(&policy_case, &decision)) {
        run->n_passed++;
        return;
    }
    verdict = verdict_to_string(&decision);
    text = g_strdup_printf("expected %s, but it is %s", policy_case.expected, verdict);
    report_failure(run, text, &decision);
}

/* Returns whether the whole table could be read. */
static bool
run_table(Run *run, FILE *table)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    bool complete;

    while ((length = getline(&line, &size, table)) >= 0) {
        run->line++;
        if (length > 0 && line[length - 1] == '\n')
            line[--length] = '\0';
        if (strlen(line) != (size_t)length)
            report_failure(run, "the line has a NUL", NULL);
        else if (!policy_case_is_blank(line))
            run_case(run, line);
    }
    complete = !ferror(table);
    if (!complete)
        output_problem("%s cannot be read: %s", run->path, strerror(errno));
    free(line);
    return complete;
}

static ExitStatus
run_and_count(Run *run, FILE *table)
{
    bool complete;

    if (run->arguments->json)
        printf("{\"failures\":[");
    complete = run_table(run, table);
    if (run->arguments->json)
        printf("],\"passed\":%u,\"failed\":%u}\n", run->n_passed, run->n_failed);
    else
        printf("%u passed, %u failed\n", run->n_passed, run->n_failed);
    if (complete && run->n_passed + run->n_failed == 0)
        output_problem("%s expects nothing", run->path);
    return output_flush() && complete && run->n_failed == 0 && run->n_passed > 0 ? EXIT_OK : EXIT_FAILED;
}

ExitStatus
ctl_policy_test(const Arguments *arguments)
{
    g_auto(PolicyFiles) files = { 0 };
    g_autofree char *path = g_utf8_make_valid(arguments->operands[0], -1);
    Run run = { .arguments = arguments, .files = &files, .path = path };
    ExitStatus status;
    FILE *table;

    if (!policy_files_load_or_report(arguments, &files))
        return EXIT_FAILED;
    table = fopen(arguments->operands[0], "re");
    if (!table) {
        output_problem("%s cannot be opened: %s", path, strerror(errno));
        return EXIT_FAILED;
    }
    status = run_and_count(&run, table);
    (void)fclose(table);
    return status;
}
