/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ends of open connections, however the server behaves, and what they leave behind. */

#include "upstream.h"

#include "bytes.h"
#include "client-frame.h"
#include "lane-fixture.h"
#include "socket-pair.h"

#include <string.h>
#include <sys/socket.h>

typedef struct Link {
    Lane *lane; /* NULL once over */
    Upstream *upstream;
    SocketPair *pair;
    guint failed, closed;
    Stage stage;
    guint16 code;
} Link;

static void
on_message(G_GNUC_UNUSED gboolean text, G_GNUC_UNUSED GBytes *data, G_GNUC_UNUSED gpointer user_data)
{
}

static void
on_progress(G_GNUC_UNUSED gpointer user_data)
{
}

static void
on_failed(Failure *failure, gpointer user_data)
{
    Link *link = user_data;

    link->failed++;
    link->stage = failure->stage;
    failure_free(failure);
}

static void
on_closed(guint16 code, G_GNUC_UNUSED const char *reason, gpointer user_data)
{
    Link *link = user_data;

    link->closed++;
    link->code = code;
}

static void
on_ended(gpointer user_data)
{
    Link *link = user_data;

    g_clear_pointer(&link->upstream, upstream_free);
    g_clear_pointer(&link->lane, lane_unref);
}

static const UpstreamEvents events = { .message = on_message,
                                       .progress = on_progress,
                                       .failed = on_failed,
                                       .closed = on_closed,
                                       .ended = on_ended };

/* The server has spoken already, and compresses where it says so. */
static void
link_open_shaken(Link *link, LaneHub *hub, gint64 close_timeout, guint ping_interval, guint pong_timeout,
                 HandshakeResult *shaken)
{
    const UpstreamLimits limits = { .max_message_size = 1024,
                                    .max_backlog = 1024 * 1024,
                                    .close_timeout = close_timeout,
                                    .ping_interval = ping_interval,
                                    .pong_timeout = pong_timeout };
    g_autoptr(Url) url = url_parse("ws://example.com/", 1024, NULL);
    DialResult dialled = { 0 };

    *link = (Link){ .lane = lane_fixture_new_lane(hub), .pair = socket_pair_new(SOCK_STREAM) };
    dialled.transport = g_object_ref(link->pair->transport);
    dialled.socket = g_object_ref(link->pair->socket);
    lane_enter(link->lane);
    link->upstream = upstream_new(link->lane, url, &dialled, shaken, &limits, &events, link);
    lane_set_settled(link->lane);
    lane_leave(link->lane);
}

static void
link_open(Link *link, LaneHub *hub, gint64 close_timeout, guint ping_interval, guint pong_timeout)
{
    HandshakeResult shaken = { .headers = header_list_new(), .protocol = g_strdup("") };

    link_open_shaken(link, hub, close_timeout, ping_interval, pong_timeout, &shaken);
}

static void
link_wait_until_over(const Link *link)
{
    while (link->lane)
        lane_fixture_iterate();
    lane_fixture_settle();
    g_assert_cmpuint(link->closed, ==, 1);
}

static void
link_clear(Link *link)
{
    socket_pair_free(link->pair);
}

static guint
count_descriptors(void)
{
    g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(folder))
        count++;
    return count;
}

/* Whatever ends the connection, its lane, its context and its descriptors go with it. */

static void
close_unanswered(Link *link)
{
    lane_enter(link->lane);
    upstream_close(link->upstream, 1000, "");
    lane_leave(link->lane);
    link_wait_until_over(link);
    g_assert_cmpuint(link->code, ==, 1006);
    g_assert_cmpuint(link->failed, ==, 0);
}

static void
drop(Link *link)
{
    socket_pair_close_peer(link->pair);
    link_wait_until_over(link);
    g_assert_cmpuint(link->code, ==, 1006);
    g_assert_cmpuint(link->failed, ==, 1);
}

static void
terminate(Link *link)
{
    lane_enter(link->lane);
    upstream_terminate(link->upstream, 1001, "");
    lane_leave(link->lane);
    link_wait_until_over(link);
    g_assert_cmpuint(link->code, ==, 1001);
}

static void
assert_nothing_left(LaneHub *hub, void (*end)(Link *link))
{
    guint before = 0;

    /* The first time GLib makes what it keeps. */
    for (guint i = 0; i < 51; i++) {
        Link link;

        if (i == 1)
            before = count_descriptors();
        link_open(&link, hub, 5000, 0, 0);
        end(&link);
        link_clear(&link);
    }
    g_assert_cmpuint(count_descriptors(), ==, before);
}

