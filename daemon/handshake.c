/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The opening handshake. soup_session_websocket_connect_async() would follow redirects to any host, answer
 * authentication and resolve names again, so only its pieces are used: libsoup prepares the request and parses the
 * response; sending, the bounds and the checks of RFC 6455 section 4.1 are here. (libsoup's own checks want a
 * SoupMessage whose status it has set, which has no public way.) Nothing of the answer is believed before all of it
 * has been checked, and a redirect or a challenge is an answer like any other: not 101.
 */

#include "handshake.h"

#include "http-response.h"

#include <libsoup/soup.h>
#include <string.h>

#define WEBSOCKET_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 section 1.3 */

typedef struct Handshake {
    GIOStream *transport;
    char *request;
    char *accept; /* Sec-WebSocket-Accept that the server must answer with */
    char **protocols;
    gboolean offered_deflate;
    HandshakeResult result;
    Failure *failure;
} Handshake;

void
handshake_result_clear(HandshakeResult *result)
{
    g_clear_pointer(&result->headers, header_list_free);
    g_clear_pointer(&result->protocol, g_free);
    g_clear_pointer(&result->extensions, g_free);
    g_clear_pointer(&result->leftover, g_bytes_unref);
}

static void
handshake_free(Handshake *self)
{
    g_object_unref(self->transport);
    /* It may carry a password. */
    explicit_bzero(self->request, strlen(self->request));
    g_free(self->request);
    g_free(self->accept);
    g_strfreev(self->protocols);
    handshake_result_clear(&self->result);
    g_clear_pointer(&self->failure, failure_free);
    g_free(self);
}

/* The request. */

static char *
accept_for_key(const char *key)
{
    g_autofree char *text = g_strconcat(key, WEBSOCKET_GUID, NULL);
    guint8 digest[20];
    gsize length = sizeof(digest);
    g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);

    g_checksum_update(sha1, (const guint8 *)text, -1);
    g_checksum_get_digest(sha1, digest, &length);
    return g_base64_encode(digest, length);
}

static void
append_soup_header(const char *name, const char *value, gpointer request)
{
    g_string_append_printf(request, "%s: %s\r\n", name, value);
}

static void
handshake_compose(Handshake *self, const HandshakeRequest *wanted)
{
    /* The message is only libsoup's vessel for the handshake's own fields; what it is addressed to is not used. */
    g_autoptr(SoupMessage) message = soup_message_new(SOUP_METHOD_GET, "http://localhost/");
    const Url *url = wanted->url;
    g_autofree char *host = url_host_field(url);
    GString *request = g_string_sized_new(1024);
    SoupMessageHeaders *own;

    soup_websocket_client_prepare_handshake(message, /* origin= */ NULL, self->protocols,
                                            /* supported_extensions= */ NULL);
    own = soup_message_get_request_headers(message);
    self->accept = accept_for_key(soup_message_headers_get_one(own, "Sec-WebSocket-Key"));

    g_string_append_printf(request, "GET %s HTTP/1.1\r\nHost: %s\r\n", url->target, host);
    soup_message_headers_foreach(own, append_soup_header, request);
    if (url->user)
        header_append_basic(request, "Authorization", url->user, url->password);
    if (wanted->offer_deflate)
        g_string_append(request, "Sec-WebSocket-Extensions: " PERMESSAGE_DEFLATE_OFFER "\r\n");
    for (guint i = 0; wanted->headers && i < header_list_length(wanted->headers); i++) {
        const Header *header = header_list_get(wanted->headers, i);
        g_string_append_printf(request, "%s: %s\r\n", header->name, header->value);
    }
    g_string_append(request, "\r\n");
    self->request = g_string_free(request, FALSE);
}

/* The answer. */

static gboolean
is_switching_protocols(guint status)
{
    return status == SOUP_STATUS_SWITCHING_PROTOCOLS;
}

static void
return_failure(GTask *task, Failure *failure)
{
    Handshake *self = g_task_get_task_data(task);

    self->failure = failure;
    g_task_return_boolean(task, FALSE);
}

static gboolean
was_offered(Handshake *self, const char *protocol)
{
    return self->protocols && g_strv_contains((const char *const *)self->protocols, protocol);
}

/* Which of the extensions that were offered the server uses (RFC 6455 section 9.1). Returns what is wrong, or NULL. */
static const char *
take_extensions(Handshake *self, const HeaderList *headers)
{
    guint fields = 0;
    const char *extensions = header_list_find(headers, "Sec-WebSocket-Extensions", &fields);

    if (fields == 0)
        return NULL;
    if (!self->offered_deflate)
        return "The server chose an extension that was not offered";
    if (fields > 1)
        return "The server chose more than one extension";
    self->result.extensions = g_strdup(extensions);
    return permessage_deflate_accept(extensions, &self->result.deflate);
}

