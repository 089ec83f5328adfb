/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lines of library-driver: JSON written by hand, since every value in it is a number, a string or
 * base64. */

#include "library-driver-output.h"

#include <stdlib.h>
#include <string.h>

/* ---- Base64 (RFC 4648) ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
from_base64(const char *text, size_t *ret_length)
{
    size_t length = strcmp(text, "-") == 0 ? 0 : strlen(text), n = 0;
    char *bytes = malloc(length / 4 * 3 + 4);

    if (!bytes)
        abort();
    for (size_t i = 0; i + 4 <= length; i += 4) {
        unsigned value = 0, padding = 0;

        for (size_t j = 0; j < 4; j++) {
            const char *digit = strchr(alphabet, text[i + j]);

            padding += text[i + j] == '=';
            value = value << 6 | (digit ? (unsigned)(digit - alphabet) : 0);
        }
        for (unsigned j = 0; j + padding < 3; j++)
            bytes[n++] = (char)(value >> (16 - 8 * j));
    }
    bytes[n] = '\0';
    *ret_length = n;
    if (length % 4 == 0)
        return bytes;
    free(bytes);
    return NULL;
}

static void
print_base64(const void *data, size_t length)
{
    const unsigned char *bytes = data;

    if (length == 0)
        putchar('-');
    for (size_t i = 0; i < length; i += 3) {
        size_t n = length - i < 3 ? length - i : 3;
        unsigned value =
            (unsigned)bytes[i] << 16 | (n > 1 ? (unsigned)bytes[i + 1] << 8 : 0) | (n > 2 ? bytes[i + 2] : 0);

        for (size_t j = 0; j < 4; j++)
            putchar(j <= n ? alphabet[value >> (18 - 6 * j) & 63] : '=');
    }
}

/* ---- Output ---- */

void
print_string(const char *string)
{
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)(string ? string : ""); *c; c++)
        if (*c < 0x20 || *c == '"' || *c == '\\')
            printf("\\u%04x", *c);
        else
            putchar(*c);
    putchar('"');
}

void
end_line(void)
{
    putchar('\n');
    (void)fflush(stdout);
}

void
print_result(const char *what, unsigned line, int result, const wsb_error *error)
{
    printf("\"%s\": %u, \"result\": %d, \"code\": %d, \"message\": ", what, line, result,
           result < 0 ? (int)wsb_error_code(error) : 0);
    print_string(result < 0 ? wsb_error_message(error) : "");
    printf("}");
    end_line();
}

static void
print_headers(const wsb_event *event)
{
    printf(", \"headers\": [");
    for (size_t i = 0; i < event->n_headers; i++) {
        printf("%s[", i > 0 ? ", " : "");
        print_string(event->headers[i].name);
        printf(", ");
        print_string(event->headers[i].value);
        printf("]");
    }
    printf("]");
}

static void
print_code(const wsb_event *event)
{
    printf(", \"code\": %u, \"message\": ", event->code);
    print_string(event->message);
}

static void
print_message(const wsb_event *event)
{
    printf(", \"kind\": \"%s\", \"data\": \"", event->kind == WSB_MESSAGE_TEXT ? "text" : "binary");
    print_base64(event->data, event->length);
    printf("\"");
}

static void
print_error(const wsb_event *event)
{
    print_code(event);
    printf(", \"stage\": ");
    print_string(event->stage);
    printf(", \"httpStatus\": %u", event->http_status);
    print_headers(event);
    printf(", \"body\": \"");
    print_base64(event->body, event->body_length);
    printf("\"");
}

static void
print_nothing(const wsb_event *event)
{
    (void)event;
}

static const struct {
    const char *name;
    void (*print)(const wsb_event *event);
} events[] = {
    [WSB_EVENT_OPEN] = { "open", print_code },
    [WSB_EVENT_MESSAGE] = { "message", print_message },
    [WSB_EVENT_CLOSE] = { "close", print_code },
    [WSB_EVENT_ERROR] = { "error", print_error },
    [WSB_EVENT_DATA_END] = { "dataEnd", print_nothing },
    [WSB_EVENT_HEADER_RECEIVE] = { "headerReceive", print_headers },
    [WSB_EVENT_DRAIN] = { "drain", print_nothing },
};

#define N_EVENTS (sizeof(events) / sizeof(events[0]))

void
print_event(const char *websocket, unsigned listener, const wsb_event *event)
{
    printf("{\"event\": \"%s\", \"websocket\": ", events[event->type].name);
    print_string(websocket);
    printf(", \"listener\": %u", listener);
    events[event->type].print(event);
    printf("}");
    end_line();
}

bool
find_event(const char *name, wsb_event_type *ret)
{
    for (size_t i = 0; i < N_EVENTS; i++)
        if (strcmp(events[i].name, name) == 0) {
            *ret = (wsb_event_type)i;
            return true;
        }
    return false;
}
