/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the service decides goes to the journal in fields that can be searched, by GLib's structured logging: to the
 * journal where standard error is connected to it, else to standard error as text. The message identifiers are
 * stable.
 */

#define G_LOG_DOMAIN "wsbroker"

#include "audit.h"

#define MESSAGE_DECISION "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a001"
#define MESSAGE_POLICY "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a002"
#define MESSAGE_NO_CHECK "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a003"
#define MESSAGE_SUPPRESSED "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a004"

enum { REFUSALS_PER_PERIOD = 20, PERIOD = 10 * G_USEC_PER_SEC };

static void
write_suppressed(RefusalMeter *meter, uid_t uid)
{
    g_autofree char *uid_text = g_strdup_printf("%u", uid);
    g_autofree char *count = g_strdup_printf("%u", meter->suppressed);

    if (meter->suppressed > 0)
        g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", MESSAGE_SUPPRESSED, "WSBROKER_UID",
                         uid_text, "WSBROKER_SUPPRESSED", count, "MESSAGE",
                         "%s more refusals of uid %s were not written", count, uid_text);
}

/* Whether one more refusal may be written. */
static gboolean
meter_refusal(RefusalMeter *meter, uid_t uid)
{
    gint64 now = g_get_monotonic_time();

    if (meter->since == 0 || now - meter->since >= PERIOD) {
        write_suppressed(meter, uid);
        *meter = (RefusalMeter){ .since = now };
    }
    if (meter->written == REFUSALS_PER_PERIOD) {
        meter->suppressed++;
        return FALSE;
    }
    meter->written++;
    return TRUE;
}

static const char *
outcome_of(const Decision *decision)
{
    if (decision->reported)
        return "reported";
    return decision->allowed ? "allowed" : "refused";
}

void
audit_decision(const Subject *subject, uid_t uid, RefusalMeter *meter, const Url *url,
               const Decision *decision)
{
    g_autofree char *who = subject_to_string(subject);
    g_autofree char *uid_text = g_strdup_printf("%u", uid);
    g_autofree char *port = g_strdup_printf("%u", url ? url->port : 0);
    g_autofree char *code = g_strdup_printf("%u", decision->code);
    g_autofree char *target = url ? g_strdup_printf(" %s:%u", url->host, url->port) : g_strdup("");
    const char *host = url ? url->host : "";

    if (!decision->allowed && !meter_refusal(meter, uid))
        return;
    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", MESSAGE_DECISION, "WSBROKER_OUTCOME",
                     outcome_of(decision), "WSBROKER_SUBJECT", who, "WSBROKER_UID", uid_text, "WSBROKER_HOST",
                     host, "WSBROKER_PORT", port, "WSBROKER_CODE", code, "WSBROKER_RULE",
                     decision->rule ? decision->rule : "", "MESSAGE", "%s%s for %s (uid %s): %s",
                     outcome_of(decision), target, who, uid_text, decision->explanation);
}

void
audit_policy_loaded(guint generation)
{
    g_autofree char *text = g_strdup_printf("%u", generation);

    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", MESSAGE_POLICY, "WSBROKER_GENERATION",
                     text, "MESSAGE", "policy %s is in force", text);
}

void
audit_certificate_check_skipped(const Subject *subject, uid_t uid, const Url *url, const char *rule)
{
    g_autofree char *who = subject_to_string(subject);
    g_autofree char *uid_text = g_strdup_printf("%u", uid);

    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", MESSAGE_NO_CHECK, "WSBROKER_SUBJECT",
                     who, "WSBROKER_UID", uid_text, "WSBROKER_HOST", url->host, "WSBROKER_RULE", rule,
                     "MESSAGE", "the certificate of %s is not checked for %s (uid %s), as %s says", url->host,
                     who, uid_text, rule);
}
