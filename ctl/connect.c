/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl connect: standard input goes out, what comes is printed.
 *
 * It must do as well in a pipe as for a person, so the end of the input is not the end: what was read is sent
 * and taken by the service first, then answers may come for a while (--linger, --count), then the WebSocket
 * is closed with 1000 and the program waits for that. The server may end it at any time. Every wait has an
 * end: opening and closing have deadlines here, so that neither a missing service nor a silent one can hang a
 * script.
 */

#include "ctl.h"
#include "input.h"
#include "output.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define OPEN_TIMEOUT_USEC (60 * UINT64_C(1000000))  /* beyond the service's own ConnectTimeout */
#define CLOSE_TIMEOUT_USEC (15 * UINT64_C(1000000)) /* beyond its CloseTimeout */
#define LINGER_USEC (2 * UINT64_C(1000000))
#define PAUSE_BYTES ((size_t)1 << 20) /* that many unanswered: read no more for now */
#define CLOSE_CODE_FIRST_OWN 3000     /* close codes from here on are the application's affair */

typedef struct Session {
    const Arguments *arguments;
    sd_event *event;
    wsb_client *client;
    wsb_websocket *websocket;
    Input *input;
    sd_event_source *timer; /* the deadline of what is being waited for now */
    const char *timer_text; /* what to say when it is over; NULL: close then */
    bool verbose;
    bool input_ended;
    bool closing;
    bool failed;
    uint64_t n_received;
} Session;

static void
end(Session *session)
{
    (void)sd_event_exit(session->event, 0);
}

static void
fail(Session *session)
{
    session->failed = true;
    end(session);
}

static void
report_error(Session *session, const wsb_error *error)
{
    output_problem("%d: %s", (int)wsb_error_code(error), wsb_error_message(error));
    session->failed = true;
}

/* ---- Deadlines ---- */

static void
set_timer(Session *session, uint64_t usec, const char *text)
{
    session->timer_text = text;
    (void)sd_event_source_set_time_relative(session->timer, usec);
    (void)sd_event_source_set_enabled(session->timer, SD_EVENT_ONESHOT);
}

static void
stop_timer(Session *session)
{
    (void)sd_event_source_set_enabled(session->timer, SD_EVENT_OFF);
}

static void
on_close_answered(wsb_websocket *websocket, const wsb_error *error, void *userdata)
{
    Session *session = userdata;

    (void)websocket;
    /* Not connected any more: the event has come, or comes. */
    if (error && wsb_error_code(error) != WSB_CODE_NOT_CONNECTED) {
        report_error(session, error);
        end(session);
    }
}

static void
start_close(Session *session)
{
    if (session->closing)
        return;
    session->closing = true;
    input_pause(session->input);
    set_timer(session, CLOSE_TIMEOUT_USEC, "the closing handshake took too long");
    if (wsb_websocket_close(session->websocket, WSB_CLOSE_NORMAL, NULL, on_close_answered, session) < 0) {
        report_error(session, wsb_websocket_last_error(session->websocket));
        end(session);
    }
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    Session *session = userdata;

    (void)source, (void)usec;
    if (!session->timer_text) {
        start_close(session);
        return 0;
    }
    output_problem("%s", session->timer_text);
    fail(session);
    return 0;
}

static uint64_t
linger_usec(const Session *session)
{
    if (session->arguments->linger_usec != LINGER_UNSET)
        return session->arguments->linger_usec;
    if (session->arguments->count > 0)
        return UINT64_MAX;
    return isatty(STDIN_FILENO) ? 0 : LINGER_USEC;
}

/* Once all is read and taken, answers have their time; each that comes begins it anew. */
static void
linger_if_done(Session *session)
{
    size_t unanswered = 0;
    uint64_t usec = linger_usec(session);

    (void)wsb_websocket_get_unanswered(session->websocket, &unanswered, NULL);
    if (!session->input_ended || session->closing || unanswered > 0)
        return;
    if (usec == 0)
        start_close(session);
    else if (usec != UINT64_MAX)
        set_timer(session, usec, NULL);
}

/* ---- Out ---- */

static void
on_sent(wsb_websocket *websocket, const wsb_error *error, void *userdata)
{
    Session *session = userdata;
    size_t bytes = 0;

    /* What waited when the connection ended: the end itself is told by its event. */
    if (error && wsb_error_code(error) != WSB_CODE_NOT_CONNECTED)
        report_error(session, error);
    (void)wsb_websocket_get_unanswered(websocket, NULL, &bytes);
    if (bytes < PAUSE_BYTES / 2 && !session->closing)
        input_resume(session->input);
    linger_if_done(session);
}

