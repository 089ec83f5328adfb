/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The client: a connection to the bus, what it subscribes to, and how it is driven.
 *
 * One match rule brings the signals of every WebSocket, since a bus connection may have 512 rules at most;
 * they are told apart by object path in a tree. Two more say that the service or the bus has gone. The rules
 * are sent before anything that could cause a signal, and a bus keeps the order, so nothing is missed. sd-bus
 * takes a signal from any unique name for one of org.wsbroker1, as it cannot know better, and a bus delivers
 * what is addressed to us whoever sends it: so each handler looks at the sender itself.
 *
 * The descriptor that an application polls is an epoll descriptor, for two reasons: it stays the same when
 * the bus is opened again, and it has place for the descriptors of data streams beside the bus.
 *
 * Everything that reaches the application runs from client_dispatch(), under the flag `processing`: that is
 * the promise that no listener runs inside a call.
 */

#include "client.h"

#include "signals.h"
#include "websocket.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Bus messages handled by one wsb_client_process(), so that it comes back to its caller. */
#define PROCESS_BUDGET 32

#define SIGNAL_MATCH                                                                                         \
    "type='signal',sender='" WSB_BUS_NAME "',interface='" WSB_WEBSOCKET_INTERFACE                            \
    "',path_namespace='" WSB_WEBSOCKET_PATH "'"
#define OWNER_MATCH                                                                                          \
    "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/"                                    \
    "DBus',interface='org.freedesktop.DBus',"                                                                \
    "member='NameOwnerChanged',arg0='" WSB_BUS_NAME "'"
#define DISCONNECTED_MATCH                                                                                   \
    "type='signal',path='/org/freedesktop/DBus/Local',interface='org.freedesktop.DBus.Local',"               \
    "member='Disconnected'"

uint64_t
now_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t
deadline_after(uint64_t timeout_usec)
{
    uint64_t now = now_usec();

    return timeout_usec > UINT64_MAX - now ? UINT64_MAX : now + timeout_usec;
}

void
client_add_deadline(wsb_client *client, uint64_t deadline)
{
    if (deadline < client->next_deadline)
        client->next_deadline = deadline;
}

/* ---- The bus ---- */

static void
unwatch(wsb_client *client)
{
    if (client->watched_fd >= 0)
        (void)epoll_ctl(client->epoll_fd, EPOLL_CTL_DEL, client->watched_fd, NULL);
    client->watched_fd = -1;
}

static void
drop_bus(wsb_client *client)
{
    unwatch(client);
    client->signal_slot = sd_bus_slot_unref(client->signal_slot);
    client->owner_slot = sd_bus_slot_unref(client->owner_slot);
    client->disconnected_slot = sd_bus_slot_unref(client->disconnected_slot);
    client->bus = client->origin == BUS_GIVEN ? sd_bus_unref(client->bus) : sd_bus_close_unref(client->bus);
}

static void
lose_bus(wsb_client *client)
{
    drop_bus(client);
    websockets_lose(client, /* owner= */ NULL, "the connection to the message bus was lost");
}

static int
on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    (void)m, (void)ret_error;
    lose_bus(userdata);
    return 0;
}

static int
on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const char *sender = sd_bus_message_get_sender(m), *name, *old_owner, *new_owner;

    (void)ret_error;
    if (!sender || strcmp(sender, "org.freedesktop.DBus") != 0)
        return 0;
    if (sd_bus_message_read(m, "sss", &name, &old_owner, &new_owner) < 0 || strcmp(name, WSB_BUS_NAME) != 0)
        return 0;
    if (old_owner[0] != '\0')
        websockets_lose(userdata, old_owner, "the service went away");
    return 0;
}

/* Without this one the loss of the service would pass unseen, so a bus that refuses the rule is no bus to
 * use. */
static int
on_owner_match(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    (void)ret_error;
    if (sd_bus_message_is_method_error(m, NULL))
        lose_bus(userdata);
    return 0;
}

/* What the service sends is addressed to us and comes without a rule as well. */
static int
on_signal_match(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    (void)m, (void)userdata, (void)ret_error;
    return 0;
}

