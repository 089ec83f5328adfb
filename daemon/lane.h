/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The event loop of a process: its main context and all its lanes, behind one epoll descriptor. */
typedef struct LaneHub LaneHub;

/* One event context, driven by the hub on the hub's thread. */
typedef struct Lane Lane;

/* One descriptor that a lane watches without a source of GLib's. */
typedef struct LaneWatch LaneWatch;

/*
 * A hub that drives CONTEXT (NULL: the default one) beside its lanes, on the thread that calls this. NULL and an error
 * when the kernel gives no epoll descriptor. Free with lane_hub_free() after the last of its lanes.
 */
LaneHub *lane_hub_new(GMainContext *context, GError **error);
void lane_hub_free(LaneHub *hub);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LaneHub, lane_hub_free)

/*
 * One turn: what is ready in the context and in each lane is dispatched, once each. MAY_BLOCK: waits until something is.
 * Returns whether there was anything. As g_main_context_iteration(), and in its place: nobody else may iterate the
 * context.
 */
gboolean lane_hub_iterate(LaneHub *hub, gboolean may_block);

/* How many lanes the hub has; for tests and for accounting at the end. */
guint lane_hub_count(const LaneHub *hub);

/* Whether a few more descriptors can be had, without taking those that are kept for what is going on. FALSE and an error
 * (G_FILE_ERROR) when not. */
gboolean lane_hub_check_descriptors(const LaneHub *hub, GError **error);

/*
 * A new lane. Whatever is started between lane_enter() and lane_leave() finds the lane's context as the thread's
 * default one and is dispatched from there. NULL and an error (G_FILE_ERROR) when descriptors have run out.
 * Free with lane_unref(), also from a callback that the lane itself dispatches. Destroy your sources and watches before:
 * what is still ready in the lane, such as the answer to an operation of GIO's, is dispatched a last time.
 */
Lane *lane_new(LaneHub *hub, GError **error);
Lane *lane_ref(Lane *lane);
void lane_unref(Lane *lane);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lane, lane_unref)

/* Every touch of an object that lives in the lane, from outside the lane, stands between these two. They nest. */
void lane_enter(Lane *lane);
void lane_leave(Lane *lane);

/*
 * Says that from now on no descriptor of a source in this lane is closed and another opened under the same number
 * within one turn, which saves a system call a turn. Connecting does that; an established connection does not.
 */
void lane_set_settled(Lane *lane);

/* The context, for attaching sources explicitly. Owned by the lane. */
GMainContext *lane_get_context(Lane *lane);

/*
 * Watches FD, for nothing at first. READY is told what it is ready for, from within the lane, and may free the watch
 * and the lane; what it was not asked for may come too, as with poll(), and 0 for a turn that lane_watch_raise() asked
 * for. FD must stay open as long as it is watched for something. The watch keeps no reference to the lane and must be
 * freed before it.
 */
LaneWatch *lane_watch_new(Lane *lane, int fd, void (*ready)(GIOCondition condition, gpointer user_data),
                          gpointer user_data);
void lane_watch_free(LaneWatch *watch);

/* Whether FD is watched for CONDITION, beside what else it is watched for. For nothing at all, not even that it was hung
 * up is told. */
void lane_watch_want(LaneWatch *watch, GIOCondition condition, gboolean wanted);

/* READY is told in the next turn, whatever the descriptor does. */
void lane_watch_raise(LaneWatch *watch);
