/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libwsbroker: WebSockets through the wsbroker service, for programs that have no network of their own.
 *
 * It follows the webSocket API: create a WebSocket, connect it, send, close, and listen to its events. It is
 * driven as sd-bus is: a client has a descriptor to poll, and wsb_client_process() does what there is to do.
 * No call blocks but those named _sync, wsb_client_wait(), and the reading of the certificate files that the
 * options of a connect name. Listeners and callbacks run only inside wsb_client_process(), wsb_client_wait(),
 * a _sync call, or the event loop that the client is attached to; never inside another call.
 *
 * Return values: 0 (or a positive value where said) or a negative errno. The code of the webSocket API that
 * belongs to a failure is in the wsb_error: of the last call on a WebSocket, wsb_websocket_last_error(); of a
 * call that failed later, the one that its callback is given; of a connection, the event "error".
 *
 * Threads: a client and its WebSockets belong to one thread at a time. After fork() the child must not use
 * them. Strings are UTF-8. Times are microseconds unless their name says otherwise. A NULL object, or an
 * argument outside its enumeration, is -EINVAL.
 */

#ifndef WSBROKER_H
#define WSBROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsbroker-protocol.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* From <systemd/sd-bus.h> and <systemd/sd-event.h>; a program that does not use these needs neither. */
typedef struct sd_bus sd_bus;
typedef struct sd_event sd_event;

/* A connection to a message bus, and the WebSockets made with it. Reference counted. */
typedef struct wsb_client wsb_client;

/* One WebSocket: one connection at a time, which may be made again after it ended. Reference counted. */
typedef struct wsb_websocket wsb_websocket;

/* What a connect is to do beyond its URL. */
typedef struct wsb_options wsb_options;

/* Why something failed. */
typedef struct wsb_error wsb_error;

/* ---- Errors ---- */

/* The code of the webSocket API, WSB_CODE_OK for NULL. A failure that it has no code for (no service, no bus,
 * no memory) is WSB_CODE_UNKNOWN. */
wsb_code wsb_error_code(const wsb_error *error);

/* A negative errno, 0 for NULL. -EACCES goes with WSB_CODE_PERMISSION_DENIED, -EPERM with DOMAIN_NOT_ALLOWED,
 * -EINVAL or -EMSGSIZE with PARAMETER, -EDESTADDRREQ with URL, -EKEYREJECTED with CERTIFICATE_FILE, -EISCONN
 * with CONNECTION_EXISTS, -ENOTCONN with NOT_CONNECTED, -EDQUOT with LIMIT_EXCEEDED, -ECONNABORTED with
 * CONNECTION_FAILED. */
int wsb_error_errno(const wsb_error *error);

/* One sentence for people, never NULL, without the code that the D-Bus error's message begins with. Owned by
 * ERROR. It may quote what a server said: escape it before it goes to a terminal. */
const char *wsb_error_message(const wsb_error *error);

/* ---- Client ---- */

typedef enum wsb_bus {
    WSB_BUS_SYSTEM, /* honours DBUS_SYSTEM_BUS_ADDRESS */
    WSB_BUS_SESSION /* honours DBUS_SESSION_BUS_ADDRESS */
} wsb_bus;

/* The client's own connection to BUS, or to the bus at ADDRESS (D-Bus specification, "Server Addresses").
 * Made without waiting; a bus that is not there at all fails at once (-ENOENT, -ECONNREFUSED, -ENOMEDIUM).
 * The service need not run: the first connect starts it by activation. When the bus goes and comes back, the
 * next connect of a WebSocket opens a new connection. Free with wsb_client_unref(). */
int wsb_client_new(wsb_client **ret, wsb_bus bus);
int wsb_client_new_for_address(wsb_client **ret, const char *address);

/* A client on BUS, of which it takes a reference. The client is driven as any other; that BUS may be attached
 * to an event loop besides does no harm. When BUS disconnects every later use is -ECONNRESET. A bus lets one
 * connection wait for 128 answers: the client asks for 97 at most at a time. */
