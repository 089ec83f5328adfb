/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Connect, Send and Close: the order of checks that the interface promises (401, 201, 2302998, 2302002, 2302003,
 * 2302001, 2302100; for Send and Close 401, 201, 2302006) is the order of the lines here.
 */

#include "broker-private.h"

#include "audit.h"
#include "authority.h"
#include "coded-error.h"
#include "utf8.h"

#include <string.h>

/* Whole seconds, at least one where there are any: libsoup's pings know no fractions. */
static guint
to_seconds(gint64 microseconds)
{
    return (guint)((microseconds + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}

static void
fill_limits(const BrokerConfig *config, const Caller *caller, const ConnectOptions *options,
            UpstreamLimits *limits)
{
    limits->max_message_size = caller->limits.max_message_size;
    limits->max_backlog = caller->limits.max_buffered_bytes + 2 * caller->limits.max_message_size;
    limits->close_timeout = config->close_timeout;
    limits->ping_interval =
        options->ping_interval >= 0 ? (guint)options->ping_interval : to_seconds(config->ping_interval);
    limits->pong_timeout =
        options->pong_timeout >= 0 ? (guint)options->pong_timeout : to_seconds(config->pong_timeout);
}

/* A user in the URL goes out as Authorization; the application may not set another beside it. */
static gboolean
check_authorization(const char *url, const ConnectOptions *options, GError **error)
{
    g_autoptr(Url) parsed = NULL;
    guint count = 0;

    if (options->headers)
        (void)header_list_find(options->headers, "Authorization", &count);
    if (count == 0)
        return TRUE;
    parsed = url_parse(url, G_MAXSIZE, NULL);
    if (!parsed || !parsed->user)
        return TRUE;
    return coded_error_set(error, WSB_CODE_PARAMETER,
                           "option header: Authorization beside a user in the URL");
}

static Application *
application_of(Broker *broker, const Caller *caller)
{
    return application_table_get(broker->setup.network->applications, policy_access_section(caller->access),
                                 caller->uid);
}

gboolean
broker_needs_certificates(Broker *broker, const Caller *caller, const char *url,
                          const ConnectOptions *options)
{
    g_auto(Decision) decision = { 0 };

    if (!options->tls.ca && !options->tls.has_client)
        return FALSE;
    authority_explain(caller->access, url, broker->setup.config->max_url_length, &decision);
    return decision.allowed ||
           (decision.code != WSB_CODE_PERMISSION_DENIED && decision.code != WSB_CODE_DOMAIN_NOT_ALLOWED);
}

gint64
broker_get_certificates_delay(Broker *broker, const Caller *caller)
{
    return certificate_reader_get_delay(broker->certificates, policy_access_section(caller->access),
                                        caller->uid);
}

CertificateReading *
broker_read_certificates(Broker *broker, const Caller *caller, ConnectOptions *options,
                         CertificatesRead callback, gpointer user_data)
{
    return certificate_reader_start(broker->certificates, policy_access_section(caller->access), caller->uid,
                                    options, callback, user_data);
}

/* Connect, on its way through the checks. */
typedef struct Attempt {
    Broker *broker;
    const Caller *caller;
    WebSocket *websocket;
    const char *url;
    ConnectOptions *options;
    TlsReading *read; /* may be NULL */
    ConnectionRequest request;
    gboolean written; /* that it is allowed */
} Attempt;

/* Policy is asked of every URL that has an authority, whatever else is wrong with it. Fills the request's route. */
static gboolean
check_domain_and_route(Attempt *attempt, GError **error)
{
    const Caller *caller = attempt->caller;
    Route *route = &attempt->request.route;
    g_autoptr(Url) authority = NULL;

    if (!url_parse_authority(attempt->url, &authority))
        return TRUE;
    route_choose(attempt->broker->setup.system_proxy, &attempt->options->proxy, authority, route);
    return authority_check_domain(caller, authority, route, &attempt->written, error) &&
           authority_check_route(caller, authority, route, error);
}

static gboolean
take_credentials(Attempt *attempt, GError **error)
{
    TrustCache *cache = attempt->broker->setup.network->trust_cache;
    TlsCredentials *credentials = &attempt->request.credentials;

    if (!attempt->read)
        return tls_credentials_load(&attempt->options->tls, cache, credentials, error);
    if (attempt->read->error) {
        g_propagate_error(error, g_steal_pointer(&attempt->read->error));
        return FALSE;
    }
    *credentials = attempt->read->credentials;
    attempt->read->credentials = (TlsCredentials){ 0 };
    return TRUE;
}

/* Counts the connection on the account of the caller's application. */
static gboolean
take_connection(Attempt *attempt, GError **error)
{
    const ApplicationLimits *limits = &attempt->caller->limits.application;
    g_autoptr(Application) application = application_of(attempt->broker, attempt->caller);

    if (!application_take_connection(application, limits, error))
        return FALSE;
    attempt->request.application = g_steal_pointer(&application);
    attempt->request.max_pending_handshakes = limits->max_pending_handshakes;
    return TRUE;
}

/* SkipCertificateCheck: the certificate of a test bench's server is not looked at, which is audited each time. */
static void
note_skipped_check(const Caller *caller, ConnectionRequest *request)
{
    const char *rule = NULL;

    if (!request->url->secure || !policy_access_skips_certificate_check(caller->access, &rule))
        return;
    request->credentials.accepts_any = TRUE;
    audit_certificate_check_skipped(caller->subject, caller->uid, request->url, rule);
}

/* Once all checks have let it pass. */
static gboolean
start_connection(Attempt *attempt, GError **error)
{
    const BrokerConfig *config = attempt->broker->setup.config;
    const Caller *caller = attempt->caller;
    ConnectionRequest *request = &attempt->request;
    g_autoptr(GError) cause = NULL;

    note_skipped_check(caller, request);
    if (!attempt->written)
        authority_write_domain(caller, request->url, &request->route);
    request->headers = g_steal_pointer(&attempt->options->headers);
    request->protocols = g_steal_pointer(&attempt->options->protocols);
    request->offer_deflate = config->permessage_deflate;
    request->connect_timeout = config->connect_timeout;
    request->max_buffered_bytes = caller->limits.max_buffered_bytes;
    fill_limits(config, caller, attempt->options, &request->limits);
    if (!websocket_connect(attempt->websocket, request, &cause))
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED, "%s", cause->message);
    return TRUE;
}

/* What is left of Connect once policy has allowed it. */
static gboolean
check_and_start(Attempt *attempt, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!take_credentials(attempt, error))
        return FALSE;
    if (websocket_is_busy(attempt->websocket))
        return coded_error_set(error, WSB_CODE_CONNECTION_EXISTS, "The WebSocket has a connection already");
    attempt->request.url = url_parse(attempt->url, attempt->broker->setup.config->max_url_length, &cause);
    if (!attempt->request.url)
        return coded_error_set(error, WSB_CODE_URL, "%s", cause->message);
    if (attempt->broker->shutting_down)
        return coded_error_set(error, WSB_CODE_UNKNOWN, "The service is stopping");
    return take_connection(attempt, error) && start_connection(attempt, error);
}

