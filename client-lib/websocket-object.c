/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The object that the service has for a WebSocket: made when something is first asked of it, and made again
 * when the service that had it is gone.
 *
 * One match rule brings the signals of all of them, so they are found by their path, in a tree. A path alone
 * means little: the next instance of the service may give it to another. So the unique name of the instance
 * is kept beside it.
 */

#include "websocket.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* ---- The table by path ---- */

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(((const wsb_websocket *)a)->path, ((const wsb_websocket *)b)->path);
}

wsb_websocket *
websocket_find(wsb_client *client, const char *path)
{
    const wsb_websocket key = { .path = (char *)path };
    wsb_websocket **found = tfind(&key, &client->by_path, compare_paths);

    return found ? *found : NULL;
}

/* ---- The object in the service ---- */

static void
send_release(sd_bus *bus, const char *owner, const char *path)
{
    sd_bus_message *m = NULL;
    int r;

    r = sd_bus_message_new_method_call(bus, &m, owner, path, WSB_WEBSOCKET_INTERFACE, "Release");
    if (r >= 0)
        r = sd_bus_message_set_expect_reply(m, false);
    /* Whether it arrives does not matter: what is not released goes when this connection to the bus does. */
    if (r >= 0)
        (void)sd_bus_send(bus, m, NULL);
    sd_bus_message_unref(m);
}

void
websocket_forget_object(wsb_websocket *websocket, bool release)
{
    if (release)
        stream_close(websocket);
    if (!websocket->path)
        return;
    if (release && websocket->client->bus)
        send_release(websocket->client->bus, websocket->owner, websocket->path);
    tdelete(websocket, &websocket->client->by_path, compare_paths);
    free(websocket->path);
    free(websocket->owner);
    websocket->path = websocket->owner = NULL;
}

/* What the answer to CreateWebSocket says; the strings are its own. */
static int
read_created(sd_bus_message *reply, const char **ret_owner, const char **ret_path)
{
    int r = sd_bus_message_read(reply, "o", ret_path);

    if (r < 0)
        return r;
    *ret_owner = sd_bus_message_get_sender(reply);
    return *ret_owner && strncmp(*ret_path, WSB_WEBSOCKET_PATH "/", strlen(WSB_WEBSOCKET_PATH "/")) == 0
               ? 0
               : -EBADMSG;
}

static int
adopt_object(wsb_websocket *websocket, sd_bus_message *reply)
{
    const char *owner, *path;
    wsb_websocket **entry;
    int r;

    r = read_created(reply, &owner, &path);
    if (r < 0)
        return r;
    websocket->path = strdup(path);
    websocket->owner = strdup(owner);
    entry = websocket->path && websocket->owner
                ? tsearch(websocket, &websocket->client->by_path, compare_paths)
                : NULL;
    if (entry && *entry == websocket)
        return 0;
    free(websocket->path);
    free(websocket->owner);
    websocket->path = websocket->owner = NULL;
    return entry ? -EBADMSG : -ENOMEM;
}

/* The answer to a CreateWebSocket that nobody waits for any more. */
static void
release_unwanted(sd_bus_message *reply)
{
    const char *owner, *path;

    if (!sd_bus_message_is_method_error(reply, NULL) && read_created(reply, &owner, &path) >= 0)
        send_release(sd_bus_message_get_bus(reply), owner, path);
}

static void
on_created(void *userdata, sd_bus_message *reply, const wsb_error *error)
{
    wsb_websocket *websocket = userdata;
    wsb_error unusable = { 0 };
    int r;

    websocket_hold(websocket);
    websocket->creating = NULL;
    if (!error && (r = adopt_object(websocket, reply)) < 0) {
        error_set_errno(&unusable, r);
        error = &unusable;
    }
    if (error)
        calls_fail_all(websocket, error);
    else
        calls_advance(websocket);
    error_clear(&unusable);
    websocket_release_hold(websocket);
}

int
websocket_create_object(wsb_websocket *websocket)
{
    wsb_client *client = websocket->client;
    const PendingHandler handler = {
        .answered = on_created,
        .unwanted = release_unwanted,
        .timeout_usec = client->timeout_usec,
    };
    sd_bus_message *m = NULL;
    int r;

    if (websocket->creating)
        return 0;
    r = client_ensure_bus(client);
    if (r < 0)
        return r;
    r = sd_bus_message_new_method_call(client->bus, &m, WSB_BUS_NAME, WSB_MANAGER_PATH, WSB_MANAGER_INTERFACE,
                                       "CreateWebSocket");
    if (r >= 0)
        r = pending_call(client, m, &handler, websocket, &websocket->creating);
    sd_bus_message_unref(m);
    return r;
}
