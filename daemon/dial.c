/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From a URL to a transport: one lookup, every address vetted, a connection to a vetted one, a proxy's tunnel where
 * there is a proxy, TLS. Each step is asynchronous and runs in the lane; a failure says at which stage it came. What
 * an address was vetted for is what is dialled: see vetted-addresses.c.
 */

#include "dial.h"

#include "read-ahead.h"
#include "tunnel.h"
#include "vetted-addresses.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

typedef struct Dial {
    DialTarget target;
    GTlsCertificateFlags certificate_faults;
    gboolean self_signed; /* the certificate at fault */
    DialResult result;
    Failure *failure;
} Dial;

static void
dial_free(Dial *dial)
{
    dial_result_clear(&dial->result);
    g_clear_pointer(&dial->failure, failure_free);
    g_free(dial);
}

void
dial_result_clear(DialResult *result)
{
    g_clear_object(&result->transport);
    g_clear_object(&result->socket);
    g_clear_pointer(&result->remote_address, g_free);
}

static void
return_failure(GTask *task, Failure *failure)
{
    Dial *dial = g_task_get_task_data(task);

    dial->failure = failure;
    g_task_return_boolean(task, FALSE);
}

static void
return_stage(GTask *task, Stage stage, const char *message)
{
    return_failure(task, failure_new(stage, /* code= */ 0, message));
}

static gboolean
through_proxy(const Dial *dial)
{
    return dial->target.route->kind != ROUTE_DIRECT;
}

/* TLS. */

/* What is wrong with a certificate, most telling first. */
static const struct {
    GTlsCertificateFlags flag;
    const char *text;
} certificate_faults[] = {
    { G_TLS_CERTIFICATE_BAD_IDENTITY, "it is for another name" },
    { G_TLS_CERTIFICATE_EXPIRED, "it has expired" },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet" },
    { G_TLS_CERTIFICATE_REVOKED, "it was revoked" },
    { G_TLS_CERTIFICATE_INSECURE, "its algorithm is insecure" },
    { G_TLS_CERTIFICATE_UNKNOWN_CA, "its authority is unknown" },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, "it could not be verified" },
};

