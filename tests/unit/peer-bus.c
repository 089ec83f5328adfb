/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sd-bus speaks to a peer as it does to a bus; messages then bear the sender that the peer gives them. */

#include "peer-bus.h"

#include <sys/socket.h>

/* Before sd-bus answers Peer.Ping by itself. */
static int
keep_call(sd_bus_message *message, void *user_data, G_GNUC_UNUSED sd_bus_error *ret_error)
{
    PeerBus *peers = user_data;
    guint8 type = 0;

    g_assert_cmpint(sd_bus_message_get_type(message, &type), >=, 0);
    if (type != SD_BUS_MESSAGE_METHOD_CALL)
        return 0;
    g_queue_push_tail(peers->calls, sd_bus_message_ref(message));
    return 1;
}

PeerBus *
peer_bus_new(void)
{
    PeerBus *peers = g_new0(PeerBus, 1);
    int fds[2];

    peers->calls = g_queue_new();
    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
    g_assert_cmpint(sd_bus_new(&peers->bus), >=, 0);
    g_assert_cmpint(sd_bus_set_fd(peers->bus, fds[0], fds[0]), >=, 0);
    g_assert_cmpint(sd_bus_new(&peers->peer), >=, 0);
    g_assert_cmpint(sd_bus_set_fd(peers->peer, fds[1], fds[1]), >=, 0);
    g_assert_cmpint(
        sd_bus_set_server(peers->peer, TRUE, SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f, 0)),
        >=, 0);
    g_assert_cmpint(sd_bus_start(peers->bus), >=, 0);
    g_assert_cmpint(sd_bus_start(peers->peer), >=, 0);
    g_assert_cmpint(sd_bus_add_filter(peers->peer, NULL, keep_call, peers), >=, 0);
    peer_bus_settle(peers);
    return peers;
}

static void
unref_message(gpointer message)
{
    sd_bus_message_unref(message);
}

void
peer_bus_free(PeerBus *peers)
{
    g_queue_free_full(peers->calls, unref_message);
    sd_bus_close_unref(peers->bus);
    sd_bus_close_unref(peers->peer);
    g_free(peers);
}

void
peer_bus_settle(PeerBus *peers)
{
    gboolean busy = TRUE;

    while (busy) {
        int r = sd_bus_process(peers->bus, NULL), s = sd_bus_process(peers->peer, NULL);

        g_assert_cmpint(r, >=, 0);
        g_assert_cmpint(s, >=, 0);
        busy = g_main_context_iteration(NULL, FALSE) || r > 0 || s > 0;
    }
}

sd_bus_message *
peer_bus_take_call(PeerBus *peers, const char *name)
{
    for (GList *link = peers->calls->head; link; link = link->next) {
        sd_bus_message *call = link->data;

        if (name && g_strcmp0(sd_bus_message_get_destination(call), name) != 0)
            continue;
        g_queue_delete_link(peers->calls, link);
        return call;
    }
    return NULL;
}

void
peer_bus_answer(PeerBus *peers, sd_bus_message *call, const char *sender)
{
    sd_bus_message *reply = NULL;

    g_assert_nonnull(call);
    g_assert_cmpint(sd_bus_message_new_method_return(call, &reply), >=, 0);
    g_assert_cmpint(sd_bus_message_set_sender(reply, sender), >=, 0);
    g_assert_cmpint(sd_bus_send(peers->peer, reply, NULL), >=, 0);
    sd_bus_message_unref(reply);
    sd_bus_message_unref(call);
    peer_bus_settle(peers);
}
