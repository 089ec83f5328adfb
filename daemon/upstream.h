/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dial.h"
#include "failure.h"
#include "handshake.h"
#include "lane.h"

/* An open WebSocket connection (RFC 6455 sections 5 to 7): libsoup on the metered stream. Lives in one lane. */
typedef struct Upstream Upstream;

/* Told from within the lane. None may free the upstream but `ended`. */
typedef struct UpstreamEvents {
    void (*message)(gboolean text, GBytes *data, gpointer user_data);
    /* A turn is over: its messages have been told, and bytes that waited may have been written. */
    void (*progress)(gpointer user_data);
    /* At most once, and then before `closed`. FAILURE is the callee's to free. */
    void (*failed)(Failure *failure, gpointer user_data);
    /* Once. REASON is valid during the call. */
    void (*closed)(guint16 code, const char *reason, gpointer user_data);
    /* Once, the last: the transport is closed. */
    void (*ended)(gpointer user_data);
} UpstreamEvents;

typedef struct UpstreamLimits {
    gsize max_message_size; /* bytes */
    gsize max_backlog;      /* bytes that honest use can leave waiting; see flow_new() */
    gint64 close_timeout;   /* µs */
    guint ping_interval;    /* seconds; 0: none */
    guint pong_timeout;     /* seconds; 0: none */
} UpstreamLimits;

/*
 * Takes over what DIALLED and SHAKEN hold and leaves them empty. URL is copied as needed. To be called from
 * within LANE, or between lane_enter() and lane_leave(); the lane must outlive it.
 */
Upstream *upstream_new(Lane *lane, const Url *url, DialResult *dialled, HandshakeResult *shaken,
                       const UpstreamLimits *limits, const UpstreamEvents *events, gpointer user_data);
void upstream_free(Upstream *upstream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Upstream, upstream_free)

/* Sends one message; TEXT must be valid UTF-8. Only before a close has begun. */
void upstream_send(Upstream *upstream, gboolean text, GBytes *data);

/* Between TRUE and FALSE a batch of messages is sent, which goes out when it is whole. */
void upstream_set_corked(Upstream *upstream, gboolean corked);

/* The application closes: `closed` follows with the peer's answer, or 1006. CODE and REASON must be such as an
 * endpoint may send. */
void upstream_close(Upstream *upstream, guint16 code, const char *reason);

/* The service closes: `closed` follows at once, with CODE; the peer is told, and has the close timeout to answer. With
 * 1008 nothing that still waited goes out before that. */
void upstream_terminate(Upstream *upstream, guint16 code, const char *reason);

/* Bytes that wait to be written. */
gsize upstream_get_backlog(const Upstream *upstream);

void upstream_set_paused(Upstream *upstream, gboolean paused);
