/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pending.h"
#include "stream-reader.h"
#include "stream-writer.h"
#include "stream.h"

struct Stream {
    PendingCall *request, *limit_request; /* unanswered calls */
    size_t limit;                         /* bytes of a message */
    int fd;                               /* -1 before the answer */
    uint32_t watched;                     /* events that it is in the client's epoll set with; 0: it is not */
    bool reading;                         /* "open" was told, and the end has not been read */
    bool ended;                           /* it has */
    bool dispatching;
    bool closed; /* while dispatching, which frees it then */
    StreamReader reader;
    StreamWriter writer;

    sd_bus_message *held_error, *held_close;
    char *loss;
};

/* Begins to read, which the listeners must be ready for. 0 or a negative errno. */
int stream_start_reading(wsb_websocket *websocket);

/* The stream cannot be used, and the service would use no other way: the connection ends. Hold it. */
void stream_fail(wsb_websocket *websocket, const char *message);
