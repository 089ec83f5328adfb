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
#define MESSAGE_REFUSALS_SUPPRESSED "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a004"
#define MESSAGE_ALLOWANCES_SUPPRESSED "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a005"

enum { PERIOD = 10 * G_USEC_PER_SEC };

/* What is written of the decisions of one kind, and said of those that were not. */
typedef struct Kind {
    guint per_period;
    const char *suppressed_id;
    const char *name;
} Kind;

static const Kind refusals = { 20, MESSAGE_REFUSALS_SUPPRESSED, "refusals" };
/* Some three times what MaxConnectRate lets an application do, as it is set where nobody has set it. */
static const Kind allowances = { 300, MESSAGE_ALLOWANCES_SUPPRESSED, "decisions that allow" };

static void
write_suppressed(const DecisionMeter *meter, const Kind *kind, uid_t uid)
{
    g_autofree char *uid_text = g_strdup_printf("%u", uid);
    g_autofree char *count = g_strdup_printf("%u", meter->suppressed);

    if (meter->suppressed > 0)
        g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", kind->suppressed_id, "WSBROKER_UID",
                         uid_text, "WSBROKER_SUPPRESSED", count, "MESSAGE",
                         "%s more %s of uid %s were not written", count, kind->name, uid_text);
}

/* Whether one more of KIND may be written. */
static gboolean
meter_decision(DecisionMeter *meter, const Kind *kind, uid_t uid)
{
    gint64 now = g_get_monotonic_time();

    if (meter->since == 0 || now - meter->since >= PERIOD) {
        write_suppressed(meter, kind, uid);
        *meter = (DecisionMeter){ .since = now };
    }
    if (meter->written >= kind->per_period) {
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

static void
write_decision(const Subject *subject, uid_t uid, const Url *url, const Decision *decision)
{
    g_autofree char *who = subject_to_string(subject);
    g_autofree char *uid_text = g_strdup_printf("%u", uid);
    g_autofree char *port = g_strdup_printf("%u", url ? url->port : 0);
    g_autofree char *code = g_strdup_printf("%u", decision->code);
    g_autofree char *target = url ? g_strdup_printf(" %s:%u", url->host, url->port) : g_strdup("");
    const char *host = url ? url->host : "";

    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", MESSAGE_DECISION, "WSBROKER_OUTCOME",
                     outcome_of(decision), "WSBROKER_SUBJECT", who, "WSBROKER_UID", uid_text, "WSBROKER_HOST",
                     host, "WSBROKER_PORT", port, "WSBROKER_CODE", code, "WSBROKER_RULE",
                     decision->rule ? decision->rule : "", "MESSAGE", "%s%s for %s (uid %s): %s",
                     outcome_of(decision), target, who, uid_text, decision->explanation);
}

gboolean
audit_decision(const Subject *subject, uid_t uid, const DecisionMeters *meters, const Url *url,
               const Decision *decision)
{
    gboolean written = decision->allowed ? meter_decision(meters->allowances, &allowances, uid)
                                         : meter_decision(meters->refusals, &refusals, uid);

    if (written)
        write_decision(subject, uid, url, decision);
    return written;
}

void
audit_decision_suppressed(const Subject *subject, uid_t uid, const DecisionMeters *meters, const Url *url,
                          const Decision *decision)
{
    meters->allowances->suppressed--;
    write_decision(subject, uid, url, decision);
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
