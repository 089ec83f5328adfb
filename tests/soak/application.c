/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Many applications in one process, each with a connection of its own to the bus and two WebSockets, that connect,
 * send, receive, stop reading for a while, close, drop and connect again, until SIGTERM; then they finish what they
 * have begun. Half of them use streams, half signals. What they do follows from SEED.
 *
 * Prints `ready` once SIGTERM is waited for; until then it would end the process.
 *
 * Every message is numbered and has a checksum (message.c). At the end of each connection this prints, on one line,
 *     end ID OUTCOME SENT RECEIVED STAGE
 * ID is in the URL, so that the server can tell of the same connection; OUTCOME is `clean` where it ended by
 * Close(1000), `cut` where it ended otherwise, and `failed` where it never opened; STAGE is that of the error, its
 * code where the connect was refused, or `-`. What must not happen is a line
 *     violation ID TEXT
 *
 * Run: soak-application ADDRESS SEED NUMBER APPLICATIONS CA PORT PORT PORT PORT. NUMBER, below 4096, tells processes
 * apart; CA is the path of the authority of those servers that have TLS. The ports are of one server without TLS and
 * with it, and of the other, which may be forbidden at any time.
 */

#include "message.h"
#include "wsbroker.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

enum {
    WEBSOCKETS = 2, /* of an application */
    COUNT_MAX = 150,
    PAUSE_MAX_MS = 1500,
    FINISH_TIMEOUT_MS = 20 * 1000,
    ID_BITS = 20 /* connections of a process */
};

/* What a server does with a connection; the path of its URL. */
typedef struct Kind {
    const char *name;
    unsigned weight;
    bool sends; /* the application does, and is echoed */
} Kind;

static const Kind kinds[] = {
    { "echo", 40, true },  { "stall", 10, true },  { "push", 20, false },  { "reset", 8, true },
    { "middle", 8, true }, { "violate", 8, true }, { "refuse", 4, false }, { "silent", 2, false },
};

typedef struct Process Process;

typedef struct Connection {
    struct Application *application;
    wsb_websocket *websocket; /* NULL while there is none */
    const Kind *kind;
    uint32_t id;
    uint32_t count;   /* messages that this side sends, or the server */
    uint32_t drop_at; /* received messages after which the WebSocket is dropped; 0: never */
    uint32_t sent, received;
    uint32_t next; /* number that is to come */
    bool opened;
    char stage[16];
    sd_event_source *timer;
} Connection;

typedef struct Application {
    Process *process;
    wsb_client *client;
    bool stream;
    sd_event_source *timer; /* while it does not read */
    Connection connections[WEBSOCKETS];
} Application;

struct Process {
    sd_event *event;
    const char *address;
    const char *ca;       /* path */
    const char *ports[4]; /* of one server without TLS and with it, and of the other */
    GRand *random;
    uint32_t number, last_id;
    bool finishing;
    unsigned busy; /* connections that are not over */
    size_t n_applications;
    Application *applications;
    uint8_t buffer[MESSAGE_MAX];
};

static void connection_begin(Connection *connection);

static bool
chance(Process *process, unsigned percent)
{
    return g_rand_int_range(process->random, 0, 100) < (gint32)percent;
}

static sd_event_source *
add_timer(Process *process, unsigned ms, sd_event_time_handler_t callback, void *userdata)
{
    sd_event_source *timer = NULL;

    if (sd_event_add_time_relative(process->event, &timer, CLOCK_MONOTONIC, ms * (uint64_t)1000, 0, callback,
                                   userdata) < 0)
        abort();
    return timer;
}

static void
violation(const Connection *connection, const char *text)
{
    printf("violation %u %s: %s\n", connection->id, connection->kind->name, text);
}

/* ---- The end of a connection ---- */

static int
on_next(sd_event_source *timer, uint64_t now, void *userdata)
{
    Connection *connection = userdata;

    (void)timer, (void)now;
    connection_begin(connection);
    return 0;
}

static void
leave_when_done(Process *process)
{
    if (process->finishing && process->busy == 0)
        (void)sd_event_exit(process->event, 0);
}

static void
connection_end(Connection *connection, const char *outcome)
{
    Process *process = connection->application->process;

    printf("end %u %s %u %u %s\n", connection->id, outcome, connection->sent, connection->received,
           *connection->stage ? connection->stage : "-");
    connection->websocket = wsb_websocket_unref(connection->websocket);
    connection->timer = sd_event_source_disable_unref(connection->timer);
    process->busy--;
    if (process->finishing)
        leave_when_done(process);
    else
        connection->timer =
            add_timer(process, (unsigned)g_rand_int_range(process->random, 1, 300), on_next, connection);
}

static void
on_close(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Connection *connection = userdata;
    bool clean = event->code == WSB_CLOSE_NORMAL;

    (void)websocket;
    if (clean && connection->kind->sends && connection->received != connection->sent)
        violation(connection, "closed in order without all echoes");
    connection_end(connection, clean ? "clean" : "cut");
}

