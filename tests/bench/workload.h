/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * What every client of the benchmark does, whatever carries its messages: open some idle connections if
 * asked, then one more, on which messages of one size are kept in flight, or counted as they come, for some
 * seconds. The client brings the connections and its loop, which runs until DONE; the workload decides and
 * measures.
 *
 * On standard output, one JSON object a line:
 *     {"idle": N, "seconds": S}     N idle connections were opened in S seconds; a line of input lets it go
 *                                   on
 *     {"stalled": true}             with --stall: the connection is open, and nothing reads it until input
 *                                   ends
 *     {"seconds": S, "messages": N, "bytes": N, "round_trip": S, "cpu": [S, …]}   the result
 * round_trip is the median, only with one in flight (else 0). cpu is the processor time of the client itself,
 * then of each process that --watch named, within those seconds.
 */
typedef struct Workload Workload;

typedef struct WorkloadClient {
    /* Opens one more connection to URL: workload_opened() follows, later or from inside. */
    void (*open)(gpointer client, const char *url);
    /* Sends a binary message, which is copied, on a connection that workload_opened() named. */
    void (*send)(gpointer client, gpointer connection, const guint8 *data, gsize length);
} WorkloadClient;

/* The command line of every client: OPTION… URL. */
typedef struct WorkloadOptions {
    char *url;      /* of the measured connection */
    char *idle_url; /* of the idle ones */
    char *ca;       /* path of the authority to trust, PEM; NULL: the system's */
    char *bus;      /* address; NULL: none */
    char *proxy;    /* URL; NULL: none */
    int size;       /* bytes of a message */
    int in_flight;
    int idle;
    int opening;    /* how many connections are opened at a time */
    int handshakes; /* of which libsoup is allowed so many; 0: its own limit */
    double seconds;
    gboolean receive;
    gboolean stall;
    char **watch; /* process ids */
} WorkloadOptions;

/* Reads the command line; ends the program when it is wrong. CLIENT is handed to each function of CLASS. Free
 * with * workload_free(). */
Workload *workload_new(int argc, char **argv, const WorkloadClient *class, gpointer client);
void workload_free(Workload *workload);

const WorkloadOptions *workload_options(const Workload *workload);

/* Opens the first connections. */
void workload_begin(Workload *workload);

/* What the client reports. CONNECTION is its own. */
void workload_opened(Workload *workload, gpointer connection);
void workload_received(Workload *workload, gpointer connection, gsize length);

/* Ends the program with exit status 1. */
void workload_fail(Workload *workload, const char *reason) G_GNUC_NORETURN;

/* The result is printed: the client's loop ends. */
gboolean workload_done(const Workload *workload);