int wsb_client_new_with_bus(wsb_client **ret, sd_bus *bus);

/* Each WebSocket holds a reference to its client. Both return what is convenient: CLIENT, and NULL. NULL is
 * let pass. */
wsb_client *wsb_client_ref(wsb_client *client);
wsb_client *wsb_client_unref(wsb_client *client);

/* The bus connection, for calls of the application's own; NULL while there is none. Owned by CLIENT. */
sd_bus *wsb_client_get_bus(wsb_client *client);

/* How long a call to the service may stay unanswered: connect (the start of the attempt, not its outcome) and
 * close. It counts from when the call is made, also where it has to wait for its turn because many others are
 * unanswered. A send has no such limit, as its answer is the flow control. 0 sets the default, 25 seconds. */
int wsb_client_set_timeout(wsb_client *client, uint64_t timeout_usec);

/* The descriptor to poll, the same for the life of CLIENT and owned by it. */
int wsb_client_get_fd(wsb_client *client);

/* The events to poll it for, as in poll(2). Ask before every poll: it also tells the kernel what to look
 * at. */
int wsb_client_get_events(wsb_client *client);

/* When wsb_client_process() must be called at the latest: CLOCK_MONOTONIC, 0 for at once, UINT64_MAX for
 * never. Ask before every poll. Returns 1 when there is a time, 0 when never. */
int wsb_client_get_timeout(wsb_client *client, uint64_t *ret_usec);

/* Does a bounded part of what there is to do. Returns 1 when it did something (there may be more), 0 when
 * there was nothing; -EBUSY from inside a listener or callback. The loss of the bus is not an error here: it
 * reaches each WebSocket. */
int wsb_client_process(wsb_client *client);

/* Processes, and where there is nothing to do waits for it, TIMEOUT_USEC at most, rounded up to milliseconds
 * (0: not at all, UINT64_MAX: without end). Returns 1 when something was done, 0 when the time is over,
 * -EINTR when a signal came, -EBUSY from inside a listener or callback. */
int wsb_client_wait(wsb_client *client, uint64_t timeout_usec);

/* Lets EVENT (NULL: the thread's default one) drive CLIENT, at PRIORITY (SD_EVENT_PRIORITY_NORMAL is 0).
 * -EBUSY when it is attached already. Detaching twice is harmless; freeing CLIENT detaches. For a
 * GMainContext see <wsbroker-glib.h>. */
int wsb_client_attach_event(wsb_client *client, sd_event *event, int priority);
int wsb_client_detach_event(wsb_client *client);

/* ---- Connect options ---- */

/* Empty options. A connect copies what it needs; options may be used for several. Free with
 * wsb_options_free(), which lets NULL pass and wipes passwords. */
int wsb_options_new(wsb_options **ret);
wsb_options *wsb_options_free(wsb_options *options);

/* These copy their arguments and return 0, -EINVAL or -ENOMEM. What the values may be is checked by the
 * service when connecting: a wrong one is WSB_CODE_PARAMETER, a wrong certificate WSB_CODE_CERTIFICATE_FILE.
 * NULL unsets. */

/* One more request header; a name may be repeated. */
int wsb_options_add_header(wsb_options *options, const char *name, const char *value);

/* Sec-WebSocket-Protocol: one token or a comma-separated list. */
int wsb_options_set_protocol(wsb_options *options, const char *protocol);

/* Trust these PEM certificates instead of the system's: LENGTH bytes, or the file PATH, read at each connect
 * by this process. An empty path means not given. What is no regular file of at most 1 MiB, or cannot be
 * read, makes the connect WSB_CODE_CERTIFICATE_FILE. Each replaces the other. */
int wsb_options_set_ca(wsb_options *options, const void *pem, size_t length);
int wsb_options_set_ca_path(wsb_options *options, const char *path);

