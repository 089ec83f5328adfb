/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * sd-bus on a GMainContext. Its descriptor, events and timeout may change with every message, so all three are read
 * again before every poll. Nothing here or above ever calls the bus and waits.
 */

#include "bus.h"

#include <poll.h>

enum { MESSAGES_PER_TURN = 64 };

void
bus_message_unref(gpointer message)
{
    sd_bus_message_unref(message);
}

typedef struct BusSource {
    GSource source;
    sd_bus *bus;
    int fd;
    gpointer fd_tag;
    GIOCondition events;
    BusLost lost;
    gpointer user_data;
} BusSource;

/* µs until sd-bus wants to be called even without an event; -1: never. */
static gint64
time_left(sd_bus *bus)
{
    guint64 until = G_MAXUINT64;

    if (sd_bus_get_timeout(bus, &until) <= 0 || until == G_MAXUINT64)
        return -1;
    return MAX(0, (gint64)until - g_get_monotonic_time());
}

static void
bus_source_watch(BusSource *self)
{
    int fd = sd_bus_get_fd(self->bus), events = sd_bus_get_events(self->bus);
    /* poll's and GLib's conditions are the same bits. */
    GIOCondition wanted = events < 0 ? G_IO_IN : (GIOCondition)events;

    if (fd != self->fd) {
        if (self->fd_tag)
            g_source_remove_unix_fd(&self->source, self->fd_tag);
        self->fd_tag = fd >= 0 ? g_source_add_unix_fd(&self->source, fd, wanted) : NULL;
        self->fd = fd;
        self->events = wanted;
    } else if (wanted != self->events && self->fd_tag) {
        g_source_modify_unix_fd(&self->source, self->fd_tag, wanted);
        self->events = wanted;
    }
}

static gboolean
bus_source_prepare(GSource *source, int *ret_timeout_ms)
{
    BusSource *self = (BusSource *)source;
    gint64 left = time_left(self->bus);

    bus_source_watch(self);
    *ret_timeout_ms = left < 0 ? -1 : (int)MIN((left + 999) / 1000, G_MAXINT);
    return left == 0;
}

static gboolean
bus_source_check(GSource *source)
{
    BusSource *self = (BusSource *)source;

    return (self->fd_tag && g_source_query_unix_fd(source, self->fd_tag)) || time_left(self->bus) == 0;
}

static gboolean
bus_source_dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    BusSource *self = (BusSource *)source;

    (void)callback;
    (void)user_data;
    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        int r = sd_bus_process(self->bus, NULL);

        if (r == 0)
            break;
        if (r < 0) {
            self->lost(r, self->user_data);
            return G_SOURCE_REMOVE;
        }
    }
    return G_SOURCE_CONTINUE;
}

static void
bus_source_finalize(GSource *source)
{
    sd_bus_unref(((BusSource *)source)->bus);
}

static GSourceFuncs bus_source_funcs = { .prepare = bus_source_prepare,
                                         .check = bus_source_check,
                                         .dispatch = bus_source_dispatch,
                                         .finalize = bus_source_finalize };

GSource *
bus_source_new(sd_bus *bus, GMainContext *context, BusLost lost, gpointer user_data)
{
    BusSource *self = (BusSource *)g_source_new(&bus_source_funcs, sizeof(BusSource));

    self->bus = sd_bus_ref(bus);
    self->fd = -1;
    self->lost = lost;
    self->user_data = user_data;
    g_source_set_static_name(&self->source, "bus");
    /* Else GLib takes it out of the poll set and back at each dispatch, which costs a write to an eventfd and a turn. */
    g_source_set_can_recurse(&self->source, TRUE);
    g_source_attach(&self->source, context);
    return &self->source;
}

void
bus_flush(sd_bus *bus, gint64 timeout)
{
    gint64 deadline = g_get_monotonic_time() + timeout;

    while (sd_bus_get_events(bus) > 0 && (sd_bus_get_events(bus) & POLLOUT)) {
        gint64 left = deadline - g_get_monotonic_time();

        if (left <= 0 || sd_bus_wait(bus, (guint64)left) <= 0 || sd_bus_process(bus, NULL) < 0)
            break;
    }
}
