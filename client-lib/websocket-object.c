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

/* An unanswered CreateWebSocket. It stays with the bus when the WebSocket is dropped before the answer, or
 * waits for it no longer, so that the object can be released when it comes after all; and goes with the bus.
 * So the bus itself sets it no deadline. */
typedef struct Creation {
    wsb_websocket *websocket; /* NULL: dropped */
} Creation;

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

static void
release_unwanted(sd_bus_message *reply)
{
    const char *owner, *path;

    if (!sd_bus_message_is_method_error(reply, NULL) && read_created(reply, &owner, &path) >= 0)
        send_release(sd_bus_message_get_bus(reply), owner, path);
}

void
websocket_end_creation(wsb_websocket *websocket)
{
    websocket->creating = sd_bus_slot_unref(websocket->creating);
    websocket->creating_deadline = UINT64_MAX;
}

static int
on_created(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    wsb_websocket *websocket = ((Creation *)userdata)->websocket;
    wsb_error error = { 0 };
    int r;

    (void)ret_error;
    if (!websocket) {
        release_unwanted(m);
        return 0;
    }
    websocket_hold(websocket);
    websocket_end_creation(websocket);
    if (sd_bus_message_is_method_error(m, NULL))
        error_set_answer(&error, m);
    else if ((r = adopt_object(websocket, m)) < 0)
        error_set_errno(&error, r);

    if (error.result < 0)
        calls_fail_all(websocket, &error);
    else
        calls_advance(websocket);
    error_clear(&error);
    websocket_release_hold(websocket);
    return 0;
}

/* Takes over CREATION, which sd-bus frees with the slot. */
static int
call_create(wsb_client *client, Creation *creation, sd_bus_slot **ret)
{
    sd_bus_message *m = NULL;
    int r;

    r = sd_bus_message_new_method_call(client->bus, &m, WSB_BUS_NAME, WSB_MANAGER_PATH, WSB_MANAGER_INTERFACE,
                                       "CreateWebSocket");
    if (r >= 0)
        r = sd_bus_call_async(client->bus, ret, m, on_created, creation, UINT64_MAX);
    sd_bus_message_unref(m);
    if (r < 0) {
        free(creation);
        return r;
    }
    return sd_bus_slot_set_destroy_callback(*ret, free);
}

int
websocket_create_object(wsb_websocket *websocket)
{
    Creation *creation;
    int r;

    if (websocket->creating)
        return 0;
    r = client_ensure_bus(websocket->client);
    if (r < 0)
        return r;
    creation = malloc(sizeof(*creation));
    if (!creation)
        return -ENOMEM;
    creation->websocket = websocket;
    r = call_create(websocket->client, creation, &websocket->creating);
    if (r < 0)
        return r;
    websocket->creating_deadline = deadline_after(websocket->client->timeout_usec);
    client_add_deadline(websocket->client, websocket->creating_deadline);
    return 0;
}

void
websocket_forget_creation(wsb_websocket *websocket)
{
    Creation *creation = sd_bus_slot_get_userdata(websocket->creating);

    creation->websocket = NULL;
    (void)sd_bus_slot_set_floating(websocket->creating, true);
    websocket_end_creation(websocket);
}