static char *
describe_certificate_faults(const Dial *dial)
{
    g_autoptr(GString) text = g_string_new("The server's certificate is not accepted: ");
    GTlsCertificateFlags faults = dial->certificate_faults;
    const char *separator = "";

    if ((faults & G_TLS_CERTIFICATE_UNKNOWN_CA) && dial->self_signed) {
        g_string_append(text, "it is self-signed");
        separator = ", ";
        faults &= ~(guint)G_TLS_CERTIFICATE_UNKNOWN_CA;
    }

    for (gsize i = 0; i < G_N_ELEMENTS(certificate_faults); i++) {
        if (faults & certificate_faults[i].flag) {
            g_string_append_printf(text, "%s%s", separator, certificate_faults[i].text);
            separator = ", ";
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean
on_accept_certificate(GTlsConnection *connection, GTlsCertificate *certificate, GTlsCertificateFlags faults,
                      gpointer user_data)
{
    Dial *dial = user_data;
    g_autofree char *subject = g_tls_certificate_get_subject_name(certificate);
    g_autofree char *issuer = g_tls_certificate_get_issuer_name(certificate);

    (void)connection;
    dial->certificate_faults = faults;
    dial->self_signed = g_strcmp0(subject, issuer) == 0;
    return dial->target.credentials->accepts_any;
}

/* glib-networking cannot be told a least version, so it is looked at before anything is sent under it. */
static gboolean
version_is_accepted(const Dial *dial, GTlsConnection *tls)
{
    GTlsProtocolVersion least = dial->target.credentials->only_tls_1_3 ? G_TLS_PROTOCOL_VERSION_TLS_1_3
                                                                       : G_TLS_PROTOCOL_VERSION_TLS_1_2;

    return g_tls_connection_get_protocol_version(tls) >= least;
}

static void
on_tls_handshake(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    Dial *dial = g_task_get_task_data(task);
    gboolean shaken = g_tls_connection_handshake_finish(G_TLS_CONNECTION(source), result, &error);

    g_signal_handlers_disconnect_by_data(source, dial);
    if (shaken && version_is_accepted(dial, G_TLS_CONNECTION(source))) {
        g_task_return_boolean(task, TRUE);
    } else if (shaken) {
        return_stage(task, STAGE_TLS, "The server's TLS version is below the least that is accepted");
    } else if (dial->certificate_faults && !dial->target.credentials->accepts_any) {
        g_autofree char *text = describe_certificate_faults(dial);

        return_stage(task, STAGE_TLS, text);
    } else {
        return_stage(task, STAGE_TLS, error->message);
    }
}

/* `database` is given at construction: set later, the system's certificates would have been loaded already. */
static GTlsConnection *
tls_new(Dial *dial, GError **error)
{
    static const char *const http[] = { "http/1.1", NULL };
    const TlsCredentials *credentials = dial->target.credentials;
    g_autoptr(GSocketConnectable) identity =
        g_network_address_new(dial->target.url->host, dial->target.url->port);
    GTlsDatabase *trust = credentials->trust ? credentials->trust : dial->target.system_trust;
    g_autoptr(GIOStream) base = read_ahead_new(dial->result.transport, dial->result.socket);
    GTlsConnection *tls =
        g_initable_new(g_tls_backend_get_client_connection_type(g_tls_backend_get_default()),
                       /* cancellable= */ NULL, error, "base-io-stream", base, "server-identity", identity,
                       "database", trust, NULL);

    if (tls)
        g_tls_connection_set_advertised_protocols(tls, http);
    if (tls && credentials->certificate)
        g_tls_connection_set_certificate(tls, credentials->certificate);
    return tls;
}

static void
start_tls(GTask *task)
{
    Dial *dial = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;
    GTlsConnection *tls;

    if (!dial->target.url->secure) {
        g_task_return_boolean(task, TRUE);
        return;
    }
    tls = tls_new(dial, &error);
    if (!tls) {
        return_stage(task, STAGE_TLS, error->message);
        return;
    }
    g_object_unref(dial->result.transport);
    dial->result.transport = G_IO_STREAM(tls);
    g_signal_connect(tls, "accept-certificate", G_CALLBACK(on_accept_certificate), dial);
    g_tls_connection_handshake_async(tls, G_PRIORITY_DEFAULT, g_task_get_cancellable(task), on_tls_handshake,
                                     g_object_ref(task));
}

/* Connecting. */

static void
on_tunnel(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    Dial *dial = g_task_get_task_data(task);
    Failure *failure = NULL;
    GIOStream *stream = tunnel_finish(result, &failure);

    (void)source;
    if (!stream) {
        return_failure(task, failure);
        return;
    }
    g_object_unref(dial->result.transport);
    dial->result.transport = stream;
    start_tls(task);
}

static char *
describe_remote_address(GSocketConnection *connection)
{
    g_autoptr(GSocketAddress) address = g_socket_connection_get_remote_address(connection, NULL);

    if (!address)
        return g_strdup("");
    return g_socket_connectable_to_string(G_SOCKET_CONNECTABLE(address));
}

static void
on_connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    Dial *dial = g_task_get_task_data(task);
    const Url *url = dial->target.url;
    GSocketConnection *connection = g_socket_client_connect_finish(G_SOCKET_CLIENT(source), result, &error);

    if (!connection) {
        return_stage(task, through_proxy(dial) ? STAGE_PROXY : STAGE_CONNECT, error->message);
        return;
    }
    dial->result.transport = G_IO_STREAM(connection);
    dial->result.socket = g_object_ref(g_socket_connection_get_socket(connection));
    dial->result.remote_address = describe_remote_address(connection);
    /* Frames are gathered by the flow; Nagle's algorithm would only hold the last one back. */
    (void)g_socket_set_option(dial->result.socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
    if (through_proxy(dial))
        tunnel_async(dial->result.transport, dial->target.route, url->host, url->port,
                     g_task_get_cancellable(task), on_tunnel, g_object_ref(task));
    else
        start_tls(task);
}

/* Vetting. */

/* An administrator's proxy needs no vetting. */
static gboolean
is_vetted(const Dial *dial, GInetAddress *address, char **ret_reason)
{
    if (through_proxy(dial) && !dial->target.route->chosen_by_application)
        return TRUE;
    return dial->target.vet(address, through_proxy(dial), dial->target.vet_data, ret_reason);
}

/* Those of ADDRESSES that may be dialled; NULL and *ret_reason when there is none. */
static GPtrArray *
vet_addresses(const Dial *dial, GPtrArray *addresses, char **ret_reason)
{
    g_autoptr(GPtrArray) vetted = g_ptr_array_new_with_free_func(g_object_unref);
    g_autofree char *first_reason = NULL;

    for (guint i = 0; i < addresses->len; i++) {
        GInetAddress *address = g_ptr_array_index(addresses, i);
        g_autofree char *reason = NULL;

        if (is_vetted(dial, address, &reason))
            g_ptr_array_add(vetted, g_object_ref(address));
        else if (!first_reason)
            first_reason = g_steal_pointer(&reason);
    }
    if (vetted->len == 0) {
        *ret_reason = g_steal_pointer(&first_reason);
        return NULL;
    }
    return g_steal_pointer(&vetted);
}

/* Whether the URL's host is an address that may not be reached, by whichever way. */
static gboolean
literal_is_refused(const Dial *dial, char **ret_reason)
{
    g_autoptr(GInetAddress) literal = g_inet_address_new_from_string(dial->target.url->host);

    return literal && !dial->target.vet(literal, /* proxy= */ FALSE, dial->target.vet_data, ret_reason);
}

static void
on_resolved(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    Dial *dial = g_task_get_task_data(task);
    g_autoptr(GPtrArray) addresses = resolver_lookup_finish(result, &error);
    g_autoptr(GPtrArray) vetted = NULL;
    g_autoptr(GSocketClient) client = NULL;
    g_autoptr(GSocketConnectable) target = NULL;
    g_autofree char *reason = NULL;

    (void)source;
    if (!addresses) {
        return_stage(task, through_proxy(dial) ? STAGE_PROXY : STAGE_RESOLVE, error->message);
        return;
    }
    if (!through_proxy(dial) || !literal_is_refused(dial, &reason))
        vetted = vet_addresses(dial, addresses, &reason);
    if (!vetted) {
        return_stage(task, STAGE_POLICY, reason);
        return;
    }
    client = g_socket_client_new();
    g_socket_client_set_enable_proxy(client, FALSE);
    target =
        vetted_addresses_new(vetted, through_proxy(dial) ? dial->target.route->port : dial->target.url->port);
    g_socket_client_connect_async(client, target, g_task_get_cancellable(task), on_connected,
                                  g_object_ref(task));
}

void
dial_async(Resolver *resolver, const DialTarget *target, GCancellable *cancellable,
           GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Dial *dial = g_new0(Dial, 1);

    dial->target = *target;
    g_task_set_task_data(task, dial, (GDestroyNotify)dial_free);
    /* The caller knows best why it cancelled; its failure must not be replaced by a bare "cancelled". */
    g_task_set_check_cancellable(task, FALSE);
    resolver_lookup_async(resolver, target->application,
                          through_proxy(dial) ? target->route->host : target->url->host, cancellable,
                          on_resolved, g_object_ref(task));
}

gboolean
dial_finish(GAsyncResult *result, DialResult *ret_result, Failure **ret_failure)
{
    Dial *dial = g_task_get_task_data(G_TASK(result));

    if (!g_task_propagate_boolean(G_TASK(result), NULL)) {
        *ret_failure = g_steal_pointer(&dial->failure);
        return FALSE;
    }
    *ret_result = dial->result;
    dial->result = (DialResult){ 0 };
    return TRUE;
}