static int
subscribe(wsb_client *client)
{
    int r;

    r = sd_bus_add_match_async(client->bus, &client->owner_slot, OWNER_MATCH, on_owner_changed,
                               on_owner_match, client);
    if (r < 0)
        return r;
    r = sd_bus_add_match_async(client->bus, &client->signal_slot, SIGNAL_MATCH, signal_received,
                               on_signal_match, client);
    if (r < 0)
        return r;
    return sd_bus_add_match(client->bus, &client->disconnected_slot, DISCONNECTED_MATCH, on_disconnected,
                            client);
}

static int
open_address(const char *address, sd_bus **ret)
{
    sd_bus *bus = NULL;
    int r;

    r = sd_bus_new(&bus);
    if (r >= 0)
        r = sd_bus_set_address(bus, address);
    if (r >= 0)
        r = sd_bus_set_bus_client(bus, true);
    if (r >= 0)
        r = sd_bus_start(bus);
    if (r < 0) {
        sd_bus_unref(bus);
        return r;
    }
    *ret = bus;
    return 0;
}

int
client_ensure_bus(wsb_client *client)
{
    int r;

    if (client->bus)
        return 0;
    if (client->origin == BUS_GIVEN)
        return -ENOTCONN;
    if (client->origin == BUS_ADDRESS)
        r = open_address(client->address, &client->bus);
    else if (client->name == WSB_BUS_SESSION)
        r = sd_bus_open_user_with_description(&client->bus, "wsbroker");
    else
        r = sd_bus_open_system_with_description(&client->bus, "wsbroker");
    if (r < 0)
        return r;
    r = subscribe(client);
    if (r < 0) {
        drop_bus(client);
        return r;
    }
    return 0;
}

/* ---- Life ---- */

static wsb_client *
client_alloc(void)
{
    wsb_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->n_ref = 1;
    client->watched_fd = -1;
    client->timeout_usec = TIMEOUT_DEFAULT_USEC;
    client->next_deadline = UINT64_MAX;
    LIST_INIT(&client->websockets);
    client->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (client->epoll_fd < 0) {
        free(client);
        return NULL;
    }
    return client;
}

/* Takes over CLIENT; NULL is no memory, or no descriptor left. */
static int
client_finish_new(wsb_client *client, wsb_client **ret)
{
    int r = client_ensure_bus(client);

    if (r < 0) {
        wsb_client_unref(client);
        return r;
    }
    *ret = client;
    return 0;
}

int
wsb_client_new(wsb_client **ret, wsb_bus bus)
{
    wsb_client *client;

    if (!ret || (bus != WSB_BUS_SYSTEM && bus != WSB_BUS_SESSION))
        return -EINVAL;
    client = client_alloc();
    if (!client)
        return -errno;
    client->origin = BUS_NAMED;
    client->name = bus;
    return client_finish_new(client, ret);
}

int
wsb_client_new_for_address(wsb_client **ret, const char *address)
{
    wsb_client *client;

    if (!ret || !address)
        return -EINVAL;
    client = client_alloc();
    if (!client)
        return -errno;
    client->origin = BUS_ADDRESS;
    client->address = strdup(address);
    if (!client->address) {
        wsb_client_unref(client);
        return -ENOMEM;
    }
    return client_finish_new(client, ret);
}

int
wsb_client_new_with_bus(wsb_client **ret, sd_bus *bus)
{
    wsb_client *client;
    int r;

    if (!ret || !bus)
        return -EINVAL;
    client = client_alloc();
    if (!client)
        return -errno;
    client->origin = BUS_GIVEN;
    client->bus = sd_bus_ref(bus);
    r = subscribe(client);
    if (r < 0) {
        wsb_client_unref(client);
        return r;
    }
    *ret = client;
    return 0;
}

wsb_client *
wsb_client_ref(wsb_client *client)
{
    if (client)
        client->n_ref++;
    return client;
}

wsb_client *
wsb_client_unref(wsb_client *client)
{
    if (!client || --client->n_ref > 0)
        return NULL;
    (void)wsb_client_detach_event(client);
    drop_bus(client);
    close(client->epoll_fd);
    free(client->address);
    free(client);
    return NULL;
}

