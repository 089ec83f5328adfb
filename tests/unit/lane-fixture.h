/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane.h"

/* A hub on the main context, with two lanes. */
typedef struct LaneFixture {
    LaneHub *hub;
    Lane *a, *b;
} LaneFixture;

/* For g_test_add(). Every lane that a test adds it frees, or sets to NULL where it is one of the two. */
void lane_fixture_set_up(LaneFixture *fixture, gconstpointer data);
void lane_fixture_tear_down(LaneFixture *fixture, gconstpointer data);

Lane *lane_fixture_new_lane(LaneHub *hub);

/* One turn of the test's hub, which waits until there is something to do. */
void lane_fixture_iterate(void);

/* Iterates until nothing is left to do without waiting. */
void lane_fixture_settle(void);

/* An eventfd whose source is in a lane: it counts the events that the lane dispatched. */
typedef struct Bell {
    Lane *lane; /* NULL: the main context */
    int fd;
    GSource *source;
    guint rung;
    /* What to do when it rings; may be NULL. */
    void (*then)(struct Bell *bell, gpointer user_data);
    gpointer user_data;
} Bell;

void bell_init(Bell *bell, Lane *lane);
void bell_clear(Bell *bell);

/* Attaches and destroys the source; with the lane entered. */
void bell_watch(Bell *bell);
void bell_unwatch(Bell *bell);

void bell_ring(Bell *bell);

/* Iterates until it has rung as many TIMES in all. */
void bell_wait(const Bell *bell, guint times);
