/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reads the answer to an upgrade request or a CONNECT from a peer that may send anything or nothing: the head is
 * bounded, together with the interim answers before it, which a peer may send without end; and of a refusal only the
 * first KiB is read, for the application to see why. What follows an accepted head in the same packet is kept, as it
 * belongs to the protocol that comes next.
 */

#include "http-response.h"

#include "failure.h"
#include "response-body.h"
#include "utf8.h"

#include <libsoup/soup.h>
#include <string.h>

enum {
    READ_SIZE = 4 * 1024,
    HEAD_MAX = 64 * 1024,
    FIELDS_MAX = 512,
    BODY_MAX = 1024,
    BODY_TIMEOUT_SECONDS = 2 /* a peer that promises a body and sends none must not hold up its refusal */
};

typedef struct Reading {
    GInputStream *stream;
    gboolean (*accepted)(guint status);
    GByteArray *head;
    gsize interim; /* bytes of the answers (1xx) that came before it */
    guint8 chunk[READ_SIZE];
    HttpResponse response;
    ResponseBody body;
    GSource *body_timeout;
    GCancellable *body_cancellable;
} Reading;

void
http_response_clear(HttpResponse *response)
{
    g_clear_pointer(&response->headers, header_list_free);
    g_clear_pointer(&response->rest, g_bytes_unref);
    g_clear_pointer(&response->body, g_bytes_unref);
}

static void
clear_body_timeout(Reading *self)
{
    if (self->body_timeout)
        g_source_destroy(self->body_timeout);
    g_clear_pointer(&self->body_timeout, g_source_unref);
}

static void
reading_free(Reading *self)
{
    clear_body_timeout(self);
    g_clear_object(&self->body_cancellable);
    g_object_unref(self->stream);
    g_byte_array_unref(self->head);
    http_response_clear(&self->response);
    response_body_clear(&self->body);
    g_free(self);
}

/* The answer itself is at fault. */
static void
return_fault(GTask *task, const char *message)
{
    g_task_return_new_error(task, STAGE_ERROR, STAGE_HANDSHAKE, "%s", message);
}

/* A refusal's body. */

static void
return_refusal(GTask *task)
{
    Reading *self = g_task_get_task_data(task);

    clear_body_timeout(self);
    self->response.body = g_byte_array_free_to_bytes(g_steal_pointer(&self->body.bytes));
    g_task_return_boolean(task, TRUE);
}

static void read_body(GTask *task);

static void
on_body_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    Reading *self = g_task_get_task_data(task);
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
    Reading *self = g_task_get_task_data(task);

    if (self->body.complete)
        return_refusal(task);
    else
        g_input_stream_read_async(self->stream, self->chunk, sizeof(self->chunk), G_PRIORITY_DEFAULT,
                                  self->body_cancellable, on_body_read, g_object_ref(task));
}

static gboolean
on_body_timeout(gpointer user_data)
{
    Reading *self = user_data;

    g_cancellable_cancel(self->body_cancellable);
    return G_SOURCE_CONTINUE;
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
    Reading *self = g_task_get_task_data(task);

    self->body_cancellable = g_cancellable_new();
    if (g_task_get_cancellable(task))
        g_cancellable_connect(g_task_get_cancellable(task), G_CALLBACK(cancel_body),
                              g_object_ref(self->body_cancellable), g_object_unref);
    self->body_timeout = g_timeout_source_new_seconds(BODY_TIMEOUT_SECONDS);
    g_source_set_callback(self->body_timeout, on_body_timeout, self, NULL);
    g_source_attach(self->body_timeout, g_main_context_get_thread_default());

    response_body_init(&self->body, self->response.status, self->response.headers, BODY_MAX);
    response_body_feed(&self->body, self->head->data + head_length, self->head->len - head_length);
    read_body(task);
}

/* The head. */

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

/* Header values may be ISO-8859-1 (RFC 9110 section 5.5), which libsoup would replace: each line that is no UTF-8 is
 * read as that. */
