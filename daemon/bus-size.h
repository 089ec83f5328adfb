/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* Bytes. A bus disconnects the sender of a message that is larger than 32 MiB, a system's by default; this leaves room
 * for what is not counted. */
enum { BUS_MESSAGE_MAX = 30 * 1024 * 1024 };

/* *ret_size is about how many bytes MESSAGE, which was received and is read from its beginning again afterwards, has in
 * it; G_MAXSIZE when it has more parts than are worth looking at. FALSE, and G_MAXSIZE, when it cannot be read. */
gboolean bus_message_size(sd_bus_message *message, gsize *ret_size);

/* About how many bytes a reply to CALL can have that repeats what is wrong with it, or describes the object. */
gsize bus_reply_size(sd_bus_message *call);
