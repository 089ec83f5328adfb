/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Standard input in the event loop. A pipe or terminal is polled; a regular file (and /dev/null), which epoll
 * refuses as it is always readable, is read by a source that is always due, after everything else. Reading
 * pauses whenever messages pile up, even in the middle of what has been read, so the memory is one line or
 * one block.
 */

#include "input.h"

#include "wsbroker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BLOCK ((size_t)64 << 10)

struct Input {
    sd_event_source *source;
    const InputHandler *handler;
    void *userdata;
    bool lines, running, ended;
    char *buffer;
    size_t start, end, allocated;
};

static void
finish(Input *input, int error)
{
    input->ended = true;
    (void)sd_event_source_set_enabled(input->source, SD_EVENT_OFF);
    input->handler->end(error, input->userdata);
}

/* Hands out the LENGTH bytes that come next, and passes over SKIP after them. */
static void
hand_out(Input *input, size_t length, size_t skip)
{
    const char *data = input->buffer + input->start;

    input->start += length + skip;
    input->handler->message(data, length, input->userdata);
}

/* The messages that are whole. */
static void
hand_out_all(Input *input)
{
    while (input->running && input->start < input->end) {
        size_t length = input->end - input->start;
        const char *newline = input->lines ? memchr(input->buffer + input->start, '\n', length) : NULL;

        if (!input->lines)
            hand_out(input, length, 0);
        else if (newline)
            hand_out(input, (size_t)(newline - (input->buffer + input->start)), 1);
        else
            break;
    }
}

/* Room for one more block. */
static int
make_room(Input *input)
{
    char *buffer;

    memmove(input->buffer, input->buffer + input->start, input->end - input->start);
    input->end -= input->start;
    input->start = 0;
    if (input->end > WSB_MESSAGE_MAX)
        return -EMSGSIZE;
    if (input->allocated - input->end >= BLOCK)
        return 0;
    buffer = realloc(input->buffer, input->allocated * 2);
    if (!buffer)
        return -ENOMEM;
    input->buffer = buffer;
    input->allocated *= 2;
    return 0;
}

static void
read_block(Input *input)
{
    ssize_t n;
    int r = make_room(input);

    if (r < 0) {
        finish(input, r);
        return;
    }
    n = read(STDIN_FILENO, input->buffer + input->end, BLOCK);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n < 0) {
        finish(input, -errno);
        return;
    }
    input->end += (size_t)n;
    if (n == 0 && input->end > input->start) /* a last line without a newline */
        hand_out(input, input->end - input->start, 0);
    if (n == 0)
        finish(input, 0);
}

static void
pump(Input *input)
{
    hand_out_all(input);
    if (!input->running || input->ended)
        return;
    read_block(input);
    hand_out_all(input);
}

static int
on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    (void)source, (void)fd, (void)events;
    pump(userdata);
    return 0;
}

static int
on_turn(sd_event_source *source, void *userdata)
{
    (void)source;
    pump(userdata);
    return 0;
}

int
input_new(sd_event *event, bool lines, const InputHandler *handler, void *userdata, Input **ret)
{
    Input *input = calloc(1, sizeof(*input));
    int r;

    if (!input)
        return -ENOMEM;
    *input = (Input){ .handler = handler, .userdata = userdata, .lines = lines, .allocated = 2 * BLOCK };
    input->buffer = malloc(input->allocated);
    r = input->buffer ? sd_event_add_io(event, &input->source, STDIN_FILENO, EPOLLIN, on_readable, input)
                      : -ENOMEM;
    if (r == -EPERM)
        r = sd_event_add_defer(event, &input->source, on_turn, input);
    if (r >= 0)
        r = sd_event_source_set_priority(input->source, SD_EVENT_PRIORITY_IDLE);
    if (r >= 0)
        r = sd_event_source_set_enabled(input->source, SD_EVENT_OFF);
    if (r < 0) {
        input_free(input);
        return r;
    }
    *ret = input;
    return 0;
}

Input *
input_free(Input *input)
{
    if (input) {
        sd_event_source_disable_unref(input->source);
        free(input->buffer);
        free(input);
    }
    return NULL;
}

void
input_resume(Input *input)
{
    if (input->running || input->ended)
        return;
    input->running = true;
    (void)sd_event_source_set_enabled(input->source, SD_EVENT_ON);
    hand_out_all(input);
}

void
input_pause(Input *input)
{
    input->running = false;
    (void)sd_event_source_set_enabled(input->source, SD_EVENT_OFF);
}
