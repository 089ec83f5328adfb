/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "connect-options.h"

#include <systemd/sd-bus.h>

/* Reads the a{sv} at MESSAGE's position. FALSE and an error of CODED_ERROR, Parameter, that names the option. What is
 * read may refer to MESSAGE and holds it. */
gboolean connect_arguments_read(sd_bus_message *message, ConnectOptions *ret_options, GError **error);
