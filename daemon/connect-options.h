/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "header-list.h"

#include <systemd/sd-bus.h>

/* The options of Connect, checked as far as they can be by themselves. Owns what it points to. */
typedef struct ConnectOptions {
    HeaderList *headers; /* NULL: none */
    char **protocols;    /* NULL: none */
} ConnectOptions;

void connect_options_clear(ConnectOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ConnectOptions, connect_options_clear)

/* Reads the a{sv} at MESSAGE's position. FALSE and an error of CODED_ERROR, Parameter, that names the option. */
gboolean connect_options_read(sd_bus_message *message, ConnectOptions *ret_options, GError **error);
