/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The loop that all clients of the benchmark run, so that a figure compares what carries the messages and
 * nothing else. A tenth of the time warms up; then the clock and the processor clocks are read, and read
 * again by the same process when the time is over, so that neither the start of a program nor a watcher
 * beside it is measured.
 */

#include "workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef enum Phase {
    PHASE_IDLE,    /* idle connections are being opened */
    PHASE_OPENING, /* the measured one is */
    PHASE_WARMING,
    PHASE_MEASURING,
    PHASE_DONE
} Phase;

struct Workload {
    WorkloadOptions options;
    const WorkloadClient *class;
    gpointer client;
    Phase phase;
    int idle_begun, idle_open;
    double idle_since;
    guint8 *payload;
    gpointer measured; /* the client's connection */
    double phase_since, last;
    guint64 messages, bytes;
    GArray *round_trips; /* double, seconds */
    GArray *clocks;      /* clockid_t */
    GArray *cpu;         /* double, when measuring began */
};

static double
read_clock(clockid_t clock)
{
    struct timespec time = { 0 };

    (void)clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double
now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void
workload_fail(Workload *workload, const char *reason)
{
    (void)workload;
    fprintf(stderr, "%s: %s\n", g_get_prgname(), reason);
    exit(1);
}

/* ---- The command line ---- */

static void
parse(Workload *workload, int *argc, char ***argv)
{
    WorkloadOptions *options = &workload->options;
    const GOptionEntry entries[] = {
        { "idle", 0, 0, G_OPTION_ARG_INT, &options->idle, "Idle connections besides", "N" },
        { "idle-url", 0, 0, G_OPTION_ARG_STRING, &options->idle_url, "Where to", "URL" },
        { "opening", 0, 0, G_OPTION_ARG_INT, &options->opening, "Opened at a time", "N" },
        { "handshakes", 0, 0, G_OPTION_ARG_INT, &options->handshakes, "The limit of libsoup's session", "N" },
        { "ca", 0, 0, G_OPTION_ARG_FILENAME, &options->ca, "The authority to trust", "FILE" },
        { "bus", 0, 0, G_OPTION_ARG_STRING, &options->bus, "Address of the bus", "ADDRESS" },
        { "proxy", 0, 0, G_OPTION_ARG_STRING, &options->proxy, "Go through this proxy", "URL" },
        { "size", 0, 0, G_OPTION_ARG_INT, &options->size, "Bytes of a message", "N" },
        { "in-flight", 0, 0, G_OPTION_ARG_INT, &options->in_flight, "Messages under way", "N" },
        { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &options->seconds, "How long to measure", "S" },
        { "receive", 0, 0, G_OPTION_ARG_NONE, &options->receive, "Send nothing", NULL },
        { "stall", 0, 0, G_OPTION_ARG_NONE, &options->stall, "Open, then read nothing", NULL },
        { "watch", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->watch, "Measure this process too", "PID" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("URL");
    g_autoptr(GError) error = NULL;

    *options = (WorkloadOptions){ .size = 64, .in_flight = 1, .seconds = 1, .opening = 32 };
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, &error))
        workload_fail(workload, error->message);
    if (*argc != 2 || options->size < 0 || options->in_flight < 1 || options->idle < 0 ||
        options->opening < 1)
        workload_fail(workload, "one URL and sensible numbers, please");
    options->url = g_strdup((*argv)[1]);
}

/* Thousands of connections take as many descriptors. */
static void
raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void
find_clocks(Workload *workload)
{
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;

    g_array_append_val(workload->clocks, clock);
    for (char **pid = workload->options.watch; pid && *pid; pid++) {
        if (clock_getcpuclockid((pid_t)atoi(*pid), &clock) != 0)
            workload_fail(workload, "there is no such process to watch");
        g_array_append_val(workload->clocks, clock);
    }
    g_array_set_size(workload->cpu, workload->clocks->len);
}

Workload *
workload_new(int argc, char **argv, const WorkloadClient *class, gpointer client)
{
    Workload *workload = g_new0(Workload, 1);

    workload->class = class;
    workload->client = client;
    g_set_prgname("bench-client");
    parse(workload, &argc, &argv);
    raise_descriptor_limit();
    workload->payload = g_malloc((gsize)workload->options.size + 1);
    memset(workload->payload, 'x', (gsize)workload->options.size);
    workload->round_trips = g_array_new(FALSE, FALSE, sizeof(double));
    workload->clocks = g_array_new(FALSE, FALSE, sizeof(clockid_t));
    workload->cpu = g_array_new(FALSE, TRUE, sizeof(double));
    find_clocks(workload);
    return workload;
}

void
workload_free(Workload *workload)
{
    WorkloadOptions *options = &workload->options;

    g_free(options->url);
    g_free(options->idle_url);
    g_free(options->ca);
    g_free(options->bus);
    g_free(options->proxy);
    g_strfreev(options->watch);
    g_free(workload->payload);
    g_array_unref(workload->round_trips);
    g_array_unref(workload->clocks);
    g_array_unref(workload->cpu);
    g_free(workload);
}

const WorkloadOptions *
workload_options(const Workload *workload)
{
    return &workload->options;
}

gboolean
workload_done(const Workload *workload)
{
    return workload->phase == PHASE_DONE;
}

/* ---- Opening ---- */

static void
open_measured(Workload *workload)
{
    workload->phase = PHASE_OPENING;
    workload->class->open(workload->client, workload->options.url);
}

static void
open_one_idle(Workload *workload)
{
    workload->idle_begun++;
    workload->class->open(workload->client, workload->options.idle_url);
}

void
workload_begin(Workload *workload)
{
    int first = MIN(workload->options.idle, workload->options.opening);

    if (workload->options.idle == 0) {
        open_measured(workload);
        return;
    }
    workload->idle_since = now();
    while (workload->idle_begun < first)
        open_one_idle(workload);
}

static void
idle_opened(Workload *workload)
{
    char line[80];

    workload->idle_open++;
    if (workload->idle_begun < workload->options.idle)
        open_one_idle(workload);
    if (workload->idle_open < workload->options.idle)
        return;
    printf("{\"idle\": %d, \"seconds\": %.6f}\n", workload->idle_open, now() - workload->idle_since);
    (void)fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        workload->phase = PHASE_DONE;
    else
        open_measured(workload);
}

/* ---- Measuring ---- */

static void
send_one(Workload *workload)
{
    workload->class->send(workload->client, workload->measured, workload->payload,
                          (gsize)workload->options.size);
}

static void
read_cpu(Workload *workload, gboolean difference)
{
    for (guint i = 0; i < workload->clocks->len; i++) {
        double *cpu = &g_array_index(workload->cpu, double, i);
        double time = read_clock(g_array_index(workload->clocks, clockid_t, i));

        *cpu = difference ? time - *cpu : time;
    }
}

static int
compare_doubles(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;

    return (difference > 0) - (difference < 0);
}

static double
median_round_trip(Workload *workload)
{
    GArray *times = workload->round_trips;

    if (times->len == 0)
        return 0;
    qsort(times->data, times->len, sizeof(double), compare_doubles);
    return g_array_index(times, double, times->len / 2);
}

static void
report(Workload *workload)
{
    read_cpu(workload, TRUE);
    printf("{\"seconds\": %.9f, \"messages\": %" G_GUINT64_FORMAT ", \"bytes\": %" G_GUINT64_FORMAT
           ", \"round_trip\": %.9f, \"cpu\": [",
           workload->last - workload->phase_since, workload->messages, workload->bytes,
           median_round_trip(workload));
    for (guint i = 0; i < workload->cpu->len; i++)
        printf("%s%.9f", i ? ", " : "", g_array_index(workload->cpu, double, i));
    printf("]}\n");
    (void)fflush(stdout);
    workload->phase = PHASE_DONE;
}

static void
stall(void)
{
    char line[80];

    printf("{\"stalled\": true}\n");
    (void)fflush(stdout);
    while (fgets(line, sizeof(line), stdin))
        ;
}

void
workload_opened(Workload *workload, gpointer connection)
{
    if (workload->phase == PHASE_IDLE) {
        idle_opened(workload);
        return;
    }
    workload->measured = connection;
    workload->phase = PHASE_WARMING;
    workload->phase_since = now();
    if (workload->options.stall) {
        stall();
        workload->phase = PHASE_DONE;
        return;
    }
    for (int i = 0; i < workload->options.in_flight && !workload->options.receive; i++)
        send_one(workload);
}

static void
count(Workload *workload, double time, gsize length)
{
    double round_trip = time - workload->last;

    workload->messages++;
    workload->bytes += length;
    if (workload->options.in_flight == 1 && !workload->options.receive)
        g_array_append_val(workload->round_trips, round_trip);
    workload->last = time;
    if (time - workload->phase_since >= workload->options.seconds)
        report(workload);
}

void
workload_received(Workload *workload, gpointer connection, gsize length)
{
    double time = now();

    if (connection != workload->measured || workload->phase == PHASE_DONE)
        return;
    if (!workload->options.receive && length != (gsize)workload->options.size)
        workload_fail(workload, "the echo is not what was sent");
    if (workload->phase == PHASE_MEASURING) {
        count(workload, time, length);
    } else if (time - workload->phase_since >= workload->options.seconds / 10) {
        workload->phase = PHASE_MEASURING;
        workload->phase_since = workload->last = time;
        read_cpu(workload, FALSE);
    }
    if (!workload->options.receive && workload->phase != PHASE_DONE)
        send_one(workload);
}
