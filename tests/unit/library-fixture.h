/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "peer-bus.h"
#include "wsbroker.h"

#include <glib.h>

#define LIBRARY_SERVICE ":1.7"
#define LIBRARY_OBJECT "/org/wsbroker1/websocket/5"

/* A WebSocket of the library, of which the test plays the service. */
typedef struct LibraryFixture {
    PeerBus *peers;
    wsb_client *client;
    wsb_websocket *websocket;
    GString *heard;       /* a word for each event and callback: see library_hear() */
    int stream;           /* the service's end; -1 without one */
    GByteArray *received; /* from it, and not yet looked at */
    int type;             /* of that socket; SOCK_STREAM unless set before it is made */
} LibraryFixture;

void library_set_up(LibraryFixture *fixture, gconstpointer data);
void library_tear_down(LibraryFixture *fixture, gconstpointer data);

/* Processes both sides until nothing is left to do without waiting. */
void library_settle(LibraryFixture *fixture);

/* What was heard since the last time: "open", "message:TEXT", "end", "error:STAGE", "close:CODE", "drain",
 * and for callbacks "done:ERRNO"; each followed by a blank. */
void library_assert_heard(LibraryFixture *fixture, const char *expected);

/* A wsb_callback, with the fixture for its data. */
void library_on_done(wsb_websocket *websocket, const wsb_error *error, void *fixture);

/* The oldest unanswered call, which must be of MEMBER, or, for NULL, not be there. */
sd_bus_message *library_take_call(LibraryFixture *fixture, const char *member);

/* Answers CALL (taken) with arguments of TYPES, or as sd_bus_error_set() would; settles. */
void library_answer(LibraryFixture *fixture, sd_bus_message *call, const char *types, ...);
void library_refuse(LibraryFixture *fixture, sd_bus_message *call, const char *name, const char *message);

/* A signal of the WebSocket's object; settles. */
void library_signal(LibraryFixture *fixture, const char *member, const char *types, ...);

/* The service leaves the bus; settles. */
void library_lose_service(LibraryFixture *fixture);

/* Connects (OPTIONS may be NULL) up to the unanswered OpenStream. */
void library_connect(LibraryFixture *fixture, const wsb_options *options);

/* Answers OpenStream with a stream. */
void library_give_stream(LibraryFixture *fixture);

/* All of it, up to the event "open"; MaxMessageSize is 1000. */
void library_open(LibraryFixture *fixture);

/* The service writes a text message; does not settle. */
void library_write(LibraryFixture *fixture, const char *text);

/* What the service can read at once of the next text message, to be freed; NULL when there is nothing, "" at
 * the end of the stream. */
char *library_read(LibraryFixture *fixture);

void library_close_stream(LibraryFixture *fixture);
