/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "flow.h"
#include "socket-pair.h"

enum { FLOW_MAX_MESSAGE = 1024 * 1024, FLOW_MAX_BACKLOG = 64 * 1024 };

/* A flow on a socket pair with permessage-deflate, and a reader that behaves as libsoup's WebSocket does. The test plays the server. */
typedef struct FlowFixture {
    SocketPair *pair;
    Lane *lane;
    Flow *flow;
    GPollableInputStream *input;
    GPollableOutputStream *output;
    guint progress; /* calls */

    GSource *reader;
    GByteArray *received;
    gsize received_before; /* the turn under way */
    gsize largest_turn;    /* bytes that one turn handed on */
    gboolean ended;
    GString *turns; /* where to note them, or NULL */
    char name;
} FlowFixture;

/* TYPE as for socket_pair_new(). The reader is started. */
void flow_fixture_init(FlowFixture *fixture, int type, GBytes *leftover);
void flow_fixture_clear(FlowFixture *fixture);

/* For g_test_add(). */
void flow_fixture_set_up(FlowFixture *fixture, gconstpointer data);
void flow_fixture_tear_down(FlowFixture *fixture, gconstpointer data);

void flow_fixture_start_reading(FlowFixture *fixture);
void flow_fixture_stop_reading(FlowFixture *fixture);

/* One turn of the loop that all flows share, which waits until there is something to do. */
void flow_fixture_iterate(void);

/* Iterates until nothing is left to do without waiting. */
void flow_fixture_settle(void);

/* Iterates until LENGTH bytes in all have been received. */
void flow_fixture_wait_received(const FlowFixture *fixture, gsize length);
void flow_fixture_assert_received(const FlowFixture *fixture, const char *bytes, gsize length);
