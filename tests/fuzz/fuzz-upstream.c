/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An open connection, whose server says these bytes: the metered stream, the frame scanner and libsoup together. Each
 * step begins with a byte that says what the application does, or how many bytes come next from the server. What is told
 * keeps its order: messages within the limit, at most one failure, one end, and then nothing but that all is over.
 */

#include "fuzz-input.h"

#include "socket-pair.h"
#include "upstream.h"
#include "utf8.h"

#include <sys/socket.h>

enum { MESSAGE_MAX = 1024, BYTES_MAX = 64 * 1024 };

/* What a step's byte says; anything else is a number of bytes. */
enum {
    SEND_TEXT = 0xff,
    SEND_BINARY = 0xfe,
    CLOSE = 0xfd,
    TERMINATE = 0xfc,
    PAUSE = 0xfb,
    GO_ON = 0xfa,
    BULK = 0xf9,
    COMPRESSED = 0xf8 /* the first: permessage-deflate was agreed on */
};

typedef struct Peer {
    Lane *lane;
    Upstream *upstream; /* NULL once over */
    SocketPair *pair;
    gboolean closing; /* the application sends no more */
    gboolean failed, closed;
} Peer;

static void
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    const Peer *peer = user_data;
    gsize length = 0;
    const guint8 *bytes = g_bytes_get_data(data, &length);

    g_assert_false(peer->failed || peer->closed);
    g_assert_cmpuint(length, <=, MESSAGE_MAX);
    g_assert_true(!text || utf8_valid(bytes, length));
}

static void
on_progress(gpointer user_data)
{
    const Peer *peer = user_data;

    g_assert_false(peer->closed);
}

static void
on_failed(Failure *failure, gpointer user_data)
{
    Peer *peer = user_data;

    g_assert_false(peer->failed || peer->closed);
    g_assert_cmpint(failure->stage, ==, STAGE_PROTOCOL);
    peer->failed = TRUE;
    failure_free(failure);
}

static void
on_closed(guint16 code, const char *reason, gpointer user_data)
{
    Peer *peer = user_data;

    g_assert_false(peer->closed);
    g_assert_cmpuint(code, >=, 1000);
    g_assert_true(g_utf8_validate(reason, -1, NULL));
    peer->closed = peer->closing = TRUE;
}

static void
on_ended(gpointer user_data)
{
    Peer *peer = user_data;

    g_assert_true(peer->closed);
    g_clear_pointer(&peer->upstream, upstream_free);
}

static const UpstreamEvents events = { .message = on_message,
                                       .progress = on_progress,
                                       .failed = on_failed,
                                       .closed = on_closed,
                                       .ended = on_ended };

static const UpstreamLimits limits = { .max_message_size = MESSAGE_MAX,
                                       .max_backlog = 64 * 1024,
                                       .close_timeout = G_USEC_PER_SEC };

/* One for all inputs, as contexts are dear. */
static LaneHub *
get_hub(void)
{
    static LaneHub *hub;

    if (!hub)
        hub = lane_hub_new(NULL, NULL);
    return hub;
}

static void
open_upstream(Peer *peer, gboolean compressed)
{
    g_autoptr(Url) url = url_parse("ws://example.com/", 1024, NULL);
    DialResult dialled = { 0 };
    HandshakeResult shaken = { .headers = header_list_new(),
                               .protocol = g_strdup(""),
                               .deflate = { .agreed = compressed, .server_max_window_bits = 15 } };

    peer->lane = lane_new(get_hub(), NULL);
    peer->pair = socket_pair_new(SOCK_STREAM);
    dialled.transport = g_object_ref(peer->pair->transport);
    dialled.socket = g_object_ref(peer->pair->socket);
    lane_enter(peer->lane);
    peer->upstream = upstream_new(peer->lane, url, &dialled, &shaken, &limits, &events, peer);
    lane_leave(peer->lane);
}

static void
settle(const Peer *peer)
{
    char buffer[4096];

    while (lane_hub_iterate(get_hub(), /* may_block= */ FALSE)) {
        while (peer->pair->peer >= 0 && socket_pair_read(peer->pair, buffer, sizeof(buffer)) > 0)
            ;
    }
}

static void
serve_bytes(const Peer *peer, FuzzInput *input, size_t length)
{
    const uint8_t *bytes = fuzz_input_take(input, length, &length);

    /* Behind what was left unread, for as long as the socket takes it. */
    if (socket_pair_unread(peer->pair) < BYTES_MAX)
        (void)send(peer->pair->peer, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
send_message(const Peer *peer, gboolean text)
{
    g_autoptr(GBytes) data = g_bytes_new_static("sent", 4);

    if (!peer->closing)
        upstream_send(peer->upstream, text, data);
}

static void
take_step(Peer *peer, FuzzInput *input)
{
    guint8 step = fuzz_input_take_byte(input);

    switch (step) {
    case SEND_TEXT:
    case SEND_BINARY:
        send_message(peer, step == SEND_TEXT);
        break;
    case CLOSE:
        if (!peer->closing)
            upstream_close(peer->upstream, 1000, "done");
        peer->closing = TRUE;
        break;
    case TERMINATE:
        peer->closing = TRUE;
        if (!peer->closed)
            upstream_terminate(peer->upstream, 1008, "");
        break;
    case PAUSE:
    case GO_ON:
        upstream_set_paused(peer->upstream, step == PAUSE);
        break;
    default:
        serve_bytes(peer, input, step == BULK ? input->size : step);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput input = { data, size };
    Peer peer = { 0 };

    open_upstream(&peer, size > 0 && data[0] == COMPRESSED);
    while (input.size > 0 && peer.upstream) {
        lane_enter(peer.lane);
        take_step(&peer, &input);
        lane_leave(peer.lane);
        settle(&peer);
    }
    if (peer.upstream) {
        lane_enter(peer.lane);
        upstream_set_paused(peer.upstream, FALSE);
        lane_leave(peer.lane);
    }
    socket_pair_close_peer(peer.pair);
    while (peer.upstream)
        lane_hub_iterate(get_hub(), /* may_block= */ TRUE);
    settle(&peer);
    lane_unref(peer.lane);
    socket_pair_free(peer.pair);
    return 0;
}
