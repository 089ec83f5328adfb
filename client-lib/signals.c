/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From the service's signals to the listeners' events. A signal counts when it comes from the service that
 * made the object, for an object that is ours, in a state in which it can be: anyone on the bus can send us
 * anything. One that cannot be read ends the connection: what it said is lost, and the application would not
 * know.
 *
 * Strings, headers and text messages are handed on where they lie in the bus message; only binary data is
 * copied, for the NUL that follows it.
 */

#include "signals.h"

#include "websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Headers: a{sv}, each value s or as ---- */

typedef struct HeaderList {
    wsb_header *items;
    size_t n, allocated;
} HeaderList;

static int
header_list_add(HeaderList *list, const char *name, const char *value)
{
    if (list->n == list->allocated) {
        size_t allocated = list->allocated > 0 ? list->allocated * 2 : 16;
        wsb_header *items = reallocarray(list->items, allocated, sizeof(*items));

        if (!items)
            return -ENOMEM;
        list->items = items;
        list->allocated = allocated;
    }
    list->items[list->n++] = (wsb_header){ .name = name, .value = value };
    return 0;
}

/* The variant that the message is at: one value, or several. */
static int
read_header_values(sd_bus_message *m, const char *name, HeaderList *list)
{
    const char *contents, *value;
    int r;

    r = sd_bus_message_peek_type(m, NULL, &contents);
    if (r < 0)
        return r;
    if (strcmp(contents, "s") == 0) {
        r = sd_bus_message_read(m, "v", "s", &value);
        return r < 0 ? r : header_list_add(list, name, value);
    }
    r = sd_bus_message_enter_container(m, 'v', "as");
    if (r < 0)
        return r;
    r = sd_bus_message_enter_container(m, 'a', "s");
    if (r < 0)
        return r;
    while ((r = sd_bus_message_read_basic(m, 's', &value)) > 0) {
        r = header_list_add(list, name, value);
        if (r < 0)
            return r;
    }
    if (r < 0 || (r = sd_bus_message_exit_container(m)) < 0)
        return r;
    return sd_bus_message_exit_container(m);
}

