/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What libsoup's WebSocket does to a stream: reads of a KiB for as long as there are bytes, writes of a frame at a
 * time. */

#include "flow-fixture.h"

#include "bytes.h"
#include "source.h"

#include <sys/socket.h>

/* Made when it is first asked for, and never freed. */
static LaneHub *
flow_fixture_get_hub(void)
{
    static LaneHub *hub;
    g_autoptr(GError) error = NULL;

    if (!hub)
        hub = lane_hub_new(NULL, &error);
    g_assert_no_error(error);
    return hub;
}

static void
on_progress(gpointer user_data)
{
    FlowFixture *fixture = user_data;
    gsize received = fixture->received->len - fixture->received_before;

    fixture->progress++;
    fixture->largest_turn = MAX(fixture->largest_turn, received);
    if (fixture->turns && received > 0)
        g_string_append_c(fixture->turns, fixture->name);
    fixture->received_before = fixture->received->len;
}

/* As the frame that it came in, in its shortest form. */
static void
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    FlowFixture *fixture = user_data;
    gsize length = 0;
    const guint8 *bytes = g_bytes_get_data(data, &length);
    const guint8 header[] = { text ? 0x81 : 0x82, (guint8)(length < 126 ? length : 126),
                              (guint8)(length >> 8), (guint8)length };

    g_assert_cmpuint(length, <=, G_MAXUINT16);
    g_byte_array_append(fixture->received, header, length < 126 ? 2 : 4);
    g_byte_array_append(fixture->received, bytes, (guint)length);
}

static const FlowEvents flow_events = { .message = on_message, .progress = on_progress };

static gboolean
on_readable(GObject *stream, gpointer user_data)
{
    FlowFixture *fixture = user_data;
    guint8 buffer[1024];
    gssize n;

    g_assert_true(stream == G_OBJECT(fixture->input));
    do {
        g_autoptr(GError) error = NULL;

        n = g_pollable_input_stream_read_nonblocking(fixture->input, buffer, sizeof(buffer), NULL, &error);
        if (n > 0)
            g_byte_array_append(fixture->received, buffer, (guint)n);
        else if (n < 0)
            g_assert_error(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    } while (n > 0);
    fixture->ended = n == 0;
    return fixture->ended ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

void
flow_fixture_start_reading(FlowFixture *fixture)
{
    fixture->reader = g_pollable_input_stream_create_source(fixture->input, NULL);
    g_source_set_callback(fixture->reader, G_SOURCE_FUNC(on_readable), fixture, NULL);
    lane_enter(fixture->lane);
    g_source_attach(fixture->reader, g_main_context_get_thread_default());
    lane_leave(fixture->lane);
}

void
flow_fixture_stop_reading(FlowFixture *fixture)
{
    lane_enter(fixture->lane);
    source_clear(&fixture->reader);
    lane_leave(fixture->lane);
}

void
flow_fixture_init(FlowFixture *fixture, int type, GBytes *leftover)
{
    const FlowInputSettings settings = { .leftover = leftover,
                                         .max_message_size = FLOW_MAX_MESSAGE,
                                         .deflate = { .agreed = TRUE, .server_max_window_bits = 15 } };
    g_autoptr(GError) error = NULL;

    *fixture = (FlowFixture){ .pair = socket_pair_new(type), .received = g_byte_array_new() };
    fixture->lane = lane_new(flow_fixture_get_hub(), &error);
    g_assert_no_error(error);
    fixture->flow = flow_new(fixture->lane, fixture->pair->transport, fixture->pair->socket, &settings,
                             FLOW_MAX_BACKLOG, &flow_events, fixture);
    fixture->input = G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(G_IO_STREAM(fixture->flow)));
    fixture->output = G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(G_IO_STREAM(fixture->flow)));
    flow_fixture_start_reading(fixture);
}

void
flow_fixture_clear(FlowFixture *fixture)
{
    flow_fixture_stop_reading(fixture);
    flow_stop(fixture->flow);
    g_assert_finalize_object(fixture->flow);
    lane_unref(fixture->lane);
    g_byte_array_unref(fixture->received);
    socket_pair_free(fixture->pair);
}

void
flow_fixture_set_up(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_init(fixture, SOCK_STREAM, NULL);
}

void
flow_fixture_tear_down(FlowFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    flow_fixture_clear(fixture);
}

void
flow_fixture_iterate(void)
{
    (void)lane_hub_iterate(flow_fixture_get_hub(), /* may_block= */ TRUE);
}

void
flow_fixture_settle(void)
{
    while (lane_hub_iterate(flow_fixture_get_hub(), /* may_block= */ FALSE))
        ;
}

void
flow_fixture_assert_received(const FlowFixture *fixture, const char *bytes, gsize length)
{
    assert_bytes(fixture->received->data, fixture->received->len, bytes, length);
}

void
flow_fixture_wait_received(const FlowFixture *fixture, gsize length)
{
    while (fixture->received->len < length)
        flow_fixture_iterate();
    g_assert_cmpuint(fixture->received->len, ==, length);
}
