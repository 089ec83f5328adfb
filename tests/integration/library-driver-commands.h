/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

typedef struct Completion Completion;
typedef struct Websocket Websocket;

typedef struct Driver {
    sd_event *event;
    wsb_client *client;
    Websocket *websockets;
    Completion *completions;
    char *input;
    size_t length, allocated;
    unsigned line; /* the number of the last */
    bool failed;
} Driver;

/* Runs one command, TEXT, which it writes into. One that is not understood ends the program. */
void run_command(Driver *driver, unsigned line, char *text);

/* Drops all WebSockets. */
void release_all(Driver *driver);
