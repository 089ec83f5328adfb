/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What TLS stands on, where a server sends much that brings the reader above TLS nothing. */

#include "bytes.h"
#include "flow-input.h"
#include "read-ahead.h"
#include "socket-pair.h"

#include <string.h>
#include <sys/socket.h>

enum {
    READ_SIZE = 64 * 1024,
    MOST = 2 * READ_SIZE, /* bytes of the socket that TLS has before its reader comes back */
    FLOOD = 9 * READ_SIZE / 4,
    MAX_MESSAGE = 1000
};

static const char flood_byte = 't';

/*
 * A TLS that reads on for as long as it finds session tickets, which are all bytes `flood_byte` here, as
 * glib-networking's does: also once after it was told that there is no more. What else it finds is the reader's.
 */
#define SWALLOWER_TYPE (swallower_get_type())
G_DECLARE_FINAL_TYPE(Swallower, swallower, SWALLOWER, BYTES, GInputStream)

struct _Swallower {
    GInputStream parent;
    GPollableInputStream *base;
    gsize most; /* bytes that one call has read */
};

static void swallower_pollable_init(GPollableInputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE(Swallower, swallower, G_TYPE_INPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_INPUT_STREAM, swallower_pollable_init))

static gssize
swallower_read_nonblocking(GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
    Swallower *self = SWALLOWER_BYTES(stream);
    gsize total = 0;

    for (guint refusals = 0; refusals < 2;) {
        g_autoptr(GError) refusal = NULL;
        gssize n = g_pollable_input_stream_read_nonblocking(self->base, buffer, count, NULL, &refusal);
        gsize tickets = 0;

        if (n < 0) {
            g_assert_error(refusal, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
            refusals++;
            continue;
        }
        total += (gsize)n;
        self->most = MAX(self->most, total);
        while (tickets < (gsize)n && ((char *)buffer)[tickets] == flood_byte)
            tickets++;
        if (n == 0 || tickets < (gsize)n) {
            memmove(buffer, (char *)buffer + tickets, (gsize)n - tickets);
            return n - (gssize)tickets;
        }
    }
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "no more");
    return -1;
}

static gssize
swallower_read(GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    return swallower_read_nonblocking(G_POLLABLE_INPUT_STREAM(stream), buffer, count, error);
}

static void
swallower_pollable_init(GPollableInputStreamInterface *interface)
{
    interface->read_nonblocking = swallower_read_nonblocking;
}

static void
swallower_class_init(SwallowerClass *class)
{
    G_INPUT_STREAM_CLASS(class)->read_fn = swallower_read;
}

static void
swallower_init(Swallower *self)
{
    (void)self;
}

typedef struct Fixture {
    SocketPair *pair;
    GIOStream *stream;
    GPollableInputStream *input;
} Fixture;

static void
fixture_set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    int size = 4 * FLOOD;

    fixture->pair = socket_pair_new(SOCK_STREAM);
    (void)setsockopt(fixture->pair->peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    fixture->stream = read_ahead_new(fixture->pair->transport, fixture->pair->socket);
    fixture->input = G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(fixture->stream));
}

static void
fixture_tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_clear_object(&fixture->stream);
    g_clear_pointer(&fixture->pair, socket_pair_free);
}

static void
fixture_flood(Fixture *fixture)
{
    g_autofree char *bytes = g_strnfill(FLOOD, flood_byte);

    socket_pair_write(fixture->pair, bytes, FLOOD);
}

