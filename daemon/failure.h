/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http-response.h"

#include <glib.h>

/* How far a connection had come when it failed: `stage` in the details of the signal Error. */
typedef enum {
    STAGE_RESOLVE,
    STAGE_CONNECT,
    STAGE_PROXY,
    STAGE_TLS,
    STAGE_HANDSHAKE,
    STAGE_PROTOCOL,
    STAGE_TIMEOUT,
    STAGE_POLICY,
    STAGE_LIMIT,
    STAGE_CANCELLED,
} Stage;

/* "resolve", "connect", … */
const char *stage_to_string(Stage stage);

/* Errors on the way to a connection; the code is a Stage. */
#define STAGE_ERROR (stage_error_quark())
GQuark stage_error_quark(void);

/* Why a connection failed or was ended, as the signal Error tells it. */
typedef struct Failure {
    guint32 code; /* a wsb_code */
    Stage stage;
    char *message;
    guint http_status;   /* 0, or what the server answered instead of 101 */
    HeaderList *headers; /* of that answer, else NULL */
    GBytes *body;        /* its first KiB, else NULL */
} Failure;

/* CODE 0: what belongs to STAGE (2302998 for policy, 2302100 for limit, else 200). */
Failure *failure_new(Stage stage, guint32 code, const char *message);

/* From an error of STAGE_ERROR; any other counts as FALLBACK. */
Failure *failure_new_from_error(const GError *error, Stage fallback);

/* WHO ("The server") answered what was not accepted; headers and body are taken from RESPONSE. */
Failure *failure_new_from_response(Stage stage, const char *who, HttpResponse *response);

void failure_free(Failure *failure);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Failure, failure_free)
