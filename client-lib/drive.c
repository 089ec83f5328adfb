/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How a client is driven: one descriptor for the application to poll, and what there is to do when it is
 * ready.
 *
 * It is an epoll descriptor, for two reasons: it stays the same when the bus is opened again, and it has
 * place for the streams beside the bus. What sd-bus waits for changes from call to call and is looked up
 * before every poll; what a stream waits for is kept right at each of its steps.
 *
 * Nobody waits while there is something to do: before each wait the kernel knows what sd-bus waits for, and no
 * wait is longer than until the first of what was put off, what sd-bus has read and not yet handled or has a
 * time for, and our own deadlines. All of that changes in a turn or between two, by listeners, callbacks and
 * the application's own use of the bus, never while waiting. To look at it costs no system call. So the wait
 * is the look at what is ready, and a message on a stream is one epoll_wait, one read and, when it is
 * answered, one sendmsg, however much a bus is besides.
 *
 * A turn is bounded: some messages of the bus, and one read of each stream that is ready, of a few at a time.
 * The kernel puts what it has reported behind what it has not, so each has its turn however busy the others
 * are. The bus comes first, because "open" and what ends a connection are on it.
 *
 * Everything that reaches the application runs from take_turn(), under the flag `processing`: that is
 * the promise that no listener runs inside a call.
 */

#include "client.h"

#include "websocket.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>

/* Bus messages handled, and streams read, by one wsb_client_process(), so that it returns to its caller. */
#define BUS_BUDGET 32
#define STREAM_BUDGET 16

/* ---- What to wait for ---- */

int
wsb_client_get_fd(wsb_client *client)
{
    return client ? client->epoll_fd : -EINVAL;
}

void
client_unwatch_bus(wsb_client *client)
{
    if (client->watched_fd >= 0)
        (void)epoll_ctl(client->epoll_fd, EPOLL_CTL_DEL, client->watched_fd, NULL);
    client->watched_fd = -1;
}

