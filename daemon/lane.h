/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* All lanes of a process, behind one source of its main context. */
typedef struct LaneHub LaneHub;

/* One event context, driven by the hub on the hub's thread. */
typedef struct Lane Lane;

/*
 * A hub whose one source is attached to CONTEXT. NULL and an error when the kernel gives no epoll descriptor.
 * Free with lane_hub_free() after the last of its lanes.
 */
LaneHub *lane_hub_new(GMainContext *context, GError **error);
void lane_hub_free(LaneHub *hub);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LaneHub, lane_hub_free)

/* How many lanes the hub has; for tests and for accounting at the end. */
guint lane_hub_count(const LaneHub *hub);

/* Whether a few more descriptors can be had, without taking those that are kept for what is going on. FALSE and an error
 * (G_FILE_ERROR) when not. */
gboolean lane_hub_check_descriptors(const LaneHub *hub, GError **error);

/*
 * A new lane. Whatever is started between lane_enter() and lane_leave() finds the lane's context as the thread's
 * default one and is dispatched from there. NULL and an error (G_FILE_ERROR) when descriptors have run out.
 * Free with lane_unref(), also from a callback that the lane itself dispatches. Destroy your sources before: what is
 * still ready in the lane, such as the answer to an operation of GIO's, is dispatched a last time.
 */
Lane *lane_new(LaneHub *hub, GError **error);
Lane *lane_ref(Lane *lane);
void lane_unref(Lane *lane);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lane, lane_unref)

/* Every touch of an object that lives in the lane, from outside the lane, stands between these two. They nest. */
void lane_enter(Lane *lane);
void lane_leave(Lane *lane);

/*
 * Says that from now on no descriptor of this lane is closed and another opened under the same number within one
 * turn, which saves a system call a turn. Connecting does that; an established connection does not.
 */
void lane_set_settled(Lane *lane);

/* The context, for attaching sources explicitly. Owned by the lane. */
GMainContext *lane_get_context(Lane *lane);
