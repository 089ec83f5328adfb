/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl policy explain: what Connect would decide for a subject and a URL, and why. From the files it
 * says each step on the way and needs no service; --live asks the service, which may have read the files
 * before they were changed, and which alone knows who is behind a name on the bus.
 */

#include "call.h"
#include "output.h"
#include "policy-files.h"
#include "verdict.h"

#include <string.h>

/* From the files: how the decision came about. */
typedef struct Way {
    GPtrArray *steps;
    char *location; /* of the rule, in full; NULL where none decided */
} Way;

static void
print_text(const Decision *decision, const Way *way)
{
    g_autofree char *verdict = verdict_to_string(decision);

    output_escaped(stdout, verdict, strlen(verdict));
    putchar('\n');
    for (guint i = 0; way && i < way->steps->len; i++) {
        const char *step = g_ptr_array_index(way->steps, i);

        printf("  - ");
        output_escaped(stdout, step, strlen(step));
        putchar('\n');
    }
    if (way && way->location) {
        printf("  decided by ");
        output_escaped(stdout, way->location, strlen(way->location));
        putchar('\n');
    }
}

static void
print_way_json(const Way *way)
{
    if (way->location) {
        putchar(',');
        output_json_member("location", way->location);
    }
    printf(",\"steps\":[");
    for (guint i = 0; i < way->steps->len; i++) {
        const char *step = g_ptr_array_index(way->steps, i);

        printf("%s", i > 0 ? "," : "");
        output_json_string(step, strlen(step));
    }
    printf("]");
}

/* WAY: NULL where the service was asked. */
static ExitStatus
print_answer(const Arguments *arguments, const Decision *decision, const Way *way)
{
    if (arguments->json) {
        printf("{");
        verdict_print_json(decision);
        if (way)
            print_way_json(way);
        printf("}\n");
    } else
        print_text(decision, way);
    return output_flush() && decision->allowed ? EXIT_OK : EXIT_FAILED;
}

static ExitStatus
explain_from_files(const Arguments *arguments)
{
    g_auto(PolicyFiles) files = { 0 };
    g_auto(Decision) decision = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(Subject) subject = subject_parse(arguments->operands[0], &error);
    g_autoptr(PolicyAccess) access = NULL;
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *location = NULL;

    if (!subject) {
        output_problem("%s", error->message);
        return EXIT_USAGE;
    }
    if (!policy_files_load_or_report(arguments, &files))
        return EXIT_FAILED;
    policy_read_names(files.policy, subject);
    access = policy_access_new(files.policy, subject);
    policy_access_explain_text(access, arguments->operands[1], files.config->max_url_length, steps,
                               &decision);
    location = decision.rule ? policy_locate(files.policy, decision.rule) : NULL;
    return print_answer(arguments, &decision, &(Way){ .steps = steps, .location = location });
}

static ExitStatus
print_reply(const Arguments *arguments, sd_bus_message *reply)
{
    g_auto(Decision) decision = { 0 };
    const char *explanation;
    int allowed;
    int r = sd_bus_message_read(reply, "bus", &allowed, &decision.code, &explanation);

    if (r < 0) {
        output_problem("the service's answer is not understood: %s", strerror(-r));
        return EXIT_FAILED;
    }
    decision.allowed = allowed;
    decision.reported = allowed && decision.code != 0;
    decision.explanation = g_strdup(explanation);
    return print_answer(arguments, &decision, /* way= */ NULL);
}

static ExitStatus
explain_live(const Arguments *arguments)
{
    const char *const question[] = { arguments->operands[0], arguments->operands[1], NULL };
    wsb_client *client = ctl_open_client(arguments);
    sd_bus_message *reply = client ? call_manager_with(client, "ExplainAccess", question) : NULL;
    ExitStatus status = reply ? print_reply(arguments, reply) : EXIT_FAILED;

    sd_bus_message_unref(reply);
    wsb_client_unref(client);
    return status;
}

ExitStatus
ctl_policy_explain(const Arguments *arguments)
{
    return arguments->live ? explain_live(arguments) : explain_from_files(arguments);
}
