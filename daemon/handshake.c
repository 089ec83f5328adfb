/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The opening handshake. soup_session_websocket_connect_async() would follow redirects to any host, answer
 * authentication and resolve names again, so only its pieces are used: libsoup prepares the request and parses the
 * response's head; sending, the bounds and the checks of RFC 6455 section 4.1 are here. (libsoup's own checks want a
 * SoupMessage whose status it has set, which has no public way.) Nothing of the answer is believed before all of it
 * has been checked, and a redirect or a challenge is an answer like any other: not 101.
 */

#include "handshake.h"

#include "wsbroker-protocol.h"

#include <libsoup/soup.h>
#include <string.h>

#include "response-body.h"

enum {
    READ_SIZE = 4 * 1024,
    HEAD_MAX = 64 * 1024,
    BODY_MAX = 1024,
    BODY_TIMEOUT_SECONDS = 2 /* a server that promises a body and sends none must not hold up its refusal */
};

#define WEBSOCKET_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 section 1.3 */

typedef struct Handshake {
    GIOStream *transport;
    char *request;
    char *accept; /* Sec-WebSocket-Accept that the server must answer with */
    char **protocols;
    GByteArray *head;
    guint8 chunk[READ_SIZE];

    guint status;
    HandshakeResult result;
    Failure *failure;
    ResponseBody body;
    GSource *body_timeout;
    GCancellable *body_cancellable;
} Handshake;

void
handshake_result_clear(HandshakeResult *result)
{
    g_clear_pointer(&result->headers, header_list_free);
    g_clear_pointer(&result->protocol, g_free);
    g_clear_pointer(&result->leftover, g_bytes_unref);
}

static void
clear_body_timeout(Handshake *self)
{
    if (self->body_timeout)
        g_source_destroy(self->body_timeout);
    g_clear_pointer(&self->body_timeout, g_source_unref);
}

static void
handshake_free(Handshake *self)
{
    clear_body_timeout(self);
    g_clear_object(&self->body_cancellable);
    g_clear_object(&self->transport);
    /* It may carry a password. */
    explicit_bzero(self->request, strlen(self->request));
    g_free(self->request);
    g_free(self->accept);
    g_strfreev(self->protocols);
    g_byte_array_unref(self->head);
    handshake_result_clear(&self->result);
    g_clear_pointer(&self->failure, failure_free);
    response_body_clear(&self->body);
    g_free(self);
}

/* Writing the request. */

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
append_basic_authorization(GString *request, const Url *url)
{
    g_autofree char *pair = g_strconcat(url->user, ":", url->password ? url->password : "", NULL);
    g_autofree char *encoded = g_base64_encode((const guint8 *)pair, strlen(pair));

    g_string_append_printf(request, "Authorization: Basic %s\r\n", encoded);
    explicit_bzero(pair, strlen(pair));
    explicit_bzero(encoded, strlen(encoded));
}

static void
append_soup_header(const char *name, const char *value, gpointer request)
{
    g_string_append_printf(request, "%s: %s\r\n", name, value);
}

static void
handshake_compose(Handshake *self, const Url *url, const HeaderList *headers)
{
    /* The message is only libsoup's vessel for the handshake's own fields; what it is addressed to is not used. */
    g_autoptr(SoupMessage) message = soup_message_new(SOUP_METHOD_GET, "http://localhost/");
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
        append_basic_authorization(request, url);
    for (guint i = 0; headers && i < header_list_length(headers); i++) {
        const Header *header = header_list_get(headers, i);
        g_string_append_printf(request, "%s: %s\r\n", header->name, header->value);
    }
    g_string_append(request, "\r\n");
    self->request = g_string_free(request, FALSE);
}

/* Checking the answer. */

static void
fail(Handshake *self, const char *message)
{
    if (!self->failure)
        self->failure = failure_new(STAGE_HANDSHAKE, /* code= */ 0, message);
}

