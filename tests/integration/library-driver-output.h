/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <stdbool.h>
#include <stdio.h>

/* The bytes of TEXT ("-": none), with a NUL after them; free them. NULL when it is not base64. */
char *from_base64(const char *text, size_t *ret_length);

/* A JSON string; NULL is "". */
void print_string(const char *string);

/* Ends the line of output. */
void end_line(void);

/* The rest of an object, from "WHAT": LINE on, and the end of the line. ERROR is looked at when RESULT is
 * negative. */
void print_result(const char *what, unsigned line, int result, const wsb_error *error);

/* One line for EVENT. */
void print_event(const char *websocket, unsigned listener, const wsb_event *event);

/* By the name that the API has for it. */
bool find_event(const char *name, wsb_event_type *ret);