static int
watch_bus(wsb_client *client)
{
    struct epoll_event event = { .data.ptr = NULL };
    int fd, events;

    fd = client->bus ? sd_bus_get_fd(client->bus) : -1;
    events = client->bus ? sd_bus_get_events(client->bus) : 0;
    if (fd < 0 || events < 0) {
        client_unwatch_bus(client);
        return 0;
    }
    /* While it is opening, sd-bus goes from one address to the next, and may have another file under the same
     * number. */
    if (fd == client->watched_fd && events == client->watched_events && sd_bus_is_ready(client->bus) > 0)
        return 0;
    if (fd != client->watched_fd)
        client_unwatch_bus(client);
    event.events = (uint32_t)events;
    if (epoll_ctl(client->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 &&
        epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    client->watched_fd = fd;
    client->watched_events = events;
    return 0;
}

int
wsb_client_get_events(wsb_client *client)
{
    int r = client ? watch_bus(client) : -EINVAL;

    return r < 0 ? r : POLLIN;
}

int
wsb_client_get_timeout(wsb_client *client, uint64_t *ret_usec)
{
    uint64_t bus_usec = UINT64_MAX, deadline;

    if (!client || !ret_usec)
        return -EINVAL;
    if (client->n_deferred > 0) {
        *ret_usec = 0;
        return 1;
    }
    if (client->bus && sd_bus_get_timeout(client->bus, &bus_usec) <= 0)
        bus_usec = UINT64_MAX;
    deadline = deadlines_next(&client->deadlines);
    *ret_usec = bus_usec < deadline ? bus_usec : deadline;
    return *ret_usec != UINT64_MAX;
}

/* ---- What was put off ---- */

void
client_defer(wsb_websocket *websocket)
{
    wsb_client *client = websocket->client;

    if (websocket->deferred)
        return;
    websocket->deferred = true;
    TAILQ_INSERT_TAIL(&client->deferred, websocket, deferred_link);
    client->n_deferred++;
}

void
client_forget_deferred(wsb_websocket *websocket)
{
    wsb_client *client = websocket->client;

    if (!websocket->deferred)
        return;
    websocket->deferred = false;
    TAILQ_REMOVE(&client->deferred, websocket, deferred_link);
    client->n_deferred--;
}

/* Each once: what is put off by one of them has the next turn. Returns whether there was any. */
static int
run_deferred(wsb_client *client)
{
    size_t n = client->n_deferred;
    wsb_websocket *websocket;

    for (size_t i = 0; i < n && (websocket = TAILQ_FIRST(&client->deferred)); i++) {
        client_forget_deferred(websocket);
        websocket_hold(websocket);
        websocket_run_deferred(websocket);
        websocket_release_hold(websocket);
    }
    return n > 0;
}

/* ---- The streams ---- */

/* What a look at the descriptors found. */
typedef struct Ready {
    bool bus;
    int n;
    struct epoll_event events[STREAM_BUDGET + 1]; /* data.ptr: the WebSocket, which is held */
} Ready;

/* The milliseconds until then, rounded up; -1 without end. */
static int
milliseconds_until(uint64_t usec)
{
    uint64_t now, left;

    if (usec == 0 || usec == UINT64_MAX)
        return usec == 0 ? 0 : -1;
    now = now_usec();
    left = usec > now ? (usec - now - 1) / 1000 + 1 : 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

/* Waits until UNTIL at the latest. 0 or a negative errno. */
static int
find_ready(wsb_client *client, uint64_t until, Ready *ready)
{
    int n, n_streams = 0;

    ready->bus = false;
    n = epoll_wait(client->epoll_fd, ready->events, STREAM_BUDGET + 1, milliseconds_until(until));
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        if (!ready->events[i].data.ptr) {
            ready->bus = true;
            continue;
        }
        ready->events[n_streams++] = ready->events[i];
        websocket_hold(ready->events[i].data.ptr);
    }
    ready->n = n_streams;
    return 0;
}

/* A look, without waiting. */
static void
look(wsb_client *client, Ready *ready)
{
    /* Without streams the bus alone is asked, which is no more work. */
    if (client->n_streams > 0 && watch_bus(client) >= 0 && find_ready(client, /* until= */ 0, ready) >= 0)
        return;
    ready->bus = true;
    ready->n = 0;
}

/* The same, which waits until UNTIL at the latest for what there is to do. 0 or a negative errno. */
static int
wait_for_ready(wsb_client *client, uint64_t until, Ready *ready)
{
    uint64_t due;
    int r = watch_bus(client);

    if (r < 0)
        return r;
    (void)wsb_client_get_timeout(client, &due);
    return find_ready(client, due < until ? due : until, ready);
}

static int
dispatch_streams(wsb_client *client, const Ready *ready)
{
    for (int i = 0; i < ready->n; i++) {
        stream_dispatch(ready->events[i].data.ptr, ready->events[i].events);
        (void)run_deferred(client);
    }
    return ready->n > 0;
}

static void
release_ready(const Ready *ready)
{
    for (int i = 0; i < ready->n; i++)
        websocket_release_hold(ready->events[i].data.ptr);
}

/* ---- The bus ---- */

/* Whether sd-bus has work that its descriptor does not show. */
static bool
bus_is_due(wsb_client *client)
{
    uint64_t usec;
    int r = sd_bus_get_timeout(client->bus, &usec);

    return r < 0 || (r > 0 && usec <= now_usec());
}

/* One bus message at most. As wsb_client_process(). */
static int
process_bus(wsb_client *client)
{
    sd_bus *bus = sd_bus_ref(client->bus); /* a listener may be told of its loss and open another */
    int r;

    r = sd_bus_process(bus, NULL);
    if (r < 0 && r != -EBUSY) {
        if (client->bus == bus)
            client_lose_bus(client);
        r = 1;
    }
    sd_bus_unref(bus);
    return r;
}

static int
dispatch_bus(wsb_client *client, const Ready *ready)
{
    int progress = 0, r = 1;

    if (!client->bus || !(ready->bus || bus_is_due(client)))
        return 0;
    for (int i = 0; i < BUS_BUDGET && client->bus && r > 0; i++) {
        r = process_bus(client);
        if (r < 0)
            return r;
        progress |= r;
    }
    return progress;
}

static int
dispatch(wsb_client *client, const Ready *ready)
{
    int progress, r;

    r = dispatch_bus(client, ready);
    progress = r < 0 ? r : r | dispatch_streams(client, ready);
    release_ready(ready);
    if (progress < 0)
        return progress;
    progress |= deadlines_run(&client->deadlines);
    return progress | run_deferred(client);
}

/* One turn, which waits until UNTIL at the latest (0: not at all) for something to do. */
static int
take_turn(wsb_client *client, uint64_t until)
{
    int progress = run_deferred(client), r = 0;
    Ready ready;

    if (until == 0 || progress)
        look(client, &ready);
    else
        r = wait_for_ready(client, until, &ready);
    if (r >= 0)
        r = dispatch(client, &ready);
    return r < 0 ? r : progress | r;
}

static int
process_until(wsb_client *client, uint64_t until)
{
    int r;

    if (client->processing)
        return -EBUSY;
    client->processing = true;
    r = take_turn(client, until);
    client->processing = false;
    return r;
}

int
wsb_client_process(wsb_client *client)
{
    int r;

    if (!client)
        return -EINVAL;
    wsb_client_ref(client);
    r = process_until(client, /* until= */ 0);
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the reference taken above keeps it
    wsb_client_unref(client);
    return r;
}

int
wsb_client_wait(wsb_client *client, uint64_t timeout_usec)
{
    uint64_t until = timeout_usec > 0 ? deadline_after(timeout_usec) : 0;
    int r;

    if (!client)
        return -EINVAL;
    wsb_client_ref(client);
    do
        r = process_until(client, until);
    while (r == 0 && until > 0 && (until == UINT64_MAX || now_usec() < until));
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the reference taken above keeps it
    wsb_client_unref(client);
    return r;
}