static void
on_error(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Connection *connection = userdata;

    (void)websocket;
    if (*event->stage)
        g_strlcpy(connection->stage, event->stage, sizeof(connection->stage));
    else
        (void)snprintf(connection->stage, sizeof(connection->stage), "%u", event->code);
    if (!connection->opened)
        connection_end(connection, "failed");
}

/* ---- Messages ---- */

static void
send_all(Connection *connection)
{
    Process *process = connection->application->process;
    int r = 0;

    while (connection->kind->sends && connection->sent < connection->count && r >= 0) {
        size_t length = message_write(process->buffer, connection->id, connection->sent);

        r = wsb_websocket_send_binary(connection->websocket, process->buffer, length, NULL, NULL);
        if (r >= 0)
            connection->sent++;
    }
    if (r < 0 && r != -EAGAIN && r != -ENOTCONN)
        violation(connection, wsb_error_message(wsb_websocket_last_error(connection->websocket)));
}

/* An echo of all that was sent is the end; where a server pushes, that is the server's to say. */
static void
close_when_echoed(Connection *connection)
{
    if (connection->kind->sends && connection->sent == connection->count &&
        connection->received == connection->count)
        (void)wsb_websocket_close(connection->websocket, WSB_CLOSE_NORMAL, NULL, NULL, NULL);
}

static void
on_message(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Connection *connection = userdata;
    uint32_t sequence = 0;

    (void)websocket;
    if (!message_read(event->data, event->length, connection->id, &sequence))
        violation(connection, "a message is damaged");
    else if (sequence != connection->next)
        violation(connection,
                  sequence < connection->next ? "a message came twice or late" : "a message was lost");
    connection->next = sequence + 1;
    connection->received++;
    if (connection->received == connection->drop_at)
        connection_end(connection, "cut");
    else
        close_when_echoed(connection);
}

static int
on_reading_again(sd_event_source *timer, uint64_t now, void *userdata)
{
    Application *application = userdata;

    (void)timer, (void)now;
    application->timer = sd_event_source_disable_unref(application->timer);
    (void)wsb_client_attach_event(application->client, application->process->event, SD_EVENT_PRIORITY_NORMAL);
    return 0;
}

/* Also its timeouts stand still, as in a program that is busy with something else. */
static int
on_stop_reading(sd_event_source *timer, uint64_t now, void *userdata)
{
    Connection *connection = userdata;
    Application *application = connection->application;
    Process *process = application->process;

    (void)timer, (void)now;
    connection->timer = sd_event_source_disable_unref(connection->timer);
    if (application->timer || process->finishing)
        return 0;
    (void)wsb_client_detach_event(application->client);
    application->timer = add_timer(process, (unsigned)g_rand_int_range(process->random, 1, PAUSE_MAX_MS),
                                   on_reading_again, application);
    return 0;
}

static void
on_open(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Connection *connection = userdata;

    (void)websocket, (void)event;
    connection->opened = true;
    send_all(connection);
    if (chance(connection->application->process, 15))
        connection->timer = add_timer(connection->application->process, 1, on_stop_reading, connection);
}

static void
on_drain(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    (void)websocket, (void)event;
    send_all(userdata);
}

/* ---- The beginning ---- */

static const Kind *
choose_kind(Process *process)
{
    guint32 at = (guint32)g_rand_int_range(process->random, 0, 100);

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (at < kinds[i].weight)
            return &kinds[i];
        at -= kinds[i].weight;
    }
    abort();
}

static int
connection_start(Connection *connection)
{
    static const struct {
        wsb_event_type type;
        wsb_listener listener;
    } listeners[] = {
        { WSB_EVENT_OPEN, on_open },   { WSB_EVENT_MESSAGE, on_message }, { WSB_EVENT_DRAIN, on_drain },
        { WSB_EVENT_ERROR, on_error }, { WSB_EVENT_CLOSE, on_close },
    };
    Application *application = connection->application;
    Process *process = application->process;
    bool other = chance(process, 30), tls = chance(process, 20);
    g_autofree char *url =
        g_strdup_printf("%s://127.0.0.1:%s/%s?%u&%u", tls ? "wss" : "ws", process->ports[2 * other + tls],
                        connection->kind->name, connection->id, connection->count);
    wsb_options *options = NULL;
    int r = wsb_websocket_new(application->client, &connection->websocket);

    for (size_t i = 0; i < G_N_ELEMENTS(listeners) && r >= 0; i++)
        r = wsb_websocket_on(connection->websocket, listeners[i].type, listeners[i].listener, connection);
    if (r >= 0)
        r = wsb_options_new(&options);
    if (r >= 0)
        r = wsb_options_set_stream(options, application->stream);
    if (r >= 0 && tls)
        r = wsb_options_set_ca_path(options, process->ca);
    if (r >= 0)
        r = wsb_websocket_connect(connection->websocket, url, options, NULL, NULL);
    wsb_options_free(options);
    return r;
}