/* The numbered demands of RFC 6455 section 4.1 on the server's response. Returns what is wrong, or NULL. */
static const char *
check_answer(Handshake *self, const HeaderList *headers)
{
    const char *accept = header_list_find(headers, "Sec-WebSocket-Accept", NULL);
    guint protocols = 0;
    const char *protocol = header_list_find(headers, "Sec-WebSocket-Protocol", &protocols);
    const char *upgrade = header_list_find(headers, "Upgrade", NULL);

    if (!upgrade || g_ascii_strcasecmp(upgrade, "websocket") != 0)
        return "The server's answer has no field Upgrade: websocket";
    if (!header_list_has_token(headers, "Connection", "Upgrade"))
        return "The server's answer has no field Connection: Upgrade";
    if (!accept || strcmp(accept, self->accept) != 0)
        return "The server's answer has a wrong Sec-WebSocket-Accept";
    if (protocols > 1)
        return "The server chose more than one subprotocol";
    if (protocol && !was_offered(self, protocol))
        return "The server chose a subprotocol that was not offered";
    return take_extensions(self, headers);
}

static void
accept_answer(GTask *task, HttpResponse *response)
{
    Handshake *self = g_task_get_task_data(task);
    const char *fault =
        response->http_1_0 ? "The server's answer is not HTTP/1.1" : check_answer(self, response->headers);
    const char *protocol = header_list_find(response->headers, "Sec-WebSocket-Protocol", NULL);

    if (fault) {
        return_failure(task, failure_new(STAGE_HANDSHAKE, /* code= */ 0, fault));
        return;
    }
    self->result.protocol = g_strdup(protocol ? protocol : "");
    if (!self->result.extensions)
        self->result.extensions = g_strdup("");
    self->result.headers = g_steal_pointer(&response->headers);
    self->result.leftover = g_steal_pointer(&response->rest);
    g_task_return_boolean(task, TRUE);
}

/*
 * With TLS 1.3 a server refuses a client's certificate, or its lack, only after the handshake: by an alert, or by a
 * reset that overtakes it. So a server that had asked for one and is gone without a word has ended TLS.
 */
static Stage
stage_of_loss(Handshake *self, const GError *error)
{
    g_autolist(GByteArray) authorities = NULL;

    if (error->domain == G_TLS_ERROR)
        return STAGE_TLS;
    if (error->domain != G_IO_ERROR || !G_IS_TLS_CLIENT_CONNECTION(self->transport))
        return STAGE_HANDSHAKE;
    authorities = g_tls_client_connection_get_accepted_cas(G_TLS_CLIENT_CONNECTION(self->transport));
    return authorities ? STAGE_TLS : STAGE_HANDSHAKE;
}

static void
on_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = { 0 };
    Handshake *self = g_task_get_task_data(task);

    (void)source;
    if (!http_response_read_finish(result, &response, &error))
        return_failure(task, failure_new_from_error(error, stage_of_loss(self, error)));
    else if (is_switching_protocols(response.status))
        accept_answer(task, &response);
    else
        return_failure(task, failure_new_from_response(STAGE_HANDSHAKE, "The server", &response));
}

static void
on_request_written(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    Handshake *self = g_task_get_task_data(task);

    if (g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, &error))
        http_response_read_async(g_io_stream_get_input_stream(self->transport), is_switching_protocols,
                                 g_task_get_cancellable(task), on_answer, g_object_ref(task));
    else
        return_failure(task, failure_new_from_error(error, stage_of_loss(self, error)));
}

void
handshake_async(GIOStream *transport, const HandshakeRequest *request, GCancellable *cancellable,
                GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Handshake *self = g_new0(Handshake, 1);

    self->transport = g_object_ref(transport);
    self->protocols = g_strdupv((char **)request->protocols);
    self->offered_deflate = request->offer_deflate;
    handshake_compose(self, request);
    g_task_set_task_data(task, self, (GDestroyNotify)handshake_free);
    g_task_set_check_cancellable(task, FALSE);
    g_output_stream_write_all_async(g_io_stream_get_output_stream(transport), self->request,
                                    strlen(self->request), G_PRIORITY_DEFAULT, cancellable,
                                    on_request_written, g_object_ref(task));
}

gboolean
handshake_finish(GAsyncResult *result, HandshakeResult *ret_result, Failure **ret_failure)
{
    Handshake *self = g_task_get_task_data(G_TASK(result));

    if (!g_task_propagate_boolean(G_TASK(result), NULL)) {
        *ret_failure = g_steal_pointer(&self->failure);
        return FALSE;
    }
    *ret_result = self->result;
    self->result = (HandshakeResult){ 0 };
    return TRUE;
}
