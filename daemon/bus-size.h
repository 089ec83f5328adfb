/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* About how many bytes MESSAGE, which was received and is read from its beginning again afterwards, has in it; G_MAXSIZE
 * when it has more parts than are worth looking at. */
gsize bus_message_size(sd_bus_message *message);

/* About how many bytes a reply to CALL can have that repeats what is wrong with it, or describes the object. */
gsize bus_reply_size(sd_bus_message *call);
