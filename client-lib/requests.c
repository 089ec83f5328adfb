/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What an application asks of a WebSocket: connect, send, close. Each builds its call and hands it to the
 * queue. Only what cannot cross the bus at all is refused here (strings that are no UTF-8, messages beyond
 * the bus's size); everything else is the service's to judge, in its own order of checks.
 */

#include "options.h"
#include "text.h"
#include "websocket.h"

#include <errno.h>
#include <string.h>

/* Keeps R as the WebSocket's last error, with the code and text that belong to it, and returns it. */
static int
fail(wsb_websocket *websocket, int r)
{
    if (r == -EINVAL)
        return error_set(&websocket->last_error, r, WSB_CODE_PARAMETER,
                         "an argument is missing, or has text that is not UTF-8 or that D-Bus cannot carry");
    if (r == -EMSGSIZE)
        return error_set(&websocket->last_error, r, WSB_CODE_PARAMETER, "too large for the message bus");
    if (r == -EDQUOT)
        return error_set(&websocket->last_error, r, WSB_CODE_LIMIT_EXCEEDED,
                         "too many calls of this WebSocket are unanswered");
    if (r == -ENOTCONN || r == -ECONNRESET)
        return error_set(&websocket->last_error, -ECONNRESET, WSB_CODE_UNKNOWN,
                         "the connection to the message bus was lost");
    return error_set_errno(&websocket->last_error, r);
}

/* Submits CALL if R, what came of its arguments, is well; takes it over. */
static int
submit(wsb_websocket *websocket, Call *call, int r)
{
    if (r < 0)
        call_free(call);
    else
        r = call_submit(call);
    return r < 0 ? fail(websocket, r) : 0;
}

int
wsb_websocket_connect(wsb_websocket *websocket, const char *url, const wsb_options *options,
                      wsb_callback callback, void *userdata)
{
    Call *call;
    int r;

    if (!websocket)
        return -EINVAL;
    if (!url)
        return fail(websocket, -EINVAL);
    r = call_new(websocket, CALL_CONNECT, /* cost= */ 0, callback, userdata, &call);
    if (r < 0)
        return fail(websocket, r);
    if (!options || !options->no_stream)
        call_use_stream(call);
    return submit(websocket, call, connect_arguments_append(call_message(call), url, options));
}

static int
append_string_variant(sd_bus_message *m, const char *text, size_t length)
{
    char *space;
    int r;

    r = sd_bus_message_open_container(m, 'v', "s");
    if (r >= 0)
        r = sd_bus_message_append_string_space(m, length, &space);
    if (r < 0)
        return r;
    memcpy(space, text, length);
    space[length] = '\0';
    return sd_bus_message_close_container(m);
}

static int
append_binary_variant(sd_bus_message *m, const void *data, size_t length)
{
    int r;

    r = sd_bus_message_open_container(m, 'v', "ay");
    if (r >= 0)
        r = sd_bus_message_append_array(m, 'y', data, length);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Text that a D-Bus string cannot carry. */
static int
append_special_variant(sd_bus_message *m, const void *text, size_t length)
{
    int r;

    r = sd_bus_message_open_container(m, 'v', "(say)");
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'r', "say");
    if (r >= 0)
        r = sd_bus_message_append_basic(m, 's', WSB_KIND_TEXT);
    if (r >= 0)
        r = sd_bus_message_append_array(m, 'y', text, length);
    if (r >= 0)
        r = sd_bus_message_close_container(m);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

/* 0, or why nothing of LENGTH bytes can be sent now. */
static int
check_room(wsb_websocket *websocket, size_t length)
{
    CallQueue *queue = &websocket->calls;

    if (length > WSB_MESSAGE_MAX && !(sends_may_stream(websocket) && length <= stream_get_limit(websocket)))
        return fail(websocket, -EMSGSIZE);
    if (queue->n_sends > 0 && queue->send_bytes + length + WSB_SEND_COST > WSB_SEND_QUEUE_MAX) {
        queue->drain_wanted = true;
        return error_set(&websocket->last_error, -EAGAIN, WSB_CODE_LIMIT_EXCEEDED,
                         "too much waits to be sent already");
    }
    return 0;
}

static int
send_on_stream(wsb_websocket *websocket, wsb_message_kind kind, const void *data, size_t length,
               wsb_callback callback, void *userdata)
{
    int r = sends_submit(websocket, kind, data, length, callback, userdata);

    return r < 0 ? fail(websocket, r) : 0;
}

int
wsb_websocket_send_text(wsb_websocket *websocket, const char *text, size_t length, wsb_callback callback,
                        void *userdata)
{
    TextKind kind;
    Call *call;
    int r;

    if (!websocket)
        return -EINVAL;
    if (!text && length > 0)
        return fail(websocket, -EINVAL);
    text = text ? text : "";
    r = check_room(websocket, length);
    if (r < 0)
        return r;
    kind = text_classify(text, length);
    if (kind == TEXT_INVALID)
        return error_set(&websocket->last_error, -EINVAL, WSB_CODE_PARAMETER, "the text is not UTF-8");
    if (sends_may_stream(websocket))
        return send_on_stream(websocket, WSB_MESSAGE_TEXT, text, length, callback, userdata);
    r = call_new(websocket, CALL_SEND, length + WSB_SEND_COST, callback, userdata, &call);
    if (r < 0)
        return fail(websocket, r);
    return submit(websocket, call,
                  kind == TEXT_PLAIN ? append_string_variant(call_message(call), text, length)
                                     : append_special_variant(call_message(call), text, length));
}

int
wsb_websocket_send_binary(wsb_websocket *websocket, const void *data, size_t length, wsb_callback callback,
                          void *userdata)
{
    Call *call;
    int r;

    if (!websocket)
        return -EINVAL;
    if (!data && length > 0)
        return fail(websocket, -EINVAL);
    data = data ? data : "";
    r = check_room(websocket, length);
    if (r < 0)
        return r;
    if (sends_may_stream(websocket))
        return send_on_stream(websocket, WSB_MESSAGE_BINARY, data, length, callback, userdata);
    r = call_new(websocket, CALL_SEND, length + WSB_SEND_COST, callback, userdata, &call);
    if (r < 0)
        return fail(websocket, r);
    return submit(websocket, call, append_binary_variant(call_message(call), data, length));
}

int
wsb_websocket_close(wsb_websocket *websocket, uint16_t code, const char *reason, wsb_callback callback,
                    void *userdata)
{
    size_t length = reason ? strlen(reason) : 0;
    Call *call;
    int r;

    if (!websocket)
        return -EINVAL;
    if (length > WSB_MESSAGE_MAX)
        return fail(websocket, -EMSGSIZE);
    if (reason && text_classify(reason, length) != TEXT_PLAIN)
        return fail(websocket, -EINVAL);
    r = call_new(websocket, CALL_CLOSE, /* cost= */ 0, callback, userdata, &call);
    if (r < 0)
        return fail(websocket, r);
    return submit(websocket, call,
                  sd_bus_message_append(call_message(call), "qs", code, reason ? reason : ""));
}

int
wsb_websocket_get_unanswered(wsb_websocket *websocket, size_t *ret_messages, size_t *ret_bytes)
{
    if (!websocket)
        return -EINVAL;
    if (ret_messages)
        *ret_messages = websocket->calls.n_sends;
    if (ret_bytes)
        *ret_bytes = websocket->calls.send_bytes;
    return 0;
}