/* The client's certificate and key, PEM, the same way; KEY_PASSWORD may be NULL. */
int wsb_options_set_client_cert(wsb_options *options, const void *cert, size_t cert_length, const void *key,
                                size_t key_length, const char *key_password);
int wsb_options_set_client_cert_path(wsb_options *options, const char *cert_path, const char *key_path,
                                     const char *key_password);

/* "system" (what holds when unset) or "no-proxy". Replaces wsb_options_set_proxy_host(). */
int wsb_options_set_proxy(wsb_options *options, const char *proxy);

/* An HTTP proxy of the application's choice. EXCLUSION_LIST: hosts to reach without it, NULL-terminated, or
 * NULL. USERNAME and PASSWORD may be NULL. Replaces wsb_options_set_proxy(). */
int wsb_options_set_proxy_host(wsb_options *options, const char *host, uint32_t port,
                               const char *const *exclusion_list, const char *username, const char *password);

/* Seconds, 0 for never; left out, the service's configuration decides. */
int wsb_options_set_ping_interval(wsb_options *options, uint32_t seconds);
int wsb_options_set_pong_timeout(wsb_options *options, uint32_t seconds);

/* "1.2" or "1.3". */
int wsb_options_set_min_tls_version(wsb_options *options, const char *version);

/* Whether the messages may travel past the bus, on a stream that the service hands out, which is faster:
 * true, what holds when unset. With false, or where there is no stream to have, they travel as signals and
 * calls. The results are the same. */
int wsb_options_set_stream(wsb_options *options, bool stream);

/* ---- WebSocket ---- */

typedef enum wsb_state {
    WSB_STATE_CREATED,    /* never connected */
    WSB_STATE_CONNECTING, /* Connect is with the service */
    WSB_STATE_OPEN,
    WSB_STATE_CLOSING, /* the application asked for the closing handshake */
    WSB_STATE_CLOSED
} wsb_state;

typedef enum wsb_message_kind {
    WSB_MESSAGE_TEXT = WSB_FRAME_TEXT,
    WSB_MESSAGE_BINARY = WSB_FRAME_BINARY
} wsb_message_kind;

/* The largest message that crosses the bus, either way, bytes. On a stream the service's MaxMessageSize alone
 * counts; it is usually less. */
#define WSB_MESSAGE_MAX ((size_t)30 << 20)

/* How much may wait to be sent on one WebSocket, bytes; each message counts WSB_SEND_COST more than its
 * length. */
#define WSB_SEND_QUEUE_MAX ((size_t)4 << 20)
#define WSB_SEND_COST ((size_t)256)

/* How a call ended: ERROR is NULL when well. ERROR lives until the callback returns. The callback may call
 * anything but what waits, and may drop the WebSocket. */
typedef void (*wsb_callback)(wsb_websocket *websocket, const wsb_error *error, void *userdata);

/* A WebSocket. Nothing crosses the bus before its first connect, send or close. */
int wsb_websocket_new(wsb_client *client, wsb_websocket **ret);

/* With the last reference the WebSocket goes, from inside a listener or callback too: none of its listeners
 * and callbacks runs any more, what waits to be sent is dropped, and an open connection is closed with 1001.
 * For an orderly end close it and await the event. They return WEBSOCKET, and NULL. NULL is let pass. */
wsb_websocket *wsb_websocket_ref(wsb_websocket *websocket);
wsb_websocket *wsb_websocket_unref(wsb_websocket *websocket);

/* Owned by WEBSOCKET, which holds a reference. */
wsb_client *wsb_websocket_get_client(wsb_websocket *websocket);

/* As far as this process has heard. WSB_STATE_CLOSED for NULL. */
wsb_state wsb_websocket_get_state(wsb_websocket *websocket);

/* The object's path on the bus, to look at it with other tools; NULL while the service has none. Owned by
 * WEBSOCKET, until the next call on it. */
