/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A message that has been sealed can be read at once, as if it had come over a bus. */

#include "scratch-message.h"

#include <glib.h>

sd_bus_message *
scratch_message_new(sd_bus *bus)
{
    sd_bus_message *message = NULL;

    g_assert_cmpint(
        sd_bus_message_new_method_call(bus, &message, "org.example", "/", "org.example", "Member"), >=, 0);
    return message;
}

void
scratch_message_turn(sd_bus_message *message)
{
    g_assert_cmpint(sd_bus_message_seal(message, /* cookie= */ 1, /* timeout_usec= */ 0), >=, 0);
    g_assert_cmpint(sd_bus_message_rewind(message, /* complete= */ 1), >=, 0);
}
