/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl monitor: looks at the service again and again, and tells what has been added since the last
 * look. Only what is counted is compared: WebSockets come, connect anew and go between two looks, and the
 * service may end and be there again. It is never started by being looked at, and no state of it ends this
 * program; that the bus is gone does. It waits without handling signals, which end it as they end any
 * program: the terminal is left as it is.
 */

#include "ctl.h"
#include "monitor-view.h"
#include "output.h"
#include "websocket-list.h"

#include <errno.h>
#include <string.h>
#include <time.h>

typedef struct Monitor {
    const Arguments *arguments;
    wsb_client *client;
    MonitorView *view;
    MonitorState state;
    bool own_only;
    GArray *before; /* of WebSocketEntry: the last look that had an answer; NULL: none yet */
    uint64_t before_usec;
} Monitor;

static uint64_t
clock_usec(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * G_USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

static void
sleep_until(uint64_t usec)
{
    struct timespec moment = { (time_t)(usec / G_USEC_PER_SEC), (long)(usec % G_USEC_PER_SEC) * 1000 };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR)
        ;
}

/* ---- One look ---- */

/* Sets the state, and where the service answers *ret_list. 0, or a negative errno after saying why the monitor
 * cannot go on. */
static int
look(Monitor *monitor, GArray **ret_list)
{
    MonitorState last = monitor->state;
    sd_bus_message *reply = NULL;
    int r = call_list(monitor->client, &reply);

    monitor->state = r == -ENXIO ? MONITOR_NO_SERVICE : r == -ETIMEDOUT ? MONITOR_NO_ANSWER : MONITOR_RUNNING;
    if (r >= 0) {
        r = websocket_list_read(reply, ret_list);
        if (r >= 0 && last != MONITOR_RUNNING)
            monitor->own_only = call_is_refused_administration(monitor->client);
    } else if (monitor->state == MONITOR_RUNNING)
        call_report(r);
    else
        r = 0;
    sd_bus_message_unref(reply);
    return r;
}

/* Keeps what was seen for the next look. LIST: NULL unless the service answered; one that does not run has no
 * WebSocket, of one that does not answer nothing new is known. */
static void
remember(Monitor *monitor, GArray *list, uint64_t usec)
{
    if (monitor->state == MONITOR_NO_ANSWER)
        return;
    g_clear_pointer(&monitor->before, g_array_unref);
    monitor->before = list ? g_array_ref(list) : g_array_new(FALSE, FALSE, sizeof(WebSocketEntry));
    monitor->before_usec = usec;
}

/* ---- Rates ---- */

static Traffic
traffic_of(const WebSocketEntry *entry)
{
    Traffic traffic = { .connected_at = dictionary_get_number(&entry->properties, "ConnectedAt") };

    for (gsize i = 0; i < N_COUNTERS; i++)
        traffic.counters[i] = dictionary_get_number(&entry->properties, counter_names[i]);
    return traffic;
}

/* The entries of LIST by their paths, all of them LIST's. */
static GHashTable *
index_entries(const GArray *list)
{
    GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < list->len; i++) {
        WebSocketEntry *entry = &g_array_index(list, WebSocketEntry, i);

        g_hash_table_insert(index, entry->path, entry);
    }
    return index;
}

/* The rates of each in LIST since the last look, and their sum. Free with g_free(). */
static Rates *
compute_rates(const Monitor *monitor, const GArray *list, double seconds, Rates *ret_total)
{
    Rates *rates = g_new0(Rates, list->len);
    g_autoptr(GHashTable) before = index_entries(monitor->before);

    for (guint i = 0; i < list->len; i++) {
        const WebSocketEntry *entry = &g_array_index(list, WebSocketEntry, i);
        const WebSocketEntry *last = g_hash_table_lookup(before, entry->path);
        Traffic traffic = traffic_of(entry), last_traffic = last ? traffic_of(last) : (Traffic){ 0 };

        rates[i] = rates_between(last ? &last_traffic : NULL, &traffic, seconds);
        rates_add(ret_total, &rates[i]);
    }
    return rates;
}

/* ---- The loop ---- */

/* LIST: NULL unless the service answered. */
static void
report(Monitor *monitor, const GArray *list, uint64_t now)
{
    MonitorReport report = { .time = clock_usec(CLOCK_REALTIME),
                             .state = monitor->state,
                             .own_only = monitor->own_only,
                             .seconds = (double)(now - monitor->before_usec) / G_USEC_PER_SEC };
    g_autofree Rates *rates = NULL;

    if (list) {
        rates = compute_rates(monitor, list, report.seconds, &report.total);
        report.list = list;
        report.rates = rates;
    }
    monitor_view_show(monitor->view, &report);
}

/* One interval: looks, reports and remembers. FALSE at the end of it all. */
static gboolean
turn(Monitor *monitor)
{
    g_autoptr(GArray) list = NULL;
    uint64_t now;

    if (look(monitor, &list) < 0)
        return FALSE;
    now = clock_usec(CLOCK_MONOTONIC);
    /* The first answer at all has nothing to be compared with but itself. */
    if (!monitor->before)
        remember(monitor, list, now);
    report(monitor, list, now);
    remember(monitor, list, now);
    return output_flush();
}

static ExitStatus
run(Monitor *monitor)
{
    uint64_t interval = monitor->arguments->interval_usec;
    uint64_t next = clock_usec(CLOCK_MONOTONIC);
    g_autoptr(GArray) list = NULL;

    if (look(monitor, &list) < 0)
        return EXIT_FAILED;
    remember(monitor, list, clock_usec(CLOCK_MONOTONIC));
    for (uint64_t n = 0; monitor->arguments->count == 0 || n < monitor->arguments->count; n++) {
        /* One that does not answer makes an interval longer; the next ones are not shorter for it. */
        next = MAX(next + interval, clock_usec(CLOCK_MONOTONIC));
        sleep_until(next);
        if (!turn(monitor))
            return EXIT_FAILED;
    }
    return EXIT_OK;
}

ExitStatus
ctl_monitor(const Arguments *arguments)
{
    g_autoptr(MonitorView) view = monitor_view_new(arguments);
    Monitor monitor = { .arguments = arguments,
                        .client = ctl_open_client(arguments),
                        .view = view,
                        .state = MONITOR_NO_SERVICE };
    ExitStatus status = monitor.client ? run(&monitor) : EXIT_FAILED;

    g_clear_pointer(&monitor.before, g_array_unref);
    wsb_client_unref(monitor.client);
    return status;
}