static void
on_input_message(const char *data, size_t length, void *userdata)
{
    Session *session = userdata;
    size_t bytes = 0;
    int r;

    r = session->arguments->binary
            ? wsb_websocket_send_binary(session->websocket, data, length, on_sent, session)
            : wsb_websocket_send_text(session->websocket, data, length, on_sent, session);
    if (r < 0)
        report_error(session, wsb_websocket_last_error(session->websocket));
    (void)wsb_websocket_get_unanswered(session->websocket, NULL, &bytes);
    if (bytes >= PAUSE_BYTES)
        input_pause(session->input);
}

static void
on_input_end(int error, void *userdata)
{
    Session *session = userdata;

    if (error < 0) {
        output_problem("cannot read: %s", strerror(-error));
        session->failed = true;
    }
    session->input_ended = true;
    linger_if_done(session);
}

/* ---- In ---- */

static void
print_json_message(const wsb_event *event)
{
    bool text = event->kind == WSB_MESSAGE_TEXT;

    printf("{\"event\":\"message\",\"kind\":\"%s\",\"data\":", text ? "text" : "binary");
    if (text)
        output_json_string(event->data, event->length);
    else
        output_json_base64(event->data, event->length);
    printf("}\n");
}

static void
print_message(const wsb_event *event)
{
    if (isatty(STDOUT_FILENO)) {
        output_begin_colour(stdout, COLOUR_MESSAGE);
        output_escaped(stdout, event->data, event->length);
        output_end_colour(stdout, COLOUR_MESSAGE);
        putchar('\n');
        return;
    }
    (void)fwrite(event->data, 1, event->length, stdout);
    if (event->kind == WSB_MESSAGE_TEXT)
        putchar('\n');
}

static void
on_message(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Session *session = userdata;

    (void)websocket;
    if (session->arguments->count > 0 && session->n_received >= session->arguments->count)
        return;
    if (session->arguments->json)
        print_json_message(event);
    else
        print_message(event);
    if (!output_flush()) {
        fail(session);
        return;
    }
    session->n_received++;
    if (session->n_received == session->arguments->count)
        start_close(session);
    else
        linger_if_done(session);
}

static void
on_open(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Session *session = userdata;

    (void)websocket;
    stop_timer(session);
    if (session->arguments->json) {
        printf("{\"event\":\"open\",\"status\":%" PRIu32 "}\n", event->code);
        (void)output_flush();
    }
    if (session->verbose)
        output_note("open");
    input_resume(session->input);
}

static bool
is_good_close(uint32_t code)
{
    return code == WSB_CLOSE_NORMAL || code == WSB_CLOSE_GOING_AWAY || code == WSB_CLOSE_NO_STATUS ||
           code >= CLOSE_CODE_FIRST_OWN;
}

static void
on_close(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Session *session = userdata;
    bool good = is_good_close(event->code) && session->n_received >= session->arguments->count;

    (void)websocket;
    if (session->arguments->json) {
        printf("{\"event\":\"close\",\"code\":%" PRIu32 ",\"reason\":", event->code);
        output_json_string(event->message, strlen(event->message));
        printf("}\n");
        (void)output_flush();
    }
    if (!good && !session->failed)
        output_problem("closed with %" PRIu32 "%s%s", event->code, event->message[0] ? ": " : "",
                       event->message);
    else if (session->verbose)
        output_note("closed with %" PRIu32 "%s%s", event->code, event->message[0] ? ": " : "",
                    event->message);
    session->failed |= !good;
    end(session);
}

static void
on_error(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Session *session = userdata;

    if (event->http_status > 0)
        output_problem("%" PRIu32 ": %s (stage %s, HTTP status %" PRIu32 ")", event->code, event->message,
                       event->stage, event->http_status);
    else if (event->stage[0] != '\0')
        output_problem("%" PRIu32 ": %s (stage %s)", event->code, event->message, event->stage);
    else
        output_problem("%" PRIu32 ": %s", event->code, event->message);
    session->failed = true;
    /* Of an open connection the close is still to come. */
    if (wsb_websocket_get_state(websocket) != WSB_STATE_OPEN &&
        wsb_websocket_get_state(websocket) != WSB_STATE_CLOSING)
        end(session);
}

