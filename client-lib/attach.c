/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A client in an sd-event loop: the four driving calls, made at the points where the loop asks. The
 * descriptor's source has the prepare callback, which runs before every poll, and a timer stands for
 * wsb_client_get_timeout().
 */

#include "client.h"

#include <errno.h>
#include <sys/epoll.h>

/* How late the timer may be: replies that never come are told to the millisecond. */
#define TIMER_ACCURACY_USEC 1000

static int
on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    (void)source, (void)fd, (void)events;
    (void)wsb_client_process(userdata);
    return 0;
}

static int
on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
    (void)source, (void)usec;
    (void)wsb_client_process(userdata);
    return 0;
}

static int
on_prepare(sd_event_source *source, void *userdata)
{
    wsb_client *client = userdata;
    uint64_t usec;
    int r;

    (void)source;
    r = wsb_client_get_events(client);
    if (r < 0)
        return r;
    r = wsb_client_get_timeout(client, &usec);
    if (r > 0)
        r = sd_event_source_set_time(client->time_source, usec);
    if (r < 0)
        return r;
    return sd_event_source_set_enabled(client->time_source,
                                       usec == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static int
add_sources(wsb_client *client, int priority)
{
    int r;

    r = sd_event_add_io(client->event, &client->io_source, client->epoll_fd, EPOLLIN, on_io, client);
    if (r >= 0)
        r = sd_event_source_set_prepare(client->io_source, on_prepare);
    if (r >= 0)
        r = sd_event_source_set_priority(client->io_source, priority);
    if (r >= 0)
        r = sd_event_add_time(client->event, &client->time_source, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_USEC,
                              on_time, client);
    if (r >= 0)
        r = sd_event_source_set_enabled(client->time_source, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_source_set_priority(client->time_source, priority);
    return r;
}

int
wsb_client_attach_event(wsb_client *client, sd_event *event, int priority)
{
    int r;

    if (!client)
        return -EINVAL;
    if (client->event)
        return -EBUSY;
    if (event)
        client->event = sd_event_ref(event);
    else if ((r = sd_event_default(&client->event)) < 0)
        return r;
    r = add_sources(client, priority);
    if (r < 0) {
        (void)wsb_client_detach_event(client);
        return r;
    }
    return 0;
}

int
wsb_client_detach_event(wsb_client *client)
{
    if (!client)
        return -EINVAL;
    client->io_source = sd_event_source_disable_unref(client->io_source);
    client->time_source = sd_event_source_disable_unref(client->time_source);
    client->event = sd_event_unref(client->event);
    return 0;
}