static int
read_headers(sd_bus_message *m, HeaderList *list)
{
    const char *name;
    int r;

    r = sd_bus_message_enter_container(m, 'a', "{sv}");
    if (r < 0)
        return r;
    while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
        r = sd_bus_message_read_basic(m, 's', &name);
        if (r < 0)
            return r;
        r = read_header_values(m, name, list);
        if (r < 0)
            return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* ---- Error: its details ---- */

static int
read_headers_variant(sd_bus_message *m, HeaderList *list)
{
    int r;

    r = sd_bus_message_enter_container(m, 'v', "a{sv}");
    if (r < 0)
        return r;
    r = read_headers(m, list);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int
read_body_variant(sd_bus_message *m, wsb_event *event)
{
    int r;

    r = sd_bus_message_enter_container(m, 'v', "ay");
    if (r < 0)
        return r;
    r = sd_bus_message_read_array(m, 'y', &event->body, &event->body_length);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int
read_detail(sd_bus_message *m, const char *key, wsb_event *event, HeaderList *headers)
{
    if (strcmp(key, "stage") == 0)
        return sd_bus_message_read(m, "v", "s", &event->stage);
    if (strcmp(key, "httpStatus") == 0)
        return sd_bus_message_read(m, "v", "u", &event->http_status);
    if (strcmp(key, "headers") == 0)
        return read_headers_variant(m, headers);
    if (strcmp(key, "body") == 0)
        return read_body_variant(m, event);
    return sd_bus_message_skip(m, "v");
}

static int
read_details(sd_bus_message *m, wsb_event *event, HeaderList *headers)
{
    const char *key;
    int r;

    r = sd_bus_message_enter_container(m, 'a', "{sv}");
    if (r < 0)
        return r;
    while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
        r = sd_bus_message_read_basic(m, 's', &key);
        if (r < 0)
            return r;
        r = read_detail(m, key, event, headers);
        if (r < 0)
            return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* ---- Message: a variant of s, ay or (say) ---- */

/* COPY is what the event's data lies in, where it is not the bus message; to be freed. */
static int
read_bytes(sd_bus_message *m, wsb_message_kind kind, wsb_event *event, char **ret_copy)
{
    const void *bytes;
    size_t length;
    char *copy;
    int r;

    r = sd_bus_message_read_array(m, 'y', &bytes, &length);
    if (r < 0)
        return r;
    copy = malloc(length + 1);
    if (!copy)
        return -ENOMEM;
    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    event->kind = kind;
    event->data = *ret_copy = copy;
    event->length = length;
    return 0;
}

static int
read_string_message(sd_bus_message *m, wsb_event *event)
{
    const char *text;
    int r;

    r = sd_bus_message_read(m, "v", "s", &text);
    if (r < 0)
        return r;
    event->kind = WSB_MESSAGE_TEXT;
    event->data = text;
    event->length = strlen(text);
    return 0;
}

static int
read_special_message(sd_bus_message *m, wsb_event *event, char **ret_copy)
{
    const char *kind;
    int r;

    r = sd_bus_message_enter_container(m, 'v', "(say)");
    if (r < 0)
        return r;
    r = sd_bus_message_enter_container(m, 'r', "say");
    if (r < 0)
        return r;
    r = sd_bus_message_read_basic(m, 's', &kind);
    if (r < 0)
        return r;
    return strcmp(kind, WSB_KIND_TEXT) == 0 ? read_bytes(m, WSB_MESSAGE_TEXT, event, ret_copy) : -EBADMSG;
}

int
signal_read_data(sd_bus_message *m, wsb_event *event, char **ret_copy)
{
    const char *contents;
    int r;

    r = sd_bus_message_peek_type(m, NULL, &contents);
    if (r < 0)
        return r;
    if (r == 0 || !contents)
        return -EBADMSG;
    if (strcmp(contents, "s") == 0)
        return read_string_message(m, event);
    if (strcmp(contents, "(say)") == 0)
        return read_special_message(m, event, ret_copy);
    r = sd_bus_message_enter_container(m, 'v', "ay");
    return r < 0 ? r : read_bytes(m, WSB_MESSAGE_BINARY, event, ret_copy);
}

/* ---- The signals: each returns 0, or a negative errno for one that cannot be read ---- */

static int
on_header_receive(wsb_websocket *websocket, sd_bus_message *m)
{
    HeaderList list = { 0 };
    int r;

    r = read_headers(m, &list);
    if (r >= 0 && websocket->state == WSB_STATE_CONNECTING) {
        wsb_event event = { .type = WSB_EVENT_HEADER_RECEIVE, .headers = list.items, .n_headers = list.n };

        listeners_emit(websocket, &event);
    }
    free(list.items);
    return r;
}

static int
on_open(wsb_websocket *websocket, sd_bus_message *m)
{
    wsb_event event = { .type = WSB_EVENT_OPEN };
    int r;

    r = sd_bus_message_read(m, "us", &event.code, &event.message);
    if (r < 0 || websocket->state != WSB_STATE_CONNECTING)
        return r;
    websocket->state = WSB_STATE_OPEN;
    listeners_emit(websocket, &event);
    stream_start(websocket);
    return 0;
}

static int
on_message(wsb_websocket *websocket, sd_bus_message *m)
{
    wsb_event event = { .type = WSB_EVENT_MESSAGE }, data_end = { .type = WSB_EVENT_DATA_END };
    char *copy = NULL;
    int r;

    if (websocket->state != WSB_STATE_OPEN && websocket->state != WSB_STATE_CLOSING)
        return 0;
    r = signal_read_data(m, &event, &copy);
    if (r >= 0) {
        listeners_emit(websocket, &event);
        listeners_emit(websocket, &data_end);
    }
    free(copy);
    return r;
}

static int
on_close(wsb_websocket *websocket, sd_bus_message *m)
{
    const char *reason;
    uint16_t code;
    int r;

    if (stream_hold_signal(websocket, m))
        return 0;
    r = sd_bus_message_read(m, "qs", &code, &reason);
    if (r >= 0)
        websocket_tell_close(websocket, code, reason);
    return r;
}

static int
on_error(wsb_websocket *websocket, sd_bus_message *m)
{
    wsb_event event = { .type = WSB_EVENT_ERROR, .stage = "" };
    HeaderList headers = { 0 };
    int r;

    if (stream_hold_signal(websocket, m))
        return 0;
    r = sd_bus_message_read(m, "us", &event.code, &event.message);
    if (r >= 0)
        r = read_details(m, &event, &headers);
    if (r >= 0) {
        event.headers = headers.items;
        event.n_headers = headers.n;
        websocket_tell_error(websocket, &event);
    }
    free(headers.items);
    return r;
}

static const struct {
    const char *member;
    int (*handle)(wsb_websocket *websocket, sd_bus_message *m);
} handlers[] = {
    { "Message", on_message }, { "HeaderReceive", on_header_receive },
    { "Open", on_open },       { "Close", on_close },
    { "Error", on_error },
};

void
signal_tell(wsb_websocket *websocket, sd_bus_message *signal)
{
    const char *member = sd_bus_message_get_member(signal);

    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
        if (strcmp(member, handlers[i].member) == 0 && handlers[i].handle(websocket, signal) < 0) {
            websocket_forget_object(websocket, /* release= */ true);
            websocket_lose(websocket, "the service sent what is not understood");
        }
}

int
signal_received(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const char *sender = sd_bus_message_get_sender(m);
    wsb_websocket *websocket = websocket_find(userdata, sd_bus_message_get_path(m));

    (void)ret_error;
    if (!websocket || !sender || strcmp(sender, websocket->owner) != 0)
        return 0;
    websocket_hold(websocket);
    signal_tell(websocket, m);
    websocket_release_hold(websocket);
    return 0;
}