const char *wsb_websocket_get_path(wsb_websocket *websocket);

/* Why the last call on WEBSOCKET that returned a negative value failed; never NULL for a WebSocket. Owned by
 * WEBSOCKET and overwritten by the next failure. */
const wsb_error *wsb_websocket_last_error(wsb_websocket *websocket);

/*
 * Connects to URL (ws or wss). OPTIONS may be NULL. CALLBACK runs when the service has started the attempt or
 * refused it; the outcome of a started one is the event "open" or one event "error". Without a CALLBACK a
 * refusal comes as the event "error" too, with an empty stage. After an "error" without "open", and after
 * "close", it may be called again, also from inside the listener.
 *
 * At once: -EINVAL (WSB_CODE_PARAMETER) when a string is not UTF-8, -EMSGSIZE (WSB_CODE_PARAMETER) when all
 * is too large for the bus, -EDQUOT (WSB_CODE_LIMIT_EXCEEDED) when 32 connects and closes of this WebSocket
 * are unanswered, and what opening the bus says. A callback sees in addition -EHOSTUNREACH (no service),
 * -ETIMEDOUT (it did not answer), -ECONNRESET (it or the bus went away), each with WSB_CODE_UNKNOWN.
 */
int wsb_websocket_connect(wsb_websocket *websocket, const char *url, const wsb_options *options,
                          wsb_callback callback, void *userdata);

/*
 * Sends one message; TEXT and DATA are copied. CALLBACK (may be NULL) runs when the message is on its way and
 * there is room for more, which under pressure from the server is when the server reads; callbacks run in the
 * order of the sends. What cannot go out yet waits here, up to WSB_SEND_QUEUE_MAX. Any one message may be
 * sent when nothing waits. Without a stream, at most 64 WebSockets of a client have a message with the
 * service that waits for a server, as more of them would leave no room for other calls.
 *
 * At once: -EAGAIN (WSB_CODE_LIMIT_EXCEEDED) when there is no room: await the event "drain"; -EINVAL
 * (WSB_CODE_PARAMETER) for text that is not UTF-8; -EMSGSIZE (WSB_CODE_PARAMETER) beyond WSB_MESSAGE_MAX, but
 * once there is a stream only beyond MaxMessageSize as well. A callback sees in addition -EINVAL for a
 * message larger than MaxMessageSize, and -ENOTCONN (WSB_CODE_NOT_CONNECTED) when the connection was not open
 * or ended first.
 */
int wsb_websocket_send_text(wsb_websocket *websocket, const char *text, size_t length, wsb_callback callback,
                            void *userdata);
int wsb_websocket_send_binary(wsb_websocket *websocket, const void *data, size_t length,
                              wsb_callback callback, void *userdata);

/* How many sends have not been answered, and the bytes that they count; either may be NULL. */
int wsb_websocket_get_unanswered(wsb_websocket *websocket, size_t *ret_messages, size_t *ret_bytes);

/*
 * Starts the closing handshake, after the messages sent before; REASON, NULL for none, has at most 123 bytes.
 * The event "close" says when it is done. While connecting it cancels: the event "error" with stage
 * "cancelled" ends it. CALLBACK (may be NULL) runs when the service has agreed. Messages that still wait here
 * when the client's timeout is over are dropped (-ETIMEDOUT), so that a server which reads nothing cannot
 * keep it open.
 *
 * At once: -EINVAL (WSB_CODE_PARAMETER) for a reason that is not UTF-8, -EDQUOT as for a connect. A callback
 * sees in addition -EINVAL for a code that an endpoint may not send and -ENOTCONN when there is nothing to
 * close.
 */
int wsb_websocket_close(wsb_websocket *websocket, uint16_t code, const char *reason, wsb_callback callback,
                        void *userdata);

/* ---- Events ---- */