static void
test_nothing_left(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_nothing_left(fixture->hub, close_unanswered);
    assert_nothing_left(fixture->hub, drop);
    assert_nothing_left(fixture->hub, terminate);
    g_assert_cmpuint(lane_hub_count(fixture->hub), ==, 2);
}

/* The closing handshake. */

/* The next frame at the server: its first byte, and its payload of at most 125 bytes. */
static guint8
read_frame(const Link *link, guint8 *payload, guint8 *ret_length)
{
    guint8 header[6];
    gssize n;

    while ((n = socket_pair_read(link->pair, header, sizeof(header))) < 0)
        lane_fixture_iterate();
    g_assert_cmpint(n, ==, sizeof(header));
    *ret_length = header[1] & 0x7F;
    if (*ret_length > 0)
        g_assert_cmpint(socket_pair_read(link->pair, payload, *ret_length), ==, *ret_length);
    for (guint8 i = 0; i < *ret_length; i++)
        payload[i] ^= header[2 + i % 4];
    return header[0];
}

static void
assert_close_arrives(const Link *link, int code)
{
    guint8 payload[125], length;

    g_assert_cmpuint(read_frame(link, payload, &length), ==, 0x88);
    g_assert_cmpuint(length, ==, code ? 2 : 0);
    if (code)
        g_assert_cmpuint((guint)(payload[0] << 8 | payload[1]), ==, code);
}

/* The server's end of TCP, at which the connection is over. */
static void
end(Link *link)
{
    socket_pair_close_peer(link->pair);
    link_wait_until_over(link);
    link_clear(link);
}

/* The answer has the code of the question, also where libsoup would say otherwise. */
static void
test_answer_to_close(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    static const guint16 codes[] = { 0, 1000, 1001, 1010, 1011, 1012, 1013, 1014, 3000, 4999 };

    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
        const guint8 close[] = { 0x88, codes[i] ? 2 : 0, (guint8)(codes[i] >> 8), (guint8)codes[i] };
        Link link;

        link_open(&link, fixture->hub, 5000, 0, 0);
        socket_pair_write(link.pair, close, 2u + close[1]);
        assert_close_arrives(&link, codes[i]);
        end(&link);
        g_assert_cmpuint(link.code, ==, codes[i] ? codes[i] : 1005);
        g_assert_cmpuint(link.failed, ==, 0);
    }
}

/* A server that has said all it has to say at once still gets its answer. */
static void
test_answer_to_close_and_end(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    static const guint8 last_words[] = { 0x89, 0, 0x88, 0 };
    guint8 payload[125], length;
    Link link;

    link_open(&link, fixture->hub, 5000, 0, 0);
    socket_pair_write(link.pair, last_words, sizeof(last_words));
    g_assert_cmpint(shutdown(link.pair->peer, SHUT_WR), ==, 0);
    link_wait_until_over(&link);
    g_assert_cmpuint(link.code, ==, 1005);
    g_assert_cmpuint(read_frame(&link, payload, &length), ==, 0x8A);
    assert_close_arrives(&link, 0);
    link_clear(&link);
}

static const struct LastWords {
    const char *bytes;
    gsize length;
    guint16 code;
} last_words[] = {
    { BYTES("\x83\x00"), 1002 },
    { BYTES("\x89\x00\x83\x00"), 1002 },
    { BYTES("\x89\x00\x81\x01\xff"), 1007 },
    { BYTES("\xc1\x01\x07"), 1007 },
    { BYTES("\x89\x00\xc1\x01\x07"), 1007 },
    { BYTES("\xc1\x01\x07\x88\x00"), 1007 },
    { BYTES("\x89\x00\xc1\x01\x07\x88\x00"), 1007 },
    { BYTES("\x89\x00\xc1\x01\x07\x83\x00"), 1007 },
    { BYTES("\x89\x00\xc1\x01\x00\x83\x00"), 1002 },
};

static void
open_and_say(Link *link, LaneHub *hub, const struct LastWords *words, gboolean with_response)
{
    HandshakeResult shaken = { .headers = header_list_new(),
                               .protocol = g_strdup(""),
                               .deflate = { .agreed = TRUE, .server_max_window_bits = 15 } };

    if (with_response)
        shaken.leftover = g_bytes_new_static(words->bytes, words->length);
    link_open_shaken(link, hub, 5000, 0, 0, &shaken);
    if (!with_response)
        socket_pair_write(link->pair, words->bytes, words->length);
    g_assert_cmpint(shutdown(link->pair->peer, SHUT_WR), ==, 0);
}

