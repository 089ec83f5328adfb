/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "library-fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- What is heard ---- */

static void
on_event(G_GNUC_UNUSED wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    GString *heard = ((LibraryFixture *)userdata)->heard;

    if (event->type == WSB_EVENT_OPEN)
        g_string_append(heard, "open ");
    else if (event->type == WSB_EVENT_MESSAGE)
        g_string_append_printf(heard, "message:%s ", (const char *)event->data);
    else if (event->type == WSB_EVENT_DATA_END)
        g_string_append(heard, "end ");
    else if (event->type == WSB_EVENT_ERROR)
        g_string_append_printf(heard, "error:%s ", event->stage);
    else if (event->type == WSB_EVENT_CLOSE)
        g_string_append_printf(heard, "close:%u ", event->code);
    else if (event->type == WSB_EVENT_DRAIN)
        g_string_append(heard, "drain ");
}

void
library_on_done(G_GNUC_UNUSED wsb_websocket *websocket, const wsb_error *error, void *fixture)
{
    g_string_append_printf(((LibraryFixture *)fixture)->heard, "done:%d ", -wsb_error_errno(error));
}

void
library_assert_heard(LibraryFixture *fixture, const char *expected)
{
    g_assert_cmpstr(fixture->heard->str, ==, expected);
    g_string_truncate(fixture->heard, 0);
}

/* ---- The bus ---- */

void
library_set_up(LibraryFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    fixture->peers = peer_bus_new();
    fixture->heard = g_string_new(NULL);
    fixture->received = g_byte_array_new();
    fixture->stream = -1;
    fixture->type = SOCK_STREAM;
    g_assert_cmpint(wsb_client_new_with_bus(&fixture->client, fixture->peers->bus), ==, 0);
    g_assert_cmpint(wsb_websocket_new(fixture->client, &fixture->websocket), ==, 0);
    for (int type = WSB_EVENT_OPEN; type <= WSB_EVENT_DRAIN; type++)
        g_assert_cmpint(wsb_websocket_on(fixture->websocket, (wsb_event_type)type, on_event, fixture), ==, 0);
}

void
library_tear_down(LibraryFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    wsb_websocket_unref(fixture->websocket);
    wsb_client_unref(fixture->client);
    peer_bus_free(fixture->peers);
    library_close_stream(fixture);
    g_byte_array_unref(fixture->received);
    g_string_free(fixture->heard, TRUE);
}

void
library_settle(LibraryFixture *fixture)
{
    gboolean busy = TRUE;

    while (busy) {
        int r = wsb_client_process(fixture->client), s = sd_bus_process(fixture->peers->peer, NULL);

        g_assert_cmpint(r, >=, 0);
        g_assert_cmpint(s, >=, 0);
        busy = r > 0 || s > 0;
    }
}

sd_bus_message *
library_take_call(LibraryFixture *fixture, const char *member)
{
    sd_bus_message *call = peer_bus_take_call(fixture->peers, NULL);

    g_assert_cmpstr(call ? sd_bus_message_get_member(call) : NULL, ==, member);
    return call;
}

static void
send_as(LibraryFixture *fixture, sd_bus_message *m, const char *sender)
{
    g_assert_cmpint(sd_bus_message_set_sender(m, sender), >=, 0);
    g_assert_cmpint(sd_bus_send(fixture->peers->peer, m, NULL), >=, 0);
    sd_bus_message_unref(m);
    library_settle(fixture);
}

void
library_answer(LibraryFixture *fixture, sd_bus_message *call, const char *types, ...)
{
    sd_bus_message *reply = NULL;
    va_list arguments;

    g_assert_cmpint(sd_bus_message_new_method_return(call, &reply), >=, 0);
    va_start(arguments, types);
    g_assert_cmpint(sd_bus_message_appendv(reply, types, arguments), >=, 0);
    va_end(arguments);
    sd_bus_message_unref(call);
    send_as(fixture, reply, LIBRARY_SERVICE);
}

void
library_refuse(LibraryFixture *fixture, sd_bus_message *call, const char *name, const char *message)
{
    const sd_bus_error error = SD_BUS_ERROR_MAKE_CONST(name, message);
    sd_bus_message *reply = NULL;

    g_assert_cmpint(sd_bus_message_new_method_error(call, &reply, &error), >=, 0);
    sd_bus_message_unref(call);
    send_as(fixture, reply, LIBRARY_SERVICE);
}

