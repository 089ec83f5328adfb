/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* Standard input, cut into messages. */
typedef struct Input Input;

typedef struct InputHandler {
    /* One message; its bytes are the input's, until the handler returns. */
    void (*message)(const char *data, size_t length, void *userdata);
    /* The end, after the last message: ERROR is 0, or a negative errno (-EMSGSIZE: a line that is too
     * long). */
    void (*end)(int error, void *userdata);
} InputHandler;

/* Reads within EVENT, paused at first. Lines without their newline, or, LINES being false, whatever one read
 * gives. HANDLER must outlive it. 0 or a negative errno. */
int input_new(sd_event *event, bool lines, const InputHandler *handler, void *userdata, Input **ret);
Input *input_free(Input *input);

/* Messages come, or none from now on. May be called by the handler. */
void input_resume(Input *input);
void input_pause(Input *input);
