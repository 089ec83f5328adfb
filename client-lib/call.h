/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "calls.h"
#include "pending.h"

struct Call {
    TAILQ_ENTRY(Call) link;
    wsb_websocket *websocket;
    CallType type;
    size_t cost;
    bool stream;             /* a Connect that is to have one */
    bool began;              /* a Connect that took the WebSocket to WSB_STATE_CONNECTING */
    sd_bus_message *message; /* until started */
    PendingCall *pending;    /* once started */
    wsb_callback callback;
    void *userdata;
};

/* Ends the message, so that its arguments can be read. 0 or a negative errno. */
int call_seal(Call *call);

/* Makes it one to the WebSocket's object, which may be another than the one that there was, or was not, when
 * the message was built. 0 or a negative errno. */
int call_address(Call *call);