static void
on_headers(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Session *session = userdata;

    (void)websocket;
    for (size_t i = 0; session->arguments->verbose && i < event->n_headers; i++)
        output_note("< %s: %s", event->headers[i].name, event->headers[i].value);
}

/* ---- Start ---- */

static int
on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    Session *session = userdata;

    (void)source, (void)info;
    /* A second one does not wait for the peer. */
    if (session->closing || wsb_websocket_get_state(session->websocket) != WSB_STATE_OPEN)
        fail(session);
    else
        start_close(session);
    return 0;
}

static int
listen_to_all(Session *session)
{
    static const struct {
        wsb_event_type type;
        wsb_listener listener;
    } listeners[] = {
        { WSB_EVENT_HEADER_RECEIVE, on_headers },
        { WSB_EVENT_OPEN, on_open },
        { WSB_EVENT_MESSAGE, on_message },
        { WSB_EVENT_ERROR, on_error },
        { WSB_EVENT_CLOSE, on_close },
    };
    int r = 0;

    for (size_t i = 0; r >= 0 && i < sizeof(listeners) / sizeof(listeners[0]); i++)
        r = wsb_websocket_on(session->websocket, listeners[i].type, listeners[i].listener, session);
    return r;
}

static int
block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int
session_open(Session *session)
{
    static const InputHandler handler = { on_input_message, on_input_end };
    int r;

    r = block_signals();
    if (r >= 0)
        r = sd_event_new(&session->event);
    if (r >= 0)
        r = sd_event_add_signal(session->event, NULL, SIGINT, on_signal, session);
    if (r >= 0)
        r = sd_event_add_signal(session->event, NULL, SIGTERM, on_signal, session);
    if (r >= 0)
        r = sd_event_add_time(session->event, &session->timer, CLOCK_MONOTONIC, 0, 0, on_timer, session);
    if (r >= 0)
        r = input_new(session->event, !session->arguments->binary, &handler, session, &session->input);
    if (r >= 0)
        r = wsb_client_attach_event(session->client, session->event, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = wsb_websocket_new(session->client, &session->websocket);
    if (r >= 0)
        r = listen_to_all(session);
    return r;
}

/* "Name: value", spaces around the value aside. */
static int
add_header(wsb_options *options, const char *text)
{
    const char *colon = strchr(text, ':'), *value = colon + 1;
    size_t length;
    char *name, *copy;
    int r;

    while (isblank((unsigned char)*value))
        value++;
    length = strlen(value);
    while (length > 0 && isblank((unsigned char)value[length - 1]))
        length--;
    name = strndup(text, (size_t)(colon - text));
    copy = strndup(value, length);
    r = name && copy ? wsb_options_add_header(options, name, copy) : -ENOMEM;
    free(name);
    free(copy);
    return r;
}

static int
make_options(const Arguments *arguments, wsb_options **ret)
{
    int r;

    r = wsb_options_new(ret);
    if (r >= 0)
        r = wsb_options_set_protocol(*ret, arguments->protocol);
    for (size_t i = 0; r >= 0 && i < arguments->n_headers; i++)
        r = add_header(*ret, arguments->headers[i]);
    return r;
}

static int
session_connect(Session *session)
{
    wsb_options *options = NULL;
    int r = make_options(session->arguments, &options);

    if (r >= 0) {
        set_timer(session, OPEN_TIMEOUT_USEC, "the connection took too long to open");
        /* No callback: a refusal is told as an error, like any other failure. */
        r = wsb_websocket_connect(session->websocket, session->arguments->operands[0], options, NULL, NULL);
        if (r < 0)
            report_error(session, wsb_websocket_last_error(session->websocket));
    }
    wsb_options_free(options);
    return r;
}

static void
session_clear(Session *session)
{
    wsb_websocket_unref(session->websocket);
    wsb_client_unref(session->client);
    input_free(session->input);
    sd_event_source_disable_unref(session->timer);
    sd_event_unref(session->event);
}

ExitStatus
ctl_connect(const Arguments *arguments)
{
    Session session = { .arguments = arguments, .verbose = arguments->verbose || isatty(STDERR_FILENO) };
    int r;

    session.client = ctl_open_client(arguments);
    if (!session.client)
        return EXIT_FAILED;
    r = session_open(&session);
    if (r < 0)
        output_problem("cannot start: %s", strerror(-r));
    if (r >= 0)
        r = session_connect(&session);
    if (r >= 0)
        r = sd_event_loop(session.event);
    session_clear(&session);
    return r < 0 || session.failed ? EXIT_FAILED : EXIT_OK;
}