sd_bus *
wsb_client_get_bus(wsb_client *client)
{
    return client ? client->bus : NULL;
}

int
wsb_client_set_timeout(wsb_client *client, uint64_t timeout_usec)
{
    if (!client)
        return -EINVAL;
    client->timeout_usec = timeout_usec > 0 ? timeout_usec : TIMEOUT_DEFAULT_USEC;
    return 0;
}

/* ---- Driving ---- */

int
wsb_client_get_fd(wsb_client *client)
{
    return client ? client->epoll_fd : -EINVAL;
}

int
wsb_client_get_events(wsb_client *client)
{
    struct epoll_event event;
    int fd, events;

    if (!client)
        return -EINVAL;
    fd = client->bus ? sd_bus_get_fd(client->bus) : -1;
    events = client->bus ? sd_bus_get_events(client->bus) : 0;
    if (fd < 0 || events < 0) {
        unwatch(client);
        return POLLIN;
    }
    /* While it is opening, sd-bus goes from one address to the next, and may have another file under the same
     * number. */
    if (fd == client->watched_fd && events == client->watched_events && sd_bus_is_ready(client->bus) > 0)
        return POLLIN;
    if (fd != client->watched_fd)
        unwatch(client);
    event = (struct epoll_event){ .events = (uint32_t)events, .data.fd = fd };
    if (epoll_ctl(client->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 &&
        epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    client->watched_fd = fd;
    client->watched_events = events;
    return POLLIN;
}

int
wsb_client_get_timeout(wsb_client *client, uint64_t *ret_usec)
{
    uint64_t bus_usec = UINT64_MAX;

    if (!client || !ret_usec)
        return -EINVAL;
    if (client->bus && sd_bus_get_timeout(client->bus, &bus_usec) <= 0)
        bus_usec = UINT64_MAX;
    *ret_usec = bus_usec < client->next_deadline ? bus_usec : client->next_deadline;
    return *ret_usec != UINT64_MAX;
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
            lose_bus(client);
        r = 1;
    }
    sd_bus_unref(bus);
    return r;
}

static int
client_dispatch(wsb_client *client)
{
    int progress = 0, r = 1;

    for (int i = 0; i < PROCESS_BUDGET && client->bus && r > 0; i++) {
        r = process_bus(client);
        if (r < 0)
            return r;
        progress |= r;
    }
    if (client->next_deadline != UINT64_MAX && now_usec() >= client->next_deadline) {
        client->next_deadline = UINT64_MAX;
        websockets_check_deadlines(client);
        progress = 1;
    }
    return progress;
}

int
wsb_client_process(wsb_client *client)
{
    int r;

    if (!client)
        return -EINVAL;
    if (client->processing)
        return -EBUSY;
    wsb_client_ref(client);
    client->processing = true;
    r = client_dispatch(client);
    client->processing = false;
    wsb_client_unref(client);
    return r;
}

/* Until there is something to do, DEADLINE at the latest. 0 or a negative errno. */
static int
poll_until(wsb_client *client, uint64_t deadline)
{
    uint64_t until, now = now_usec(), left;
    int events = wsb_client_get_events(client);
    struct pollfd fd = { .fd = client->epoll_fd, .events = (short)events };
    struct timespec timeout;

    if (events < 0)
        return events;
    (void)wsb_client_get_timeout(client, &until);
    if (deadline < until)
        until = deadline;
    left = until > now ? until - now : 0;
    timeout.tv_sec = (time_t)(left / 1000000);
    timeout.tv_nsec = (long)(left % 1000000 * 1000);
    return ppoll(&fd, 1, until == UINT64_MAX ? NULL : &timeout, NULL) < 0 ? -errno : 0;
}

int
wsb_client_wait(wsb_client *client, uint64_t timeout_usec)
{
    uint64_t deadline = deadline_after(timeout_usec);
    int r;

    wsb_client_ref(client);
    while ((r = wsb_client_process(client)) == 0 && now_usec() < deadline) {
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the reference taken above keeps it
        r = poll_until(client, deadline);
        if (r < 0)
            break;
    }
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the reference taken above keeps it
    wsb_client_unref(client);
    return r;
}