static void
connection_begin(Connection *connection)
{
    Application *application = connection->application;
    Process *process = application->process;
    int r;

    connection->timer = sd_event_source_disable_unref(connection->timer);
    if (process->finishing)
        return;
    *connection = (Connection){ .application = application, .kind = choose_kind(process) };
    connection->id = process->number << ID_BITS | process->last_id++ % (1U << ID_BITS);
    connection->count = (uint32_t)g_rand_int_range(process->random, 1, COUNT_MAX);
    if (chance(process, 10))
        connection->drop_at = (uint32_t)g_rand_int_range(process->random, 1, COUNT_MAX);
    process->busy++;
    r = connection_start(connection);
    if (r < 0) {
        violation(connection, strerror(-r));
        connection_end(connection, "failed");
    }
}

/* ---- The process ---- */

static int
on_finish_timeout(sd_event_source *timer, uint64_t now, void *userdata)
{
    Process *process = userdata;

    (void)timer, (void)now;
    for (size_t i = 0; i < process->n_applications * WEBSOCKETS; i++) {
        Connection *connection = &process->applications[i / WEBSOCKETS].connections[i % WEBSOCKETS];

        if (connection->websocket)
            violation(connection, connection->opened ? "does not end" : "is neither opened nor failed");
    }
    return sd_event_exit(process->event, 1);
}

/* What was sent is awaited; what a server pushes comes to its end by itself. */
static void
connection_finish(Connection *connection)
{
    if (!connection->websocket)
        return;
    connection->count = connection->sent;
    if (connection->opened)
        close_when_echoed(connection);
    else
        (void)wsb_websocket_close(connection->websocket, WSB_CLOSE_NORMAL, NULL, NULL, NULL);
}

static int
on_terminate(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    Process *process = userdata;

    (void)source, (void)info;
    if (process->finishing)
        return 0;
    process->finishing = true;
    for (size_t i = 0; i < process->n_applications * WEBSOCKETS; i++)
        connection_finish(&process->applications[i / WEBSOCKETS].connections[i % WEBSOCKETS]);
    leave_when_done(process);
    if (sd_event_add_time_relative(process->event, NULL, CLOCK_MONOTONIC, FINISH_TIMEOUT_MS * (uint64_t)1000,
                                   0, on_finish_timeout, process) < 0)
        abort();
    return 0;
}

static int
application_start(Application *application)
{
    Process *process = application->process;
    int r = wsb_client_new_for_address(&application->client, process->address);

    if (r >= 0)
        r = wsb_client_attach_event(application->client, process->event, SD_EVENT_PRIORITY_NORMAL);
    for (int i = 0; i < WEBSOCKETS && r >= 0; i++) {
        application->connections[i].application = application;
        connection_begin(&application->connections[i]);
    }
    return r;
}

static void
application_clear(Application *application)
{
    sd_event_source_disable_unref(application->timer);
    for (int i = 0; i < WEBSOCKETS; i++) {
        sd_event_source_disable_unref(application->connections[i].timer);
        wsb_websocket_unref(application->connections[i].websocket);
    }
    wsb_client_unref(application->client);
}

static int
process_run(Process *process)
{
    sigset_t signals;
    int r;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    puts("ready");
    r = sd_event_new(&process->event);
    if (r >= 0)
        r = sd_event_add_signal(process->event, NULL, SIGTERM, on_terminate, process);
    for (size_t i = 0; i < process->n_applications && r >= 0; i++) {
        process->applications[i].process = process;
        process->applications[i].stream = i % 2 == 0;
        r = application_start(&process->applications[i]);
    }
    if (r >= 0)
        r = sd_event_loop(process->event);
    for (size_t i = 0; i < process->n_applications; i++)
        application_clear(&process->applications[i]);
    sd_event_unref(process->event);
    return r;
}

int
main(int argc, char **argv)
{
    static Process process;
    int r;

    if (argc != 10)
        return 2;
    process.address = argv[1];
    process.random = g_rand_new_with_seed((guint32)strtoul(argv[2], NULL, 10));
    process.number = (uint32_t)strtoul(argv[3], NULL, 10);
    process.n_applications = strtoul(argv[4], NULL, 10);
    process.ca = argv[5];
    for (size_t i = 0; i < G_N_ELEMENTS(process.ports); i++)
        process.ports[i] = argv[6 + i];
    process.applications = g_new0(Application, process.n_applications);
    setvbuf(stdout, NULL, _IOLBF, 0);
    r = process_run(&process);
    if (r < 0)
        fprintf(stderr, "soak-application: %s\n", strerror(-r));
    g_rand_free(process.random);
    g_free(process.applications);
    return r == 0 ? 0 : 1;
}
