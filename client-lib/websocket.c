/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One WebSocket of the application: its object in the service, its state, and its end.
 *
 * The object is made when something is first asked of it, and made again when the service that had it is
 * gone; so a WebSocket outlives the service, and the next connect starts it by activation.
 *
 * Two counts decide its life. n_ref is the application's; when it falls to zero everything that could call
 * the application is cut at once, even in the middle of an emission. n_hold is the library's, taken wherever
 * it still needs the memory after a listener has run.
 *
 * A connection ends in one place each way: state first, then the sends that can no longer go out, then the
 * listeners. So what a listener starts anew is never taken for a part of the old connection.
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

static void
end_creation(wsb_websocket *websocket)
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
    end_creation(websocket);
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

/* Leaves it to the bus. */
static void
forget_creation(wsb_websocket *websocket)
{
    Creation *creation = sd_bus_slot_get_userdata(websocket->creating);

    creation->websocket = NULL;
    (void)sd_bus_slot_set_floating(websocket->creating, true);
    end_creation(websocket);
}

/* ---- Life ---- */

int
wsb_websocket_new(wsb_client *client, wsb_websocket **ret)
{
    wsb_websocket *websocket;

    if (!client || !ret)
        return -EINVAL;
    websocket = calloc(1, sizeof(*websocket));
    if (!websocket)
        return -ENOMEM;
    websocket->n_ref = 1;
    websocket->client = wsb_client_ref(client);
    websocket->state = WSB_STATE_CREATED;
    websocket->creating_deadline = UINT64_MAX;
    calls_init(&websocket->calls);
    listeners_init(&websocket->listeners);
    LIST_INSERT_HEAD(&client->websockets, websocket, link);
    *ret = websocket;
    return 0;
}

void
websocket_hold(wsb_websocket *websocket)
{
    websocket->n_hold++;
}

void
websocket_release_hold(wsb_websocket *websocket)
{
    wsb_client *client = websocket->client;

    if (--websocket->n_hold > 0 || websocket->n_ref > 0)
        return;
    listeners_clear(&websocket->listeners);
    LIST_REMOVE(websocket, link);
    error_clear(&websocket->last_error);
    free(websocket);
    wsb_client_unref(client);
}

bool
websocket_is_dropped(const wsb_websocket *websocket)
{
    return websocket->n_ref == 0;
}

wsb_websocket *
wsb_websocket_ref(wsb_websocket *websocket)
{
    if (websocket)
        websocket->n_ref++;
    return websocket;
}

wsb_websocket *
wsb_websocket_unref(wsb_websocket *websocket)
{
    if (!websocket || --websocket->n_ref > 0)
        return NULL;
    websocket_hold(websocket);
    listeners_clear(&websocket->listeners);
    calls_drop_all(&websocket->calls);
    websocket_forget_object(websocket, /* release= */ true);
    if (websocket->creating)
        forget_creation(websocket);
    websocket->state = WSB_STATE_CLOSED;
    websocket_release_hold(websocket);
    return NULL;
}

wsb_client *
wsb_websocket_get_client(wsb_websocket *websocket)
{
    return websocket ? websocket->client : NULL;
}

wsb_state
wsb_websocket_get_state(wsb_websocket *websocket)
{
    return websocket ? websocket->state : WSB_STATE_CLOSED;
}

const char *
wsb_websocket_get_path(wsb_websocket *websocket)
{
    return websocket ? websocket->path : NULL;
}

const wsb_error *
wsb_websocket_last_error(wsb_websocket *websocket)
{
    return websocket ? &websocket->last_error : NULL;
}

/* ---- The end of a connection ---- */

static void
fail_waiting_sends(wsb_websocket *websocket, int result, wsb_code code, const char *message)
{
    wsb_error error = { 0 };

    error_set(&error, result, code, message);
    calls_fail_waiting_sends(websocket, &error);
    error_clear(&error);
}

void
websocket_tell_error(wsb_websocket *websocket, const wsb_event *event)
{
    bool connecting = websocket->state == WSB_STATE_CONNECTING;
    bool open = websocket->state == WSB_STATE_OPEN || websocket->state == WSB_STATE_CLOSING;

    if (!(connecting || open) || websocket->error_told)
        return;
    websocket->error_told = true;
    if (connecting) {
        websocket->state = WSB_STATE_CLOSED;
        fail_waiting_sends(websocket, -ENOTCONN, WSB_CODE_NOT_CONNECTED, "the connection could not be made");
    }
    listeners_emit(websocket, event);
}

