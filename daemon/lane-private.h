/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane.h"

/* What the hub's own parts share: lane-hub (the loop), lane-watch (the epoll set), lane (a context in it). */

struct LaneHub {
    int epoll_fd;
    int max_fd;           /* above it a descriptor is one of the reserve */
    Lane *root;           /* of the main context */
    guint n_lanes;        /* beside the root */
    GHashTable *watches;  /* fd → LaneWatch, those that are in the epoll set */
    GSequence *deadlines; /* of Lane, those with a deadline, soonest first */
    GQueue ready;         /* of Lane */
};

struct LaneWatch {
    Lane *lane;
    int fd;
    void (*ready)(GIOCondition condition, gpointer user_data); /* NULL: one of the context's sources' */
    gpointer user_data;
    guint32 wanted;  /* bits of epoll and poll, which are the same; 0: not in the set */
    guint32 events;  /* as registered */
    guint32 revents; /* as reported */
    gboolean raised;
    gboolean telling; /* in the turn under way, which found it reported or raised */
    gboolean refused; /* by epoll, which is asked again at each turn */
};

struct Lane {
    LaneHub *hub;
    guint references;
    GMainContext *context;
    GArray *polls;      /* of GPollFD, as of the last query */
    GPtrArray *polled;  /* of LaneWatch, for those; owned here */
    GPtrArray *watches; /* of LaneWatch, others' */
    int priority;       /* as of the last prepare */
    gint64 deadline;    /* monotonic time, µs; valid while deadline_iter is set */
    GSequenceIter *deadline_iter;
    GList *ready_link; /* place in the hub's queue, or NULL */
    gboolean due;      /* the context has something to check and dispatch */
    gboolean settled;
    gboolean suspect; /* descriptors may have been closed and opened since the last query */
    gboolean running;
    gboolean freed; /* while running */
};

/* lane-watch */

/* A watch for a source of the context's. */
LaneWatch *lane_watch_new_polled(Lane *lane, int fd);

/* Makes the epoll set what is wanted of WATCH; ANEW: also where it seems to be. */
void lane_watch_update(LaneWatch *watch, gboolean anew);

/* Looks at the descriptor without epoll. */
void lane_watch_poll(LaneWatch *watch);

/* EVENTS have been reported for it. */
void lane_watch_report(LaneWatch *watch, guint32 events);

/* Whether it is to be told in this turn, from the first to the second. */
void lane_watch_begin_telling(LaneWatch *watch);
GIOCondition lane_watch_take_condition(LaneWatch *watch);

/* lane */

/* A lane for CONTEXT (taken). */
Lane *lane_new_for_context(LaneHub *hub, GMainContext *context);

/* Puts it in the hub's queue, if it is not there. */
void lane_set_ready(Lane *lane);

/* Brings up to date what the lane waits for. Sets it ready if there is no need to wait. */
void lane_prepare(Lane *lane);

/* Looks at its context's descriptors without epoll. */
void lane_poll(Lane *lane);

/* Its deadline has come. */
void lane_expire(Lane *lane);

/* A turn of what is ready in it. */
void lane_run(Lane *lane);