gboolean
broker_connect(Broker *broker, const Caller *caller, WebSocket *websocket, const char *url,
               ConnectOptions *options, TlsReading *read, GError **error)
{
    Attempt attempt = { broker, caller, websocket, url, options, read, .request = { 0 } };
    gboolean started = check_authorization(url, options, error) &&
                       authority_check_owner(caller, websocket, error) &&
                       authority_check_permission(caller, error) && check_domain_and_route(&attempt, error) &&
                       check_and_start(&attempt, error);

    connection_request_clear(&attempt.request);
    return started;
}

static gboolean
check_open(const WebSocket *websocket, GError **error)
{
    if (websocket_get_info(websocket)->state == WEBSOCKET_OPEN)
        return TRUE;
    return coded_error_set(error, WSB_CODE_NOT_CONNECTED, "The WebSocket is not connected");
}

static gboolean
has_room(const WebSocket *websocket)
{
    const Caller *owner = websocket_get_owner(websocket);

    return websocket_get_buffered(websocket) <= owner->limits.max_buffered_bytes;
}

gboolean
broker_send(const Caller *caller, WebSocket *websocket, gboolean text, GBytes *data, gboolean *ret_waits,
            GError **error)
{
    gsize length = 0;
    const guint8 *bytes = g_bytes_get_data(data, &length);

    if (length > caller->limits.max_message_size)
        return coded_error_set(error, WSB_CODE_PARAMETER, "The message is larger than MaxMessageSize");
    if (websocket_has_stream(websocket))
        return coded_error_set(error, WSB_CODE_PARAMETER, "Messages travel over the stream");
    if (text && !utf8_valid(bytes, length))
        return coded_error_set(error, WSB_CODE_PARAMETER, "The text is not UTF-8");
    if (!authority_check_owner(caller, websocket, error) || !authority_check_permission(caller, error) ||
        !check_open(websocket, error))
        return FALSE;
    if (websocket_get_info(websocket)->send_waits)
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED, "A message already waits for room");
    websocket_send(websocket, text, data);
    *ret_waits = !has_room(websocket);
    websocket_set_send_waits(websocket, *ret_waits);
    return TRUE;
}

gboolean
broker_take_room(WebSocket *websocket)
{
    if (!websocket_get_info(websocket)->send_waits || !has_room(websocket))
        return FALSE;
    websocket_set_send_waits(websocket, FALSE);
    return TRUE;
}

gboolean
broker_open_stream(const Caller *caller, WebSocket *websocket, int *ret_fd, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (websocket_has_stream(websocket))
        return coded_error_set(error, WSB_CODE_PARAMETER, "The WebSocket has a stream already");
    if (!authority_check_owner(caller, websocket, error) || !authority_check_permission(caller, error))
        return FALSE;
    if (websocket_get_info(websocket)->state == WEBSOCKET_CLOSING)
        return coded_error_set(error, WSB_CODE_NOT_CONNECTED, "The WebSocket is closing");
    if (!websocket_open_stream(websocket, ret_fd, &cause))
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED, "%s", cause->message);
    return TRUE;
}

/* RFC 6455 section 7.4: what an endpoint that is a client may send. */
static gboolean
close_code_is_sendable(guint16 code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || (code >= 3000 && code <= 4999);
}

/* The owner with its permission; an administrator without. */
static gboolean
check_may_close(const Caller *caller, const WebSocket *websocket, GError **error)
{
    if (websocket_get_owner(websocket) == caller)
        return authority_check_permission(caller, error);
    return caller_is_administrator(caller) || authority_check_owner(caller, websocket, error);
}

gboolean
broker_close(const Caller *caller, WebSocket *websocket, guint16 code, const char *reason, GError **error)
{
    WebSocketState state = websocket_get_info(websocket)->state;

    if (!close_code_is_sendable(code))
        return coded_error_set(error, WSB_CODE_PARAMETER, "The close code %u may not be sent", code);
    if (strlen(reason) > WSB_CLOSE_REASON_MAX)
        return coded_error_set(error, WSB_CODE_PARAMETER, "The reason has more than %d bytes",
                               WSB_CLOSE_REASON_MAX);
    if (!check_may_close(caller, websocket, error))
        return FALSE;
    if (state != WEBSOCKET_CONNECTING && !check_open(websocket, error))
        return FALSE;
    websocket_close(websocket, code, reason);
    return TRUE;
}
