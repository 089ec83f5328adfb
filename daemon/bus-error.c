/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Errors of the broker in the form that the D-Bus interface promises. */

#include "objects.h"

#include "bus-text.h"
#include "coded-error.h"

#include <errno.h>
#include <string.h>

int
bus_error_set_unreadable(sd_bus_error *ret_error, int r)
{
    g_autoptr(GError) error = NULL;

    if (r == -ENOMEM)
        return r;
    coded_error_set(&error, WSB_CODE_PARAMETER, BUS_UNREADABLE);
    return bus_error_set(ret_error, error);
}

int
bus_error_set(sd_bus_error *ret_error, const GError *error)
{
    wsb_code code = error->domain == CODED_ERROR ? (wsb_code)error->code : WSB_CODE_UNKNOWN;
    g_autofree char *text = bus_text_new(error->message, strlen(error->message));

    return sd_bus_error_setf(ret_error, coded_error_get_dbus_name(code), "%u: %s", code, text);
}