/* A server that goes in the moment in which it is at fault: it is the fault that ends the connection. */
static void
test_fault_and_end(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    for (gsize i = 0; i < 2 * G_N_ELEMENTS(last_words); i++) {
        const struct LastWords *words = &last_words[i / 2];
        Link link;

        g_test_message("row %" G_GSIZE_FORMAT "%s", i / 2, i % 2 ? ", with the response" : "");
        open_and_say(&link, fixture->hub, words, /* with_response= */ i % 2);
        link_wait_until_over(&link);
        g_assert_cmpuint(link.failed, ==, 1);
        g_assert_cmpint(link.stage, ==, STAGE_PROTOCOL);
        g_assert_cmpuint(link.code, ==, words->code);
        if (words->bytes[0] == '\x89') {
            guint8 payload[125], length;

            g_assert_cmpuint(read_frame(&link, payload, &length), ==, 0x8A);
        }
        assert_close_arrives(&link, words->code);
        link_clear(&link);
    }
}

/* RFC 6455 section 5.5.2: until the server's Close has come. */
static void
test_ping_while_closing(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    static const guint8 ping[] = { 0x89, 1, '?' }, close[] = { 0x88, 0 };
    guint8 payload[125], length;
    Link link;

    link_open(&link, fixture->hub, 5000 * G_TIME_SPAN_MILLISECOND, 0, 0);
    lane_enter(link.lane);
    upstream_close(link.upstream, 1011, "");
    lane_leave(link.lane);
    assert_close_arrives(&link, 1011);
    socket_pair_write(link.pair, ping, sizeof(ping));
    g_assert_cmpuint(read_frame(&link, payload, &length), ==, 0x8A);
    g_assert_cmpuint(payload[0], ==, '?');
    socket_pair_write(link.pair, close, sizeof(close));
    end(&link);
    g_assert_cmpuint(link.code, ==, 1005);
}

static void
test_nothing_after_close(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GBytes) late = g_bytes_new_static("late", 4);
    char byte;
    Link link;

    link_open(&link, fixture->hub, 5000 * G_TIME_SPAN_MILLISECOND, 0, 0);
    lane_enter(link.lane);
    upstream_close(link.upstream, 1000, "");
    upstream_send(link.upstream, TRUE, late);
    upstream_close(link.upstream, 1001, "");
    lane_leave(link.lane);
    lane_fixture_settle();
    assert_close_arrives(&link, 1000);
    g_assert_cmpint(socket_pair_read(link.pair, &byte, 1), ==, -1);
    end(&link);
}

/* More than a socket takes, so that the last of it waits. */
static void
send_backlog(const Link *link)
{
    static const guint8 zeros[32 * 1024];
    g_autoptr(GBytes) message = g_bytes_new_static(zeros, sizeof(zeros));

    lane_enter(link->lane);
    for (guint i = 0; i < 24; i++)
        upstream_send(link->upstream, FALSE, message);
    lane_leave(link->lane);
    lane_fixture_settle();
    g_assert_cmpuint(upstream_get_backlog(link->upstream), >, sizeof(zeros));
}

/* The server reads all that waits for it. */
static GByteArray *
read_backlog(const Link *link)
{
    GByteArray *all = g_byte_array_new();
    guint8 buffer[4096];
    gboolean waits;

    do {
        gssize n;

        waits = upstream_get_backlog(link->upstream) > 0;
        while ((n = socket_pair_read(link->pair, buffer, sizeof(buffer))) > 0)
            g_byte_array_append(all, buffer, (guint)n);
        lane_fixture_settle();
    } while (waits);
    return all;
}

/* The last frame is the one Close, with CODE. */
static void
assert_ends_with_close(const GByteArray *all, guint16 code)
{
    gsize size = 0;

    for (gsize at = 0; at < all->len; at += size) {
        const guint8 *frame = all->data + at, *payload = frame + 6;

        size = client_frame_size(frame);
        g_assert_cmpuint(frame[0], ==, at + size == all->len ? 0x80 | OPCODE_CLOSE : 0x80 | OPCODE_BINARY);
        if (frame[0] == (0x80 | OPCODE_CLOSE))
            g_assert_cmpuint((guint)((payload[0] ^ frame[2]) << 8 | (payload[1] ^ frame[3])), ==, code);
    }
    g_assert_cmpuint(size, ==, 6 + 2);
}