static GString *
head_as_utf8(const char *head, gsize length)
{
    GString *text = g_string_sized_new(length);
    const char *end = head + length;

    for (const char *line = head; line < end;) {
        const char *newline = memchr(line, '\n', (gsize)(end - line));
        gsize n = newline ? (gsize)(newline - line) + 1 : (gsize)(end - line);

        if (utf8_valid((const guint8 *)line, n)) {
            g_string_append_len(text, line, (gssize)n);
        } else {
            for (gsize i = 0; i < n; i++)
                g_string_append_unichar(text, (guint8)line[i]);
        }
        line += n;
    }
    return text;
}

/* Returns what is wrong with LENGTH bytes of a head, its blank line not among them; NULL when nothing is. */
static const char *
parse_head(Reading *self, gsize length)
{
    g_autoptr(SoupMessageHeaders) headers = soup_message_headers_new(SOUP_MESSAGE_HEADERS_RESPONSE);
    g_autoptr(GString) head = head_as_utf8((const char *)self->head->data, length);
    SoupHTTPVersion version = SOUP_HTTP_1_0;

    if (!soup_headers_parse_response(head->str, (int)head->len, headers, &version, &self->response.status,
                                     /* reason_phrase= */ NULL))
        return "The answer is no HTTP response";
    if (version != SOUP_HTTP_1_0 && version != SOUP_HTTP_1_1)
        return "The answer is neither HTTP/1.0 nor HTTP/1.1";
    self->response.http_1_0 = version == SOUP_HTTP_1_0;
    g_clear_pointer(&self->response.headers, header_list_free);
    self->response.headers = header_list_from_soup(headers);
    if (header_list_length(self->response.headers) > FIELDS_MAX)
        return "The answer has more than 512 header fields";
    return NULL;
}

static void read_head(GTask *task);

/* LENGTH bytes of `head` are the response's head with its blank line. */
static void
on_head(GTask *task, gsize length)
{
    Reading *self = g_task_get_task_data(task);
    const char *fault = parse_head(self, length - 2);

    if (fault) {
        return_fault(task, fault);
    } else if (self->accepted(self->response.status)) {
        self->response.rest = g_bytes_new(self->head->data + length, self->head->len - length);
        g_task_return_boolean(task, TRUE);
    } else if (self->response.status < 200) {
        self->interim += length;
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
    Reading *self = g_task_get_task_data(task);
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, &error);

    if (n < 0) {
        g_task_return_error(task, g_steal_pointer(&error));
    } else if (n == 0) {
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CLOSED,
                                "The connection was closed before an answer came");
    } else {
        g_byte_array_append(self->head, self->chunk, (guint)n);
        read_head(task);
    }
}

static void
read_head(GTask *task)
{
    Reading *self = g_task_get_task_data(task);
    const guint8 *end = memmem(self->head->data, self->head->len, "\r\n\r\n", 4);

    if (end && self->interim <= HEAD_MAX)
        on_head(task, (gsize)(end - self->head->data) + 4);
    else if (self->interim + self->head->len > HEAD_MAX)
        return_fault(task, "The answer has more than 64 KiB of header");
    else
        g_input_stream_read_async(self->stream, self->chunk, sizeof(self->chunk), G_PRIORITY_DEFAULT,
                                  g_task_get_cancellable(task), on_head_read, g_object_ref(task));
}

void
http_response_read_async(GInputStream *stream, gboolean (*accepted)(guint status), GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Reading *self = g_new0(Reading, 1);

    self->stream = g_object_ref(stream);
    self->accepted = accepted;
    self->head = g_byte_array_sized_new(READ_SIZE);
    g_task_set_task_data(task, self, (GDestroyNotify)reading_free);
    g_task_set_check_cancellable(task, FALSE);
    read_head(task);
}

gboolean
http_response_read_finish(GAsyncResult *result, HttpResponse *ret_response, GError **error)
{
    Reading *self = g_task_get_task_data(G_TASK(result));

    if (!g_task_propagate_boolean(G_TASK(result), error))
        return FALSE;
    *ret_response = self->response;
    self->response = (HttpResponse){ 0 };
    return TRUE;
}