void
websocket_tell_close(wsb_websocket *websocket, uint16_t code, const char *reason)
{
    wsb_event event = { .type = WSB_EVENT_CLOSE, .code = code, .message = reason };

    if (websocket->state != WSB_STATE_OPEN && websocket->state != WSB_STATE_CLOSING)
        return;
    websocket->state = WSB_STATE_CLOSED;
    fail_waiting_sends(websocket, -ENOTCONN, WSB_CODE_NOT_CONNECTED, "the connection is closed");
    listeners_emit(websocket, &event);
}

void
websocket_lose(wsb_websocket *websocket, const char *message)
{
    wsb_event failed = {
        .type = WSB_EVENT_ERROR,
        .code = WSB_CODE_CONNECTION_FAILED,
        .message = message,
        .stage = "service",
    };
    wsb_event closed = { .type = WSB_EVENT_CLOSE, .code = WSB_CLOSE_ABNORMAL, .message = "" };
    bool open = websocket->state == WSB_STATE_OPEN || websocket->state == WSB_STATE_CLOSING;
    /* The callback of a Connect that was not answered hears of it instead. */
    bool started = websocket->state == WSB_STATE_CONNECTING && !calls_has_connect(&websocket->calls);
    bool tell_error = (open && !websocket->error_told) || started;
    wsb_error error = { 0 };

    websocket_hold(websocket);
    websocket_forget_object(websocket, /* release= */ false);
    end_creation(websocket);
    if (websocket->state != WSB_STATE_CREATED)
        websocket->state = WSB_STATE_CLOSED;

    error_set(&error, -ECONNRESET, WSB_CODE_UNKNOWN, message);
    calls_fail_all(websocket, &error);
    error_clear(&error);

    if (tell_error)
        listeners_emit(websocket, &failed);
    if (open)
        listeners_emit(websocket, &closed);
    websocket_release_hold(websocket);
}

void
websockets_lose(wsb_client *client, const char *owner, const char *message)
{
    SLIST_HEAD(, wsb_websocket) lost = SLIST_HEAD_INITIALIZER(lost);
    wsb_websocket *websocket;

    /* First collect: a listener may drop any of them. */
    LIST_FOREACH(websocket, &client->websockets, link)
    {
        if (!owner || (websocket->owner && strcmp(websocket->owner, owner) == 0)) {
            websocket_hold(websocket);
            SLIST_INSERT_HEAD(&lost, websocket, lost_link);
        }
    }
    while ((websocket = SLIST_FIRST(&lost))) {
        SLIST_REMOVE_HEAD(&lost, lost_link);
        websocket_lose(websocket, message);
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the hold that it gives up was taken above
        websocket_release_hold(websocket);
    }
}

void
websocket_abandon(wsb_websocket *websocket)
{
    wsb_error error = { 0 };

    websocket_forget_object(websocket, /* release= */ true);
    websocket->state = WSB_STATE_CLOSED;
    error_set_errno(&error, -ETIMEDOUT);
    calls_fail_all(websocket, &error);
    error_clear(&error);
}

/* ---- Deadlines ---- */

static wsb_websocket *
find_due(wsb_client *client, uint64_t now)
{
    wsb_websocket *websocket;

    LIST_FOREACH(websocket, &client->websockets, link)
    {
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): LIST_REMOVE has taken out what was freed
        if (websocket->calls.close_deadline <= now || websocket->creating_deadline <= now)
            return websocket;
    }
    return NULL;
}

/* The service has not made the object in time. */
static void
give_up_creation(wsb_websocket *websocket)
{
    wsb_error error = { 0 };

    forget_creation(websocket);
    error_set_errno(&error, -ETIMEDOUT);
    calls_fail_all(websocket, &error);
    error_clear(&error);
}

void
websockets_check_deadlines(wsb_client *client)
{
    uint64_t now = now_usec();
    wsb_websocket *websocket;

    while ((websocket = find_due(client, now))) {
        websocket_hold(websocket);
        if (websocket->creating_deadline <= now)
            give_up_creation(websocket);
        else
            fail_waiting_sends(websocket, -ETIMEDOUT, WSB_CODE_UNKNOWN,
                               "not sent in time before the closing handshake");
        websocket_release_hold(websocket);
    }
    LIST_FOREACH(websocket, &client->websockets, link)
    {
        client_add_deadline(client, websocket->calls.close_deadline);
        client_add_deadline(client, websocket->creating_deadline);
    }
}