typedef enum { NOBODY, APPLICATION, SERVER } Closer;

/* What waited is dropped, with the Close that waited behind it; and one Close goes out, where none was out. */
static void
test_revoked_with_backlog(LaneFixture *fixture, gconstpointer data)
{
    static const guint8 close[] = { 0x88, 2, 3000 >> 8, 3000 & 0xFF };
    const Closer closer = GPOINTER_TO_INT(data);
    g_autoptr(GByteArray) all = NULL;
    Link link;

    link_open(&link, fixture->hub, 5000 * G_TIME_SPAN_MILLISECOND, 0, 0);
    send_backlog(&link);
    if (closer == SERVER)
        socket_pair_write(link.pair, close, sizeof(close));
    lane_fixture_settle();
    lane_enter(link.lane);
    if (closer == APPLICATION)
        upstream_close(link.upstream, 1000, "");
    upstream_terminate(link.upstream, 1008, "");
    lane_leave(link.lane);
    g_assert_cmpuint(link.code, ==, 1008);
    all = read_backlog(&link);
    assert_ends_with_close(all, 1008);
    g_assert_cmpuint(all->len, <, 24 * 32 * 1024);
    end(&link);
}

static void
test_revoked_after_close(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GByteArray) all = NULL;
    Link link;

    link_open(&link, fixture->hub, 5000 * G_TIME_SPAN_MILLISECOND, 0, 0);
    lane_enter(link.lane);
    upstream_close(link.upstream, 1000, "");
    upstream_terminate(link.upstream, 1008, "");
    lane_leave(link.lane);
    all = read_backlog(&link);
    assert_ends_with_close(all, 1000);
    end(&link);
    g_assert_cmpuint(link.code, ==, 1008);
}

/* Pongs. */

static const guint8 pong[] = { 0x8A, 0 };

static void
test_pause_ends_just_before_the_pong_timer(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Link link;
    gint64 due;

    link_open(&link, fixture->hub, 5000, 1, 1);
    due = g_get_monotonic_time() + 2 * G_USEC_PER_SEC;
    lane_enter(link.lane);
    upstream_set_paused(link.upstream, TRUE);
    lane_leave(link.lane);
    lane_fixture_settle();
    /* The server answers all the while; nobody looks until the timer is due. */
    socket_pair_write(link.pair, pong, sizeof(pong));
    while (g_get_monotonic_time() <= due)
        g_usleep(1000);
    lane_enter(link.lane);
    upstream_set_paused(link.upstream, FALSE);
    lane_leave(link.lane);
    lane_fixture_settle();
    g_assert_cmpuint(link.failed, ==, 0);
    drop(&link);
    link_clear(&link);
}

static void
test_no_pong(LaneFixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Link link;

    link_open(&link, fixture->hub, 5000, 1, 1);
    link_wait_until_over(&link);
    g_assert_cmpuint(link.failed, ==, 1);
    g_assert_cmpint(link.stage, ==, STAGE_TIMEOUT);
    g_assert_cmpuint(link.code, ==, 1006);
    link_clear(&link);
}

#define ADD_WITH(name, test, data)                                                                           \
    g_test_add("/upstream/" name, LaneFixture, data, lane_fixture_set_up, test, lane_fixture_tear_down)
#define ADD(name, test) ADD_WITH(name, test, NULL)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("nothing-left", test_nothing_left);
    ADD("answer-to-close", test_answer_to_close);
    ADD("answer-to-close-and-end", test_answer_to_close_and_end);
    ADD("fault-and-end", test_fault_and_end);
    ADD("ping-while-closing", test_ping_while_closing);
    ADD("nothing-after-close", test_nothing_after_close);
    ADD_WITH("revoked/backlog", test_revoked_with_backlog, GINT_TO_POINTER(NOBODY));
    ADD_WITH("revoked/application-closes", test_revoked_with_backlog, GINT_TO_POINTER(APPLICATION));
    ADD_WITH("revoked/server-closes", test_revoked_with_backlog, GINT_TO_POINTER(SERVER));
    ADD("revoked/after-close", test_revoked_after_close);
    ADD("pause-ends-just-before-the-pong-timer", test_pause_ends_just_before_the_pong_timer);
    ADD("no-pong", test_no_pong);
    return g_test_run();
}
