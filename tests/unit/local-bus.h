/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* A bus connection with nobody at the other end: messages can be made for it, and are not sent. Unref it. */
sd_bus *local_bus_new(void);