void
library_signal(LibraryFixture *fixture, const char *member, const char *types, ...)
{
    sd_bus_message *m = NULL;
    va_list arguments;

    g_assert_cmpint(
        sd_bus_message_new_signal(fixture->peers->peer, &m, LIBRARY_OBJECT, WSB_WEBSOCKET_INTERFACE, member),
        >=, 0);
    va_start(arguments, types);
    g_assert_cmpint(sd_bus_message_appendv(m, types, arguments), >=, 0);
    va_end(arguments);
    send_as(fixture, m, LIBRARY_SERVICE);
}

void
library_lose_service(LibraryFixture *fixture)
{
    sd_bus_message *m = NULL;

    g_assert_cmpint(sd_bus_message_new_signal(fixture->peers->peer, &m, "/org/freedesktop/DBus",
                                              "org.freedesktop.DBus", "NameOwnerChanged"),
                    >=, 0);
    g_assert_cmpint(sd_bus_message_append(m, "sss", WSB_BUS_NAME, LIBRARY_SERVICE, ""), >=, 0);
    send_as(fixture, m, "org.freedesktop.DBus");
}

/* ---- Connecting ---- */

void
library_connect(LibraryFixture *fixture, const wsb_options *options)
{
    sd_bus_message *call;

    g_assert_cmpint(wsb_websocket_connect(fixture->websocket, "ws://h/", options, library_on_done, fixture),
                    ==, 0);
    library_settle(fixture);
    if (wsb_websocket_get_path(fixture->websocket))
        return;
    call = library_take_call(fixture, "CreateWebSocket");
    library_answer(fixture, call, "o", LIBRARY_OBJECT);
}

void
library_give_stream(LibraryFixture *fixture)
{
    int pair[2];

    library_close_stream(fixture);
    g_assert_no_errno(socketpair(AF_UNIX, fixture->type | SOCK_CLOEXEC, 0, pair));
    fixture->stream = pair[0];
    library_answer(fixture, library_take_call(fixture, "OpenStream"), "h", pair[1]);
    close(pair[1]);
}

void
library_open(LibraryFixture *fixture)
{
    library_connect(fixture, NULL);
    library_give_stream(fixture);
    library_answer(fixture, library_take_call(fixture, "Connect"), "");
    library_answer(fixture, library_take_call(fixture, "Get"), "v", "t", UINT64_C(1000));
    library_signal(fixture, "Open", "us", 101u, "Switching Protocols");
    library_assert_heard(fixture, "done:0 open ");
}

/* ---- The stream ---- */

void
library_write(LibraryFixture *fixture, const char *text)
{
    const wsb_frame_header header = { .length = (guint32)strlen(text), .kind = WSB_FRAME_TEXT };
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
    g_byte_array_append(bytes, (const guint8 *)text, header.length);
    g_assert_cmpint(write(fixture->stream, bytes->data, bytes->len), ==, bytes->len);
}

/* How many bytes the message takes that they begin with, as far as can be seen. */
static guint
wanted_length(const GByteArray *received)
{
    wsb_frame_header header = { .length = 0 };

    if (received->len >= sizeof(header))
        memcpy(&header, received->data, sizeof(header));
    return (guint)sizeof(header) + header.length;
}

char *
library_read(LibraryFixture *fixture)
{
    GByteArray *received = fixture->received;
    guint8 bytes[4096];
    guint length;
    char *text;

    while (received->len < (length = wanted_length(received))) {
        ssize_t n = recv(fixture->stream, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n < 0)
            g_assert_cmpint(errno, ==, EAGAIN);
        if (n <= 0)
            return n < 0 ? NULL : g_strdup("");
        g_byte_array_append(received, bytes, (guint)n);
    }
    text =
        g_strndup((const char *)received->data + sizeof(wsb_frame_header), length - sizeof(wsb_frame_header));
    g_byte_array_remove_range(received, 0, length);
    return text;
}

void
library_close_stream(LibraryFixture *fixture)
{
    if (fixture->stream >= 0)
        close(fixture->stream);
    fixture->stream = -1;
    g_byte_array_set_size(fixture->received, 0);
}