static gboolean
was_offered(Handshake *self, const char *protocol)
{
    return self->protocols && g_strv_contains((const char *const *)self->protocols, protocol);
}

static void
check_protocol(Handshake *self)
{
    guint count = 0;
    const char *protocol = header_list_find(self->result.headers, "Sec-WebSocket-Protocol", &count);

    if (count > 1)
        fail(self, "The server chose more than one subprotocol");
    else if (count == 1 && !was_offered(self, protocol))
        fail(self, "The server chose a subprotocol that was not offered");
    self->result.protocol = g_strdup(protocol ? protocol : "");
}

/* The numbered demands of RFC 6455 section 4.1 on the server's response. */
static void
check_switching_protocols(Handshake *self)
{
    HeaderList *headers = self->result.headers;
    const char *accept = header_list_find(headers, "Sec-WebSocket-Accept", NULL);
    guint extensions = 0;

    if (!header_list_has_token(headers, "Upgrade", "websocket"))
        fail(self, "The server's answer has no field Upgrade: websocket");
    if (!header_list_has_token(headers, "Connection", "Upgrade"))
        fail(self, "The server's answer has no field Connection: Upgrade");
    if (!accept || strcmp(accept, self->accept) != 0)
        fail(self, "The server's answer has a wrong Sec-WebSocket-Accept");
    (void)header_list_find(headers, "Sec-WebSocket-Extensions", &extensions);
    if (extensions > 0)
        fail(self, "The server chose an extension that was not offered");
    check_protocol(self);
}

static HeaderList *
header_list_from_soup(SoupMessageHeaders *soup_headers)
{
    HeaderList *list = header_list_new();
    SoupMessageHeadersIter iter;
    const char *name, *value;

    soup_message_headers_iter_init(&iter, soup_headers);
    while (soup_message_headers_iter_next(&iter, &name, &value))
        header_list_append(list, name, value);
    return list;
}

/* HEAD without its blank line. FALSE when it is no HTTP/1.1 response. */
static gboolean
parse_head(Handshake *self, gsize length)
{
    g_autoptr(SoupMessageHeaders) headers = soup_message_headers_new(SOUP_MESSAGE_HEADERS_RESPONSE);
    SoupHTTPVersion version = SOUP_HTTP_1_0;

    if (!soup_headers_parse_response((const char *)self->head->data, (int)length, headers, &version,
                                     &self->status,
                                     /* reason_phrase= */ NULL)) {
        fail(self, "The server's answer is no HTTP response");
        return FALSE;
    }
    g_clear_pointer(&self->result.headers, header_list_free);
    self->result.headers = header_list_from_soup(headers);
    if (version != SOUP_HTTP_1_1) {
        fail(self, "The server's answer is not HTTP/1.1");
        return FALSE;
    }
    return TRUE;
}

/* Reading the answer. */

static void read_head(GTask *task);
static void read_body(GTask *task);

static void
return_failure(GTask *task)
{
    Handshake *self = g_task_get_task_data(task);

    clear_body_timeout(self);
    g_task_return_boolean(task, FALSE);
}

static void
return_refusal(GTask *task)
{
    Handshake *self = g_task_get_task_data(task);
    g_autofree char *text = g_strdup_printf("The server answered %u instead of 101", self->status);

    fail(self, text);
    self->failure->http_status = self->status;
    self->failure->headers = g_steal_pointer(&self->result.headers);
    self->failure->body = g_byte_array_free_to_bytes(g_steal_pointer(&self->body.bytes));
    return_failure(task);
}

static void
on_body_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    Handshake *self = g_task_get_task_data(task);
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);

    if (n <= 0) {
        return_refusal(task);
        return;
    }
    response_body_feed(&self->body, self->chunk, (gsize)n);
    read_body(task);
}

