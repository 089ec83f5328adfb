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
    RefusalMeter meter = { 0 };

    g_string_truncate(written, 0);
    audit_decision(subject, 1000, &meter, url, &decision);
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

/* Twenty refusals of a user, however many there are; what is allowed is always written. */
static void
test_suppressed(void)
{
    static char explanation[] = "why";
    const Decision refused = { .code = 201, .explanation = explanation };
    const Decision allowed = { .allowed = TRUE, .explanation = explanation };
    g_autoptr(Subject) subject = subject_new_unidentified();
    RefusalMeter meter = { 0 }, another = { 0 };

    g_string_truncate(written, 0);
    for (guint i = 0; i < 25; i++)
        audit_decision(subject, 1000, &meter, NULL, &refused);
    g_assert_cmpuint(count("WSBROKER_CODE=201\n"), ==, 20);
    audit_decision(subject, 1001, &another, NULL, &refused);
    g_assert_cmpuint(count("WSBROKER_CODE=201\n"), ==, 21);
    audit_decision(subject, 1000, &meter, NULL, &allowed);
    g_assert_cmpuint(count("WSBROKER_CODE=0\n"), ==, 1);

    /* The period ends: the next one tells how many there were. */
    meter.since -= G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC;
    audit_decision(subject, 1000, &meter, NULL, &refused);
    assert_field("MESSAGE_ID=2b5f6c0e4e6f4d0fa3a1c6f7d6b1a004");
    assert_field("WSBROKER_SUPPRESSED=5");
    g_assert_cmpuint(count("WSBROKER_CODE=201\n"), ==, 22);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    written = g_string_new(NULL);
    g_log_set_writer_func(keep_entry, NULL, NULL);
    g_test_add_func("/audit/decision", test_decision);
    g_test_add_func("/audit/certificate-check", test_certificate_check);
    g_test_add_func("/audit/suppressed", test_suppressed);

    int status = g_test_run();
    g_string_free(written, TRUE);
    return status;
}
