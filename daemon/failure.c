/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is told when a connection fails: one value from the place that knows, up through every layer. */

#include "failure.h"

#include "wsbroker-protocol.h"

G_DEFINE_QUARK(wsbroker_stage_error, stage_error)

static const char *const stage_names[] = {
    [STAGE_RESOLVE] = "resolve",     [STAGE_CONNECT] = "connect",
    [STAGE_PROXY] = "proxy",         [STAGE_TLS] = "tls",
    [STAGE_HANDSHAKE] = "handshake", [STAGE_PROTOCOL] = "protocol",
    [STAGE_TIMEOUT] = "timeout",     [STAGE_POLICY] = "policy",
    [STAGE_LIMIT] = "limit",         [STAGE_CANCELLED] = "cancelled",
};

const char *
stage_to_string(Stage stage)
{
    return stage_names[stage];
}

static guint32
code_of_stage(Stage stage)
{
    switch (stage) {
    case STAGE_POLICY:
        return WSB_CODE_DOMAIN_NOT_ALLOWED;
    case STAGE_LIMIT:
        return WSB_CODE_LIMIT_EXCEEDED;
    default:
        return WSB_CODE_CONNECTION_FAILED;
    }
}

Failure *
failure_new(Stage stage, guint32 code, const char *message)
{
    Failure *failure = g_new0(Failure, 1);

    failure->stage = stage;
    failure->code = code ? code : code_of_stage(stage);
    failure->message = g_strdup(message);
    return failure;
}

Failure *
failure_new_from_error(const GError *error, Stage fallback)
{
    Stage stage = error->domain == STAGE_ERROR ? (Stage)error->code : fallback;

    return failure_new(stage, /* code= */ 0, error->message);
}

Failure *
failure_new_from_response(Stage stage, const char *who, HttpResponse *response)
{
    g_autofree char *message = g_strdup_printf("%s answered with status %u", who, response->status);
    Failure *failure = failure_new(stage, /* code= */ 0, message);

    failure->http_status = response->status;
    failure->headers = g_steal_pointer(&response->headers);
    failure->body = g_steal_pointer(&response->body);
    return failure;
}

void
failure_free(Failure *failure)
{
    g_clear_pointer(&failure->headers, header_list_free);
    g_clear_pointer(&failure->body, g_bytes_unref);
    g_free(failure->message);
    g_free(failure);
}
