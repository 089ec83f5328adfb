/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"
#include "rates.h"

#include <glib.h>

typedef enum MonitorState {
    MONITOR_RUNNING,
    MONITOR_NO_SERVICE,
    MONITOR_NO_ANSWER,
} MonitorState;

/* What there is to say at the end of an interval. */
typedef struct MonitorReport {
    uint64_t time; /* realtime, µs */
    MonitorState state;
    bool own_only;      /* the caller is no administrator */
    double seconds;     /* since the last look that had an answer */
    const GArray *list; /* of WebSocketEntry; NULL unless it runs */
    const Rates *rates; /* of each of them */
    Rates total;
} MonitorReport;

/* How reports are shown: on a terminal as a table that is drawn again and again, else as a line for each, and
 * as an object a line where JSON is asked for. */
typedef struct MonitorView MonitorView;

/* The one that ARGUMENTS and standard output ask for. Free with monitor_view_free(). */
MonitorView *monitor_view_new(const Arguments *arguments);
void monitor_view_free(MonitorView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MonitorView, monitor_view_free)

/* Shows REPORT on stdout, which is not flushed. */
void monitor_view_show(MonitorView *view, const MonitorReport *report);
