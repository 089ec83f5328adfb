/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lines of a table for `wsbrokerctl policy test`: what is understood, what is refused, what holds. */

#include "policy-case.h"

#include "row.h"

#include <gio/gio.h>
#include <string.h>

static const struct Line {
    const char *line;
    const char *expected; /* NULL: the line is wrong */
    Expectation expectation;
    guint32 code;
    const char *subject; /* as subject_to_string() */
    const char *url;     /* or, where the line is wrong, what the error has */
} lines[] = {
    { "allow | unit chat.service | wss://h/", "allow", EXPECTATION_ALLOW, 0, "unit chat.service",
      "wss://h/" },
    { "allow|unit chat.service|wss://h/", "allow", EXPECTATION_ALLOW, 0, "unit chat.service", "wss://h/" },
    { " \tdeny\t| user 7 |  ws://h  \r", "deny", EXPECTATION_DENY, 0, NULL, "ws://h" },
    { "deny 201 | unidentified | ws://h", "deny 201", EXPECTATION_DENY, 201, "unidentified", "ws://h" },
    { "deny   2302998 | unidentified | ws://h", "deny   2302998", EXPECTATION_DENY, 2302998, "unidentified",
      "ws://h" },
    { "deny 2302001 | unidentified | ", "deny 2302001", EXPECTATION_DENY, 2302001, "unidentified", "" },
    { "report | snap chat.chat | ws://h", "report", EXPECTATION_REPORT, 0, "snap chat.chat", "ws://h" },
    { "report 201 | flatpak org.example.Chat | ws://h", "report 201", EXPECTATION_REPORT, 201,
      "flatpak org.example.Chat", "ws://h" },
    { "allow | label /usr/bin/a|b | ws://h", "allow", EXPECTATION_ALLOW, 0, "label /usr/bin/a|b", "ws://h" },
    { "allow 201 | unidentified | ws://h", NULL, 0, 0, NULL, "write allow" },
    { "Allow | unidentified | ws://h", NULL, 0, 0, NULL, "write allow" },
    { "allowed | unidentified | ws://h", NULL, 0, 0, NULL, "write allow" },
    { "al | unidentified | ws://h", NULL, 0, 0, NULL, "write allow" },
    { " | unidentified | ws://h", NULL, 0, 0, NULL, "write allow" },
    { "deny 200 | unidentified | ws://h", NULL, 0, 0, NULL, "2302998" },
    { "deny 0201 | unidentified | ws://h", NULL, 0, 0, NULL, "2302998" },
    { "deny 201 201 | unidentified | ws://h", NULL, 0, 0, NULL, "2302998" },
    { "deny", NULL, 0, 0, NULL, "EXPECTATION | SUBJECT | URL" },
    { "deny | ws://h", NULL, 0, 0, NULL, "EXPECTATION | SUBJECT | URL" },
    { "deny | nobody | ws://h", NULL, 0, 0, NULL, "\"nobody\"" },
    { "deny | | ws://h", NULL, 0, 0, NULL, "" },
    { "deny | unidentified | ws://\xff", NULL, 0, 0, NULL, "UTF-8" },
};

static void
assert_case(const struct Line *line, const PolicyCase *policy_case)
{
    g_autofree char *subject = subject_to_string(policy_case->subject);

    g_assert_cmpstr(policy_case->expected, ==, line->expected);
    g_assert_cmpint(policy_case->expectation, ==, line->expectation);
    g_assert_cmpuint(policy_case->code, ==, line->code);
    g_assert_cmpstr(policy_case->url, ==, line->url);
    if (line->subject)
        g_assert_cmpstr(subject, ==, line->subject);
}

static void
test_lines(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(PolicyCase) policy_case = { 0 };
        g_autoptr(GError) error = NULL;

        test_row(lines[i].line);
        g_assert_false(policy_case_is_blank(lines[i].line));
        if (policy_case_parse(lines[i].line, &policy_case, &error)) {
            assert_case(&lines[i], &policy_case);
            continue;
        }
        g_assert_null(lines[i].expected);
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
        g_assert_nonnull(strstr(error->message, lines[i].url));
        g_assert_null(policy_case.subject);
    }
}

static void
test_blank(void)
{
    static const char *const blank[] = { "", "  \t", "\r", "# allow | unidentified | ws://h", "  #" };

    for (gsize i = 0; i < G_N_ELEMENTS(blank); i++) {
        test_row(blank[i]);
        g_assert_true(policy_case_is_blank(blank[i]));
    }
}

static const struct Outcome {
    Expectation expectation;
    guint32 code;
    gboolean holds[4]; /* of a decision that is: allowed; reported 2302998; refused 201; refused 2302998 */
} outcomes[] = {
    { EXPECTATION_ALLOW, 0, { TRUE, FALSE, FALSE, FALSE } },
    { EXPECTATION_REPORT, 0, { FALSE, TRUE, FALSE, FALSE } },
    { EXPECTATION_REPORT, 2302998, { FALSE, TRUE, FALSE, FALSE } },
    { EXPECTATION_REPORT, 201, { FALSE, FALSE, FALSE, FALSE } },
    { EXPECTATION_DENY, 0, { FALSE, FALSE, TRUE, TRUE } },
    { EXPECTATION_DENY, 201, { FALSE, FALSE, TRUE, FALSE } },
    { EXPECTATION_DENY, 2302998, { FALSE, FALSE, FALSE, TRUE } },
};

static void
test_outcomes(void)
{
    static const Decision decisions[] = {
        { .allowed = TRUE },
        { .allowed = TRUE, .reported = TRUE, .code = 2302998 },
        { .allowed = FALSE, .code = 201 },
        { .allowed = FALSE, .code = 2302998 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(outcomes); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(decisions); j++) {
            const PolicyCase policy_case = { .expectation = outcomes[i].expectation,
                                             .code = outcomes[i].code };

            g_test_message("row %" G_GSIZE_FORMAT ", decision %" G_GSIZE_FORMAT, i, j);
            g_assert_cmpint(policy_case_holds(&policy_case, &decisions[j]), ==, outcomes[i].holds[j]);
        }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/policy-case/lines", test_lines);
    g_test_add_func("/ctl/policy-case/blank", test_blank);
    g_test_add_func("/ctl/policy-case/outcomes", test_outcomes);
    return g_test_run();
}
