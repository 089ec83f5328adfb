/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fields of the journal's entries: what they say, and that nothing secret is in any of them. */

#include "audit.h"

#include <string.h>

#define SECRET "planted"

/* All entries, each field as "KEY=value\n". */
static GString *written;

static GLogWriterOutput
keep_entry(G_GNUC_UNUSED GLogLevelFlags level, const GLogField *fields, gsize n_fields,
           G_GNUC_UNUSED gpointer user_data)
{
    for (gsize i = 0; i < n_fields; i++) {
        gssize length = fields[i].length < 0 ? (gssize)strlen(fields[i].value) : fields[i].length;

        g_string_append_printf(written, "%s=", fields[i].key);
        g_string_append_len(written, fields[i].value, length);
        g_string_append_c(written, '\n');
    }
    return G_LOG_WRITER_HANDLED;
}

static void
assert_field(const char *field)
{
    g_autofree char *line = g_strconcat("\n", field, "\n", NULL);

    g_string_prepend_c(written, '\n');
    if (!strstr(written->str, line))
        g_error("no %s in:%s", field, written->str);
    g_string_erase(written, 0, 1);
}

static guint
count(const char *text)
{
    guint n = 0;

    for (const char *at = written->str; (at = strstr(at, text)) != NULL; at++)
        n++;
    return n;
}

static Url *
secret_url(void)
{
    return url_parse("ws://" SECRET "-user:" SECRET "-password@chat.example.test/" SECRET "?" SECRET, 1024,
                     NULL);
}

static void
test_decision(void)
{
    static char explanation[] = "it is denied (policy.d/50-chat.conf:4)", rule[] = "policy.d/50-chat.conf:4";
    const Decision decision = { .code = 2302998, .explanation = explanation, .rule = rule };
    g_autoptr(Subject) subject = subject_parse("unit chat.service", NULL);
    g_autoptr(Url) url = secret_url();
    DecisionMeter refusals = { 0 }, allowances = { 0 };
    const DecisionMeters meters = { &refusals, &allowances };

    g_string_truncate(written, 0);
    g_assert_true(audit_decision(subject, 1000, &meters, url, &decision));
    assert_field("MESSAGE_ID=2b5f6c0e4e6f4d0fa3a1c6f7d6b1a001");
    assert_field("WSBROKER_SUBJECT=unit chat.service");
    assert_field("WSBROKER_UID=1000");
    assert_field("WSBROKER_HOST=chat.example.test");
    assert_field("WSBROKER_PORT=80");
    assert_field("WSBROKER_CODE=2302998");
    assert_field("WSBROKER_RULE=policy.d/50-chat.conf:4");
    g_assert_null(strstr(written->str, SECRET));
}

static void
test_certificate_check(void)
{
    g_autoptr(Subject) subject = subject_parse("unit chat.service", NULL);
    g_autoptr(Url) url = secret_url();

    g_string_truncate(written, 0);
    audit_certificate_check_skipped(subject, 1000, url, "policy.d/50-chat.conf:5");
    assert_field("MESSAGE_ID=2b5f6c0e4e6f4d0fa3a1c6f7d6b1a003");
    assert_field("WSBROKER_RULE=policy.d/50-chat.conf:5");
    g_assert_null(strstr(written->str, SECRET));
}

static const Decision refused = { .code = 201, .explanation = (char[]){ "why" } };
static const Decision allowed = { .allowed = TRUE, .explanation = (char[]){ "why" } };

/* HOW_OFTEN the same, of which the first MAX are written. */
static void
decide(const DecisionMeters *meters, const Decision *decision, guint how_often, guint max)
{
    g_autoptr(Subject) subject = subject_new_unidentified();

    for (guint i = 0; i < how_often; i++)
        g_assert_cmpint(audit_decision(subject, 1000, meters, NULL, decision), ==, i < max);
}

static void
end_period(DecisionMeter *meter)
{
    meter->since -= G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC;
}

/* Twenty refusals of a user, however many there are, whatever else is written. */
static void
test_suppressed_refusals(void)
{
    DecisionMeter refusals = { 0 }, allowances = { 0 }, anothers = { 0 };
    const DecisionMeters meters = { &refusals, &allowances }, others = { &anothers, &allowances };

    g_string_truncate(written, 0);
    decide(&meters, &refused, 25, 20);
    g_assert_cmpuint(count("WSBROKER_CODE=201\n"), ==, 20);
    decide(&others, &refused, 1, 1);
    decide(&meters, &allowed, 1, 1);

    /* The period ends: the next one tells how many there were. */
    end_period(&refusals);
    decide(&meters, &refused, 1, 1);
    assert_field("MESSAGE_ID=2b5f6c0e4e6f4d0fa3a1c6f7d6b1a004");
    assert_field("WSBROKER_SUPPRESSED=5");
    g_assert_cmpuint(count("WSBROKER_CODE=201\n"), ==, 22);
}

/* Three hundred of what an application is allowed, and each of which a connection comes. */
static void
test_suppressed_allowances(void)
{
    DecisionMeter refusals = { 0 }, allowances = { 0 }, anothers = { 0 };
    const DecisionMeters meters = { &refusals, &allowances }, others = { &refusals, &anothers };
    g_autoptr(Subject) subject = subject_new_unidentified();

    g_string_truncate(written, 0);
    decide(&meters, &allowed, 305, 300);
    g_assert_cmpuint(count("WSBROKER_CODE=0\n"), ==, 300);
    audit_decision_suppressed(subject, 1000, &meters, NULL, &allowed);
    g_assert_cmpuint(count("WSBROKER_CODE=0\n"), ==, 301);
    decide(&others, &allowed, 1, 1);
    decide(&meters, &refused, 1, 1);

    end_period(&allowances);
    decide(&meters, &allowed, 1, 1);
    assert_field("MESSAGE_ID=2b5f6c0e4e6f4d0fa3a1c6f7d6b1a005");
    assert_field("WSBROKER_SUPPRESSED=4");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    written = g_string_new(NULL);
    g_log_set_writer_func(keep_entry, NULL, NULL);
    g_test_add_func("/audit/decision", test_decision);
    g_test_add_func("/audit/certificate-check", test_certificate_check);
    g_test_add_func("/audit/suppressed-refusals", test_suppressed_refusals);
    g_test_add_func("/audit/suppressed-allowances", test_suppressed_allowances);

    int status = g_test_run();
    g_string_free(written, TRUE);
    return status;
}
