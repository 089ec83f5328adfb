/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <systemd/sd-bus.h>

/* A zeroed one says that nothing failed. */
struct wsb_error {
    int result; /* negative errno */
    wsb_code code;
    char *message; /* owned; NULL when there is none, or no memory for it */
};

void error_clear(wsb_error *error);

/* Replaces what ERROR says; MESSAGE is copied. Returns RESULT, for `return error_set(…)`. */
int error_set(wsb_error *error, int result, wsb_code code, const char *message);

/* The code and the text that RESULT, a negative errno of sd-bus or the C library, has by itself. Returns
 * it. */
int error_set_errno(wsb_error *error, int result);

/* What the error REPLY says. Returns the negative errno that belongs to it. */
int error_set_answer(wsb_error *error, sd_bus_message *reply);

/* The same for the contents of an error reply. */
int error_set_bus(wsb_error *error, const sd_bus_error *bus_error);

/* Copies SOURCE, except where they are the same. Returns its result. */
int error_copy(wsb_error *error, const wsb_error *source);

/* The negative errno that goes with a code of the API. */
int error_errno_for_code(wsb_code code);
