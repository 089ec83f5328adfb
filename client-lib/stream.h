/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>

/* The data plane of one attempt to connect, from the call of OpenStream to the end of the connection. */
typedef struct Stream Stream;

/* ---- Its life. WEBSOCKET->stream is NULL without one; then messages travel over the bus ---- */

/* Calls OpenStream; there is a stream from then on, unless the answer is an error. 0, also when the bus
 * carries no descriptors, or a negative errno. */
int stream_request(wsb_websocket *websocket);

/* Asks for MaxMessageSize; to follow Connect. */
int stream_request_limit(wsb_websocket *websocket);

/* "open" is about to be told: from now on messages are read. */
void stream_start(wsb_websocket *websocket);

/* Closes it: what is unread is lost. Harmless without one. */
void stream_close(wsb_websocket *websocket);

/* ---- Its end: told when all that came before it has been read ---- */

/* Each true when the stream keeps the end (the signal, or the reason) and will tell it. */
bool stream_hold_signal(wsb_websocket *websocket, sd_bus_message *signal);
bool stream_hold_loss(wsb_websocket *websocket, const char *message);

/* Whether it keeps one, so that nothing new may begin. False without a stream. */
bool stream_holds_end(const wsb_websocket *websocket);

/* ---- Sending ---- */

/* Whether messages cannot be judged yet, as an answer is awaited. */
bool stream_is_pending(const wsb_websocket *websocket);

/* The largest message, bytes; SIZE_MAX without a stream. */
size_t stream_get_limit(const wsb_websocket *websocket);

/* Takes a message within the limit; when it is written, stream_get_written() has come to *ret_end. 0 or
 * -ENOMEM. */
int stream_send(wsb_websocket *websocket, wsb_message_kind kind, const void *data, size_t length,
                uint64_t *ret_end);
uint64_t stream_get_written(const wsb_websocket *websocket);
uint64_t stream_get_accepted(const wsb_websocket *websocket);

/* Writes what waits, as far as it goes. Returns whether all is out, true without a stream. */
bool stream_flush(wsb_websocket *websocket);

/* Drops what waits to be written, and all that is still sent. */
void stream_drop_output(wsb_websocket *websocket);

/* ---- Driving ---- */

/* The descriptor has EVENTS (EPOLLIN, …). A hold must be had. */
void stream_dispatch(wsb_websocket *websocket, uint32_t events);
