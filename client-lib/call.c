/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One method call of a WebSocket, as it is built.
 *
 * Its message is built at once, so that a bad argument is told to whoever made the call. Without an object
 * its address is not known yet; then the body is copied to an addressed message when it is. Calls go to the
 * unique name of the service that has the object: another instance may have another's object at that path.
 */

#include "call.h"

#include "websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const members[] = {
    [CALL_CONNECT] = "Connect",
    [CALL_SEND] = "Send",
    [CALL_CLOSE] = "Close",
};

Call *
call_free(Call *call)
{
    if (call) {
        pending_drop(call->pending);
        sd_bus_message_unref(call->message);
        free(call);
    }
    return NULL;
}

static int
new_message(Call *call, sd_bus_message **ret)
{
    wsb_websocket *websocket = call->websocket;
    sd_bus_message *m = NULL;
    int r;

    r = sd_bus_message_new_method_call(
        websocket->client->bus, &m, websocket->path ? websocket->owner : WSB_BUS_NAME,
        websocket->path ? websocket->path : WSB_MANAGER_PATH, WSB_WEBSOCKET_INTERFACE, members[call->type]);
    /* A Connect may hold passwords: sd-bus wipes it. */
    if (r >= 0 && call->type == CALL_CONNECT)
        r = sd_bus_message_sensitive(m);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    *ret = m;
    return 0;
}

int
call_new(wsb_websocket *websocket, CallType type, size_t cost, wsb_callback callback, void *userdata,
         Call **ret)
{
    Call *call;
    int r;

    r = client_ensure_bus(websocket->client);
    if (r < 0)
        return r;
    call = calloc(1, sizeof(*call));
    if (!call)
        return -ENOMEM;
    *call = (Call){
        .websocket = websocket,
        .type = type,
        .cost = cost,
        .callback = callback,
        .userdata = userdata,
    };
    r = new_message(call, &call->message);
    if (r < 0) {
        call_free(call);
        return r;
    }
    *ret = call;
    return 0;
}

sd_bus_message *
call_message(Call *call)
{
    return call->message;
}

void
call_use_stream(Call *call)
{
    call->stream = true;
}

static bool
is_addressed(const Call *call)
{
    return strcmp(sd_bus_message_get_path(call->message), call->websocket->path) == 0 &&
           strcmp(sd_bus_message_get_destination(call->message), call->websocket->owner) == 0;
}

int
call_seal(Call *call)
{
    int r;

    r = sd_bus_message_seal(call->message, /* cookie= */ 1, /* timeout_usec= */ 0);
    return r < 0 ? r : sd_bus_message_rewind(call->message, /* complete= */ true);
}

int
call_address(Call *call)
{
    sd_bus_message *m = NULL;
    int r;

    if (is_addressed(call))
        return 0;
    r = new_message(call, &m);
    if (r < 0)
        return r;
    r = call_seal(call);
    if (r >= 0)
        r = sd_bus_message_copy(m, call->message, /* all= */ true);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    sd_bus_message_unref(call->message);
    call->message = m;
    return 0;
}
