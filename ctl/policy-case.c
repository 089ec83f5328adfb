/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One line of a table of expectations: "deny 201 | unit chat.service | wss://chat.example.com/".
 *
 * The first bar ends the expectation and the last one begins the URL, so that a label, which may have a bar,
 * needs no escape; in a URL it is written %7C. A line that is not understood is an error, never left out: a
 * test that is skipped because of a slip would be taken for one that passes.
 */

#include "policy-case.h"

#include <gio/gio.h>
#include <string.h>
#include <wsbroker-protocol.h>

static const struct {
    const char *word;
    Expectation expectation;
    gboolean takes_code;
} words[] = {
    { "allow", EXPECTATION_ALLOW, FALSE },
    { "report", EXPECTATION_REPORT, TRUE },
    { "deny", EXPECTATION_DENY, TRUE },
};

/* What the policy can answer. */
static const struct {
    const char *text;
    guint32 code;
} codes[] = {
    { "201", WSB_CODE_PERMISSION_DENIED },
    { "2302998", WSB_CODE_DOMAIN_NOT_ALLOWED },
    { "2302001", WSB_CODE_URL },
};

#define LINE_SYNTAX "write EXPECTATION | SUBJECT | URL"
#define EXPECTATION_SYNTAX                                                                                   \
    "write allow, deny, deny CODE, report or report CODE; a code is 201, 2302998 or 2302001"

static gboolean
fail(GError **error, const char *message)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, message);
    return FALSE;
}

/* The text from START to END without the blanks around it. Free with g_free(). */
static char *
dup_field(const char *start, const char *end)
{
    return g_strstrip(g_strndup(start, (gsize)(end - start)));
}

static gboolean
parse_code(const char *text, guint32 *ret)
{
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
        if (strcmp(codes[i].text, text) == 0) {
            *ret = codes[i].code;
            return TRUE;
        }
    return FALSE;
}

/* "deny" or "deny 201". */
static gboolean
parse_expectation(PolicyCase *policy_case, GError **error)
{
    const char *text = policy_case->expected;
    gsize length = strcspn(text, " \t");
    g_autofree char *code = dup_field(text + length, text + strlen(text));

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strlen(words[i].word) != length || strncmp(words[i].word, text, length) != 0)
            continue;
        policy_case->expectation = words[i].expectation;
        if (*code == '\0' || (words[i].takes_code && parse_code(code, &policy_case->code)))
            return TRUE;
    }
    return fail(error, EXPECTATION_SYNTAX);
}

gboolean
policy_case_is_blank(const char *line)
{
    line += strspn(line, " \t\r");
    return *line == '\0' || *line == '#';
}

gboolean
policy_case_parse(const char *line, PolicyCase *ret, GError **error)
{
    g_auto(PolicyCase) parsed = { 0 };
    g_autofree char *subject = NULL;
    const char *first = strchr(line, '|');
    const char *last = strrchr(line, '|');

    if (!g_utf8_validate(line, -1, NULL))
        return fail(error, "the line is no UTF-8");
    if (first == last)
        return fail(error, LINE_SYNTAX);
    parsed.expected = dup_field(line, first);
    parsed.url = dup_field(last + 1, last + strlen(last));
    subject = dup_field(first + 1, last);
    if (!parse_expectation(&parsed, error))
        return FALSE;
    parsed.subject = subject_parse(subject, error);
    if (!parsed.subject)
        return FALSE;
    *ret = parsed;
    parsed = (PolicyCase){ 0 };
    return TRUE;
}

gboolean
policy_case_holds(const PolicyCase *policy_case, const Decision *decision)
{
    if (policy_case->code != 0 && policy_case->code != decision->code)
        return FALSE;
    switch (policy_case->expectation) {
    case EXPECTATION_ALLOW:
        return decision->allowed && !decision->reported;
    case EXPECTATION_REPORT:
        return decision->reported;
    case EXPECTATION_DENY:
        break;
    }
    return !decision->allowed;
}

void
policy_case_clear(PolicyCase *policy_case)
{
    g_clear_pointer(&policy_case->expected, g_free);
    g_clear_pointer(&policy_case->subject, subject_free);
    g_clear_pointer(&policy_case->url, g_free);
}