typedef enum wsb_event_type {
    WSB_EVENT_OPEN,           /* code, message */
    WSB_EVENT_MESSAGE,        /* kind, data, length */
    WSB_EVENT_CLOSE,          /* code, message: the last event of a connection that was open, once */
    WSB_EVENT_ERROR,          /* code, message, stage, http_status, headers, body */
    WSB_EVENT_DATA_END,       /* after each complete message */
    WSB_EVENT_HEADER_RECEIVE, /* headers; before "open" */
    WSB_EVENT_DRAIN           /* after a send was -EAGAIN: there is room again. Not in the webSocket API */
} wsb_event_type;

typedef struct wsb_header {
    const char *name; /* lower case */
    const char *value;
} wsb_header;

/* What a listener is told. Only the fields named at the type are set, the others are 0 or NULL. Made by the
 * library alone, which may add fields at the end; it and all that it points to lives until the listener
 * returns. What comes from a server may hold any character, escapes for a terminal among them. */
typedef struct wsb_event {
    wsb_event_type type;
    uint32_t code;             /* open: the status, 101; close: RFC 6455 section 7.4; error: a wsb_code */
    const char *message;       /* open: the status' text; close: the reason; error: one sentence */
    wsb_message_kind kind;     /* message */
    const void *data;          /* message: LENGTH bytes, and a NUL after them */
    size_t length;             /* message */
    const wsb_header *headers; /* headerReceive, error: a repeated header is several entries, in order */
    size_t n_headers;          /* headerReceive, error */
    const char *stage;         /* error: see below */
    uint32_t http_status;      /* error: the server's answer where it was not 101, else 0 */
    const void *body;          /* error: the beginning of that answer's body */
    size_t body_length;        /* error: bytes */
} wsb_event;

/* The stage of an error: "resolve", "connect", "proxy", "tls", "handshake", "protocol", "timeout", "policy",
 * "limit", "cancelled"; "service" when the service or the bus went away; "" when a connect was refused. */

/* May call anything but what waits: off, close, connect again, drop the WebSocket. */
typedef void (*wsb_listener)(wsb_websocket *websocket, const wsb_event *event, void *userdata);

/* Adds LISTENER for events of TYPE, after the ones there are. One added from inside a listener hears from the
 * next event on. */
int wsb_websocket_on(wsb_websocket *websocket, wsb_event_type type, wsb_listener listener, void *userdata);

/* Removes LISTENER as added with USERDATA, or with LISTENER NULL every listener for TYPE. Harmless when there
 * is none. A removed listener is not called any more, not even for the event being told. */
int wsb_websocket_off(wsb_websocket *websocket, wsb_event_type type, wsb_listener listener, void *userdata);

/* ---- Blocking helpers ---- */

/*
 * For small programs without an event loop. Each waits TIMEOUT_USEC at most (0: the client's timeout;
 * UINT64_MAX: without end), and meanwhile listeners and callbacks of all the client's WebSockets run. -EBUSY
 * from inside one; -ETIMEDOUT when the time is over. wsb_websocket_last_error() has the reason for each
 * failure, what the event "error" said included.
 */

/* Returns when the connection is open (0) or failed. When the time is over the attempt is dropped, and no
 * event of it follows. */
int wsb_websocket_connect_sync(wsb_websocket *websocket, const char *url, const wsb_options *options,
                               uint64_t timeout_usec);

/* Return when the service has taken the message and has room for more; they also wait for room here. After
 * -ETIMEDOUT the message may still be delivered. */
int wsb_websocket_send_text_sync(wsb_websocket *websocket, const char *text, size_t length,
                                 uint64_t timeout_usec);
int wsb_websocket_send_binary_sync(wsb_websocket *websocket, const void *data, size_t length,
                                   uint64_t timeout_usec);

/* Returns when the connection is closed, or the attempt cancelled. */
int wsb_websocket_close_sync(wsb_websocket *websocket, uint16_t code, const char *reason,
                             uint64_t timeout_usec);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
