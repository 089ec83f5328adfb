/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From a URL to a transport: one lookup, every address vetted, a connection to a vetted one, TLS. Each step is
 * asynchronous and runs in the lane; an error says at which stage it came. What an address was vetted for is what is
 * dialled: see vetted-addresses.c.
 */

#include "dial.h"

#include "failure.h"
#include "vetted-addresses.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

typedef struct Dial {
    char *host;
    guint16 port;
    gboolean secure;
    GTlsDatabase *trust;
    DialVet vet;
    gpointer vet_data;
    GTlsCertificateFlags certificate_faults;
    DialResult result;
} Dial;

static void
dial_free(Dial *dial)
{
    g_free(dial->host);
    g_clear_object(&dial->trust);
    dial_result_clear(&dial->result);
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
return_stage_error(GTask *task, Stage stage, const char *message)
{
    g_task_return_new_error(task, STAGE_ERROR, (int)stage, "%s", message);
}

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
    { G_TLS_CERTIFICATE_UNKNOWN_CA, "it is self-signed or its authority is unknown" },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, "it could not be verified" },
};

static char *
describe_certificate_faults(GTlsCertificateFlags faults)
{
    g_autoptr(GString) text = g_string_new("The server's certificate is not accepted: ");
    const char *separator = "";

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

    (void)connection;
    (void)certificate;
    dial->certificate_faults = faults;
    return FALSE;
}

static void
on_tls_handshake(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    Dial *dial = g_task_get_task_data(task);

    g_signal_handlers_disconnect_by_data(source, dial);
    if (g_tls_connection_handshake_finish(G_TLS_CONNECTION(source), result, &error)) {
        g_task_return_boolean(task, TRUE);
    } else if (dial->certificate_faults) {
        g_autofree char *text = describe_certificate_faults(dial->certificate_faults);

        return_stage_error(task, STAGE_TLS, text);
    } else {
        return_stage_error(task, STAGE_TLS, error->message);
    }
}

/* `database` is given at construction: set later, the system's certificates would have been loaded already. */
static GTlsConnection *
tls_new(Dial *dial, GIOStream *base, GError **error)
{
    static const char *const http[] = { "http/1.1", NULL };
    g_autoptr(GSocketConnectable) identity = g_network_address_new(dial->host, dial->port);
    GTlsConnection *tls =
        g_initable_new(g_tls_backend_get_client_connection_type(g_tls_backend_get_default()),
                       /* cancellable= */ NULL, error, "base-io-stream", base, "server-identity", identity,
                       "database", dial->trust, NULL);

    if (tls)
        g_tls_connection_set_advertised_protocols(tls, http);
    return tls;
}

static void
start_tls(GTask *task)
{
    Dial *dial = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;
    GTlsConnection *tls = tls_new(dial, dial->result.transport, &error);

    if (!tls) {
        return_stage_error(task, STAGE_TLS, error->message);
        return;
    }
    g_object_unref(dial->result.transport);
    dial->result.transport = G_IO_STREAM(tls);
    g_signal_connect(tls, "accept-certificate", G_CALLBACK(on_accept_certificate), dial);
    g_tls_connection_handshake_async(tls, G_PRIORITY_DEFAULT, g_task_get_cancellable(task), on_tls_handshake,
                                     g_object_ref(task));
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
    GSocketConnection *connection = g_socket_client_connect_finish(G_SOCKET_CLIENT(source), result, &error);

    if (!connection) {
        return_stage_error(task, STAGE_CONNECT, error->message);
        return;
    }
    dial->result.transport = G_IO_STREAM(connection);
    dial->result.socket = g_object_ref(g_socket_connection_get_socket(connection));
    dial->result.remote_address = describe_remote_address(connection);
    /* Frames are gathered by the flow; Nagle's algorithm would only hold the last one back. */
    (void)g_socket_set_option(dial->result.socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
    if (dial->secure)
        start_tls(task);
    else
        g_task_return_boolean(task, TRUE);
}

/* Those of ADDRESSES that may be dialled; NULL and *ret_reason when there is none. */
static GPtrArray *
vet_addresses(Dial *dial, GPtrArray *addresses, char **ret_reason)
{
    g_autoptr(GPtrArray) vetted = g_ptr_array_new_with_free_func(g_object_unref);
    g_autofree char *first_reason = NULL;

    for (guint i = 0; i < addresses->len; i++) {
        GInetAddress *address = g_ptr_array_index(addresses, i);
        g_autofree char *reason = NULL;

        if (dial->vet(address, dial->vet_data, &reason))
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
        return_stage_error(task, STAGE_RESOLVE, error->message);
        return;
    }
    vetted = vet_addresses(dial, addresses, &reason);
    if (!vetted) {
        return_stage_error(task, STAGE_POLICY, reason);
        return;
    }
    client = g_socket_client_new();
    g_socket_client_set_enable_proxy(client, FALSE);
    target = vetted_addresses_new(vetted, dial->port);
    g_socket_client_connect_async(client, target, g_task_get_cancellable(task), on_connected,
                                  g_object_ref(task));
}

void
dial_async(Resolver *resolver, const DialTarget *target, GCancellable *cancellable,
           GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Dial *dial = g_new0(Dial, 1);

    dial->host = g_strdup(target->url->host);
    dial->port = target->url->port;
    dial->secure = target->url->secure;
    dial->trust = target->trust ? g_object_ref(target->trust) : NULL;
    dial->vet = target->vet;
    dial->vet_data = target->vet_data;
    g_task_set_task_data(task, dial, (GDestroyNotify)dial_free);
    /* The caller knows best why it cancelled; its error must not be replaced by a bare "cancelled". */
    g_task_set_check_cancellable(task, FALSE);
    resolver_lookup_async(resolver, dial->host, cancellable, on_resolved, g_object_ref(task));
}

gboolean
dial_finish(GAsyncResult *result, DialResult *ret_result, GError **error)
{
    Dial *dial = g_task_get_task_data(G_TASK(result));

    if (!g_task_propagate_boolean(G_TASK(result), error))
        return FALSE;
    *ret_result = dial->result;
    dial->result = (DialResult){ 0 };
    return TRUE;
}
