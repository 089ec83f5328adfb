/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* Cleanup for sd-bus's objects: _cleanup_message_ sd_bus_message *reply = NULL; */
#define _cleanup_message_ __attribute__((cleanup(sd_bus_message_unrefp)))
#define _cleanup_slot_ __attribute__((cleanup(sd_bus_slot_unrefp)))

/* sd_bus_message_unref() for GLib's containers. */
void bus_message_unref(gpointer message);

/* Called once when BUS has gone; ERROR is a negative errno. */
typedef void (*BusLost)(int error, gpointer user_data);

/*
 * Dispatches BUS from CONTEXT, a budget of messages a turn. The source holds BUS; destroy and unreference it to stop.
 */
GSource *bus_source_new(sd_bus *bus, GMainContext *context, BusLost lost, gpointer user_data);

/* Writes what is queued, for at most TIMEOUT µs: for the end of the program, when nothing dispatches any more. */
void bus_flush(sd_bus *bus, gint64 timeout);