static void
read_body(GTask *task)
{
    Handshake *self = g_task_get_task_data(task);

    if (self->body.complete) {
        return_refusal(task);
        return;
    }
    g_input_stream_read_async(g_io_stream_get_input_stream(self->transport), self->chunk, sizeof(self->chunk),
                              G_PRIORITY_DEFAULT, self->body_cancellable, on_body_read, g_object_ref(task));
}

static gboolean
on_body_timeout(gpointer user_data)
{
    Handshake *self = user_data;

    g_cancellable_cancel(self->body_cancellable);
    return G_SOURCE_REMOVE;
}

static void
cancel_body(GCancellable *cancellable, gpointer body_cancellable)
{
    (void)cancellable;
    g_cancellable_cancel(body_cancellable);
}

static void
begin_body(GTask *task, gsize head_length)
{
    Handshake *self = g_task_get_task_data(task);

    self->body_cancellable = g_cancellable_new();
    g_cancellable_connect(g_task_get_cancellable(task), G_CALLBACK(cancel_body),
                          g_object_ref(self->body_cancellable), g_object_unref);
    self->body_timeout = g_timeout_source_new_seconds(BODY_TIMEOUT_SECONDS);
    g_source_set_callback(self->body_timeout, on_body_timeout, self, NULL);
    g_source_attach(self->body_timeout, g_main_context_get_thread_default());

    response_body_init(&self->body, self->status, self->result.headers, BODY_MAX);
    response_body_feed(&self->body, self->head->data + head_length, self->head->len - head_length);
    read_body(task);
}

/* LENGTH bytes of `head` are the response's head with its blank line. */
static void
on_head(GTask *task, gsize length)
{
    Handshake *self = g_task_get_task_data(task);

    if (!parse_head(self, length - 2)) {
        return_failure(task);
    } else if (self->status == SOUP_STATUS_SWITCHING_PROTOCOLS) {
        check_switching_protocols(self);
        self->result.leftover = g_bytes_new(self->head->data + length, self->head->len - length);
        if (self->failure)
            return_failure(task);
        else
            g_task_return_boolean(task, TRUE);
    } else if (self->status < 200) {
        /* RFC 9110 section 15.2: an interim response; the final one follows. */
        g_byte_array_remove_range(self->head, 0, (guint)length);
        read_head(task);
    } else {
        begin_body(task, length);
    }
}

static void
on_head_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    Handshake *self = g_task_get_task_data(task);
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, &error);

    if (n <= 0) {
        fail(self, n == 0 ? "The server closed the connection before it answered" : error->message);
        return_failure(task);
        return;
    }
    g_byte_array_append(self->head, self->chunk, (guint)n);
    read_head(task);
}

static void
read_head(GTask *task)
{
    Handshake *self = g_task_get_task_data(task);
    const guint8 *end = memmem(self->head->data, self->head->len, "\r\n\r\n", 4);

    if (end) {
        on_head(task, (gsize)(end - self->head->data) + 4);
    } else if (self->head->len > HEAD_MAX) {
        fail(self, "The server's answer has more than 64 KiB of header");
        return_failure(task);
    } else {
        g_input_stream_read_async(g_io_stream_get_input_stream(self->transport), self->chunk,
                                  sizeof(self->chunk), G_PRIORITY_DEFAULT, g_task_get_cancellable(task),
                                  on_head_read, g_object_ref(task));
    }
}

static void
on_request_written(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    Handshake *self = g_task_get_task_data(task);

    if (!g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, &error)) {
        fail(self, error->message);
        return_failure(task);
        return;
    }
    read_head(task);
}

void
handshake_async(GIOStream *transport, const Url *url, const HeaderList *headers, const char *const *protocols,
                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Handshake *self = g_new0(Handshake, 1);

    self->transport = g_object_ref(transport);
    self->protocols = g_strdupv((char **)protocols);
    self->head = g_byte_array_sized_new(READ_SIZE);
    handshake_compose(self, url, headers);
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
