/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker-protocol.h"

#include <glib.h>

/* Errors that a caller of the D-Bus interface gets; the code is a wsb_code, the message is without it. */
#define CODED_ERROR (coded_error_quark())
GQuark coded_error_quark(void);

/* Sets an error of CODED_ERROR and returns FALSE. */
gboolean coded_error_set(GError **error, wsb_code code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* "org.wsbroker1.Error.Parameter" and so on; Unknown for what has no name. */
const char *coded_error_get_dbus_name(wsb_code code);