/* Polls until there is no more; how much there was. */
static gsize
fixture_poll(Fixture *fixture)
{
    gsize before = socket_pair_unread(fixture->pair);
    char buffer[1000];

    for (;;) {
        g_autoptr(GError) error = NULL;

        if (g_pollable_input_stream_read_nonblocking(fixture->input, buffer, sizeof(buffer), NULL, &error) <
            0) {
            g_assert_error(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
            return before - socket_pair_unread(fixture->pair);
        }
    }
}

/* Polling comes to an end before the socket's bytes do, and stays there until the reader comes back. */
static void
test_held(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gsize total = 0;

    fixture_flood(fixture);
    while (total < FLOOD) {
        gsize n;

        read_ahead_begin(fixture->stream);
        g_assert_false(read_ahead_is_held(fixture->stream));
        n = fixture_poll(fixture);
        g_assert_cmpuint(n, >, 0);
        g_assert_cmpuint(n, <, MOST);
        total += n;
        g_assert_cmpint(read_ahead_is_held(fixture->stream), ==, n >= READ_SIZE);
        if (n >= READ_SIZE)
            g_assert_cmpuint(fixture_poll(fixture), ==, 0);
    }
    g_assert_cmpuint(total, ==, FLOOD);
}

static gboolean
on_ready(GObject *stream, gpointer user_data)
{
    (void)stream;
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_REMOVE;
}

/* Who waits for more by a source gets more. */
static void
test_waited_for(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gsize total;

    fixture_flood(fixture);
    total = fixture_poll(fixture);
    g_assert_true(read_ahead_is_held(fixture->stream));
    while (total < FLOOD) {
        g_autoptr(GSource) source = g_pollable_input_stream_create_source(fixture->input, NULL);
        gboolean ready = FALSE;

        g_source_set_callback(source, G_SOURCE_FUNC(on_ready), &ready, NULL);
        g_source_attach(source, NULL);
        while (!ready)
            g_main_context_iteration(NULL, TRUE);
        total += fixture_poll(fixture);
    }
    g_assert_cmpuint(total, ==, FLOOD);
}

/* A handshake, in a thread of its own, waits for nobody. */
static void
test_blocking_is_not_held(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *buffer = g_malloc(FLOOD);
    g_autoptr(GError) error = NULL;
    gsize n = 0;

    fixture_flood(fixture);
    (void)g_input_stream_read_all(G_INPUT_STREAM(fixture->input), buffer, FLOOD, &n, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(n, ==, FLOOD);
}

/* A connection of which nothing comes but tickets, and at last a message. */
typedef struct Flooded {
    FlowInput *input;
    GString *messages;
    guint turns;
} Flooded;

static void
on_turn(GIOCondition condition, gpointer user_data)
{
    Flooded *flooded = user_data;

    flooded->turns++;
    flow_input_turn(flooded->input, condition);
}

static void
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    Flooded *flooded = user_data;

    g_assert_true(text);
    g_string_append_len(flooded->messages, g_bytes_get_data(data, NULL), (gssize)g_bytes_get_size(data));
}

/* In one turn only part of the flood is read, and that is not the connection's end. */
static void
run_flow(Fixture *fixture, gboolean last)
{
    static const FlowInputEvents events = { .message = on_message };
    static const FlowInputSettings settings = { .max_message_size = MAX_MESSAGE };
    g_autoptr(GError) error = NULL;
    g_autoptr(LaneHub) hub = lane_hub_new(NULL, &error);
    Lane *lane = lane_new(hub, &error);
    Flooded flooded = { .messages = g_string_new(NULL) };
    LaneWatch *watch = lane_watch_new(lane, g_socket_get_fd(fixture->pair->socket), on_turn, &flooded);
    Swallower *tls = g_object_new(SWALLOWER_TYPE, NULL);

    g_assert_no_error(error);
    tls->base = fixture->input;
    flooded.input =
        flow_input_new(G_POLLABLE_INPUT_STREAM(tls), fixture->stream, watch, &settings, &events, &flooded);
    fixture_flood(fixture);
    socket_pair_write(fixture->pair, BYTES("\x81\x05hello"));
    if (last)
        flow_input_set_last(flooded.input);
    while (flooded.messages->len == 0) {
        g_assert_false(g_pollable_input_stream_is_readable(G_POLLABLE_INPUT_STREAM(flooded.input)));
        (void)lane_hub_iterate(hub, /* may_block= */ TRUE);
    }
    g_assert_cmpstr(flooded.messages->str, ==, "hello");
    g_assert_cmpuint(tls->most, >=, READ_SIZE);
    g_assert_cmpuint(tls->most, <, MOST);
    g_assert_cmpuint(flooded.turns, >, 1);

    flow_input_stop(flooded.input);
    g_assert_finalize_object(flooded.input);
    g_assert_finalize_object(tls);
    lane_watch_free(watch);
    lane_unref(lane);
    g_string_free(flooded.messages, TRUE);
}

static void
test_flow(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    run_flow(fixture, /* last= */ FALSE);
}

static void
test_flow_that_cannot_write(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    run_flow(fixture, /* last= */ TRUE);
}

static void
add(const char *path, void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/read-ahead/held", test_held);
    add("/read-ahead/waited-for", test_waited_for);
    add("/read-ahead/blocking-is-not-held", test_blocking_is_not_held);
    add("/read-ahead/flow", test_flow);
    add("/read-ahead/flow-that-cannot-write", test_flow_that_cannot_write);
    return g_test_run();
}
