/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "handshake.h"
#include "socket-pair.h"

/* One handshake: what is asked for, and what comes of it. */
typedef struct Attempt {
    SocketPair *pair;
    GCancellable *cancellable;
    HeaderList *headers;
    const char *const *protocols;
    gboolean offer_deflate;
    char *request; /* as the server read it */
    char *accept;  /* the right answer to its key */

    gboolean done;
    gboolean success;
    HandshakeResult result;
    Failure *failure;
} Attempt;

/* A transport with nothing sent yet. */
Attempt *attempt_new(void);
void attempt_free(Attempt *attempt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Attempt, attempt_free)

/* Starts the handshake for URL_TEXT; attempt_start() reads its whole request as well. */
void attempt_begin(Attempt *attempt, const char *url_text);
void attempt_start(Attempt *attempt, const char *url_text);

/* The value of the field NAME in the request; NULL when there is none. Free with g_free(). */
char *attempt_get_header(const Attempt *attempt, const char *name);

/* The server sends LENGTH bytes, PIECE at a time, each after the last was read. */
void attempt_send(Attempt *attempt, const char *bytes, gsize length, gsize piece);

/* TEMPLATE with the right accept key in place of "$ACCEPT". Free with g_free(). */
char *attempt_fill_in(const Attempt *attempt, const char *template);

void attempt_wait(Attempt *attempt);

/* Asks ws://example.com/ for a connection and waits for the outcome. The server sends ANSWER, filled in, PIECE bytes at
 * a time (0: all at once), then closes if it is to. */
Attempt *attempt_run(const char *answer, const char *const *protocols, gsize piece, gboolean close_after);
