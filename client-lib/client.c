/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The client: a connection to the bus, and what it subscribes to.
 *
 * One match rule brings the signals of every WebSocket, since a bus connection may have 512 rules at most;
 * they are told apart by object path in a tree. Two more say that the service or the bus has gone. The rules
 * are sent before anything that could cause a signal, and a bus keeps the order, so nothing is missed. sd-bus
 * takes a signal from any unique name for one of org.wsbroker1, as it cannot know better, and a bus delivers
 * what is addressed to us whoever sends it: so each handler looks at the sender itself.
 */

#include "client.h"

#include "signals.h"
#include "websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

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

/* ---- The bus ---- */

static void
drop_bus(wsb_client *client)
{
    client_unwatch_bus(client);
    pending_lose_bus(client);
    client->signal_slot = sd_bus_slot_unref(client->signal_slot);
    client->owner_slot = sd_bus_slot_unref(client->owner_slot);
    client->disconnected_slot = sd_bus_slot_unref(client->disconnected_slot);
    client->bus = client->origin == BUS_GIVEN ? sd_bus_unref(client->bus) : sd_bus_close_unref(client->bus);
}

void
client_lose_bus(wsb_client *client)
{
    drop_bus(client);
    websockets_lose(client, /* owner= */ NULL, "the connection to the message bus was lost");
}

static int
on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    (void)m, (void)ret_error;
    client_lose_bus(userdata);
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
        client_lose_bus(userdata);
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
    TAILQ_INIT(&client->deadlines);
    pending_init(&client->pending);
    LIST_INIT(&client->websockets);
    TAILQ_INIT(&client->deferred);
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
    buffer_pool_clear(&client->buffers);
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
