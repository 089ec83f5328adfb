/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-bus.h>

/* The sends on a stream whose callback has not run, or that are not written. In order. */
typedef TAILQ_HEAD(SendList, StreamedSend) SendList;

/* Whether a message that is sent now goes to the stream, with nothing before it to wait for. */
bool sends_may_stream(const wsb_websocket *websocket);

/* Sends one, where sends_may_stream(). 0 or -ENOMEM. One that is larger than the stream takes is told to its
 * callback, as it would be over the bus. */
int sends_submit(wsb_websocket *websocket, wsb_message_kind kind, const void *data, size_t length,
                 wsb_callback callback, void *userdata);

/* The same for the sealed MESSAGE of a Send that had to wait; where the WebSocket is not open now, and for
 * any other failure, a negative errno and what it is in ERROR. Only while processing. */
int sends_submit_message(wsb_websocket *websocket, sd_bus_message *message, wsb_callback callback,
                         void *userdata, wsb_error *error);

/* Ends those that have been written. Only while processing. */
void sends_complete(wsb_websocket *websocket);

/* Ends all with ERROR. Only while processing. */
void sends_fail_all(wsb_websocket *websocket, const wsb_error *error);

/* "drain", where a send was refused for want of room and there is room again. Only while processing. */
void sends_tell_drain(wsb_websocket *websocket);

void sends_drop_all(SendList *list);
void sends_forget(SendList *list, const void *userdata);
