/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "share.h"

#include <glib.h>
#include <systemd/sd-bus.h>

/* How far each receiver has read: all fences of one bus connection. */
typedef struct FenceKeeper FenceKeeper;

/* One receiver's. */
typedef struct Fence Fence;

/* What is sent to it, each with a window of its own: an application that waits for a reply must not be kept waiting
 * until it has read its messages. */
typedef enum FenceKind { FENCE_SIGNALS, FENCE_REPLIES, FENCE_KINDS } FenceKind;

/* A fence must not be freed in any of these. */
typedef struct FenceEvents {
    /* The receiver has a window of KIND unread, or has read on. */
    void (*full)(Fence *fence, FenceKind kind, gboolean full, gpointer user_data);
    /* It did not answer in time, or could not be asked. */
    void (*dead)(Fence *fence, gpointer user_data);
} FenceEvents;

/* TIMEOUT: µs in which a receiver must answer. EVENTS outlives the keeper. */
FenceKeeper *fence_keeper_new(sd_bus *bus, gint64 timeout, const FenceEvents *events, gpointer user_data);
/* After the last of its fences. */
void fence_keeper_free(FenceKeeper *keeper);

/*
 * A fence for the connection NAME, whose part of what the bus can hold is SHARE, which outlives the fence. It may have
 * SIGNAL_WINDOW bytes of signals unread, or less where many others have much unread. Free it when that connection has
 * left the bus.
 */
Fence *fence_new(FenceKeeper *keeper, const char *name, Share *share, gsize signal_window);
void fence_free(Fence *fence);

void fence_set_signal_window(Fence *fence, gsize window);

const char *fence_get_name(const Fence *fence);

/* BYTES more of KIND are sent to the receiver: signals that were sent already, or replies that are about to be. */
void fence_count(Fence *fence, FenceKind kind, gsize bytes);

/* Whether nothing more of KIND should be sent for now. */
gboolean fence_is_full(const Fence *fence, FenceKind kind);

/* Whether the receiver was told dead and has still not answered what it was asked. */
gboolean fence_is_dead(const Fence *fence);
