/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* How far each receiver of signals has read: all fences of one bus connection. */
typedef struct FenceKeeper FenceKeeper;

/* One receiver's. */
typedef struct Fence Fence;

typedef struct FenceEvents {
    /* The receiver has a window of bytes unread, or has read on. */
    void (*full)(Fence *fence, gboolean full, gpointer user_data);
    /* It did not answer in time, or could not be asked. The fence must not be freed in here. */
    void (*dead)(Fence *fence, gpointer user_data);
} FenceEvents;

/* TIMEOUT: µs in which a receiver must answer. EVENTS outlives the keeper. */
FenceKeeper *fence_keeper_new(sd_bus *bus, gint64 timeout, const FenceEvents *events, gpointer user_data);
/* After the last of its fences. */
void fence_keeper_free(FenceKeeper *keeper);

/* A fence for the connection NAME of user UID, which may have WINDOW bytes unread. Free it when that connection has left
 * the bus. */
Fence *fence_new(FenceKeeper *keeper, const char *name, uid_t uid, gsize window);
void fence_free(Fence *fence);

const char *fence_get_name(const Fence *fence);

/* BYTES more were sent to the receiver. */
void fence_count(Fence *fence, gsize bytes);

/* Whether nothing more should be sent for now. */
gboolean fence_is_full(const Fence *fence);

/* Whether the receiver was told dead and has still not answered what it was asked. */
gboolean fence_is_dead(const Fence *fence);
