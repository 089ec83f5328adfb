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

void
audit_decision(const Subject *subject, uid_t uid, const Url *url, const Decision *decision)
{
    g_autofree char *who = subject_to_string(subject);
    g_autofree char *uid_text = g_strdup_printf("%u", uid);
    g_autofree char *port = g_strdup_printf("%u", url ? url->port : 0);
    g_autofree char *code = g_strdup_printf("%u", decision->code);
    const char *host = url ? url->host : "";

    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", MESSAGE_DECISION, "WSBROKER_SUBJECT",
                     who, "WSBROKER_UID", uid_text, "WSBROKER_HOST", host, "WSBROKER_PORT", port,
                     "WSBROKER_CODE", code, "WSBROKER_RULE", decision->rule ? decision->rule : "", "MESSAGE",
                     "%s %s:%s for %s (uid %s): %s", decision->allowed ? "allowed" : "refused", host, port,
                     who, uid_text, decision->explanation);
}

void
audit_policy_loaded(guint generation)
{
    g_autofree char *text = g_strdup_printf("%u", generation);

    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", MESSAGE_POLICY, "WSBROKER_GENERATION",
                     text, "MESSAGE", "policy %s is in force", text);
}
