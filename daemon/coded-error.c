/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one place that knows which code has which D-Bus name. */

#include "coded-error.h"

G_DEFINE_QUARK(wsbroker_coded_error, coded_error)

static const struct {
    wsb_code code;
    const char *name;
} names[] = {
    { WSB_CODE_PERMISSION_DENIED, WSB_ERROR_PREFIX "PermissionDenied" },
    { WSB_CODE_PARAMETER, WSB_ERROR_PREFIX "Parameter" },
    { WSB_CODE_URL, WSB_ERROR_PREFIX "Url" },
    { WSB_CODE_CERTIFICATE_FILE, WSB_ERROR_PREFIX "CertificateFile" },
    { WSB_CODE_CONNECTION_EXISTS, WSB_ERROR_PREFIX "ConnectionExists" },
    { WSB_CODE_NOT_CONNECTED, WSB_ERROR_PREFIX "NotConnected" },
    { WSB_CODE_LIMIT_EXCEEDED, WSB_ERROR_PREFIX "LimitExceeded" },
    { WSB_CODE_DOMAIN_NOT_ALLOWED, WSB_ERROR_PREFIX "DomainNotAllowed" },
};

gboolean
coded_error_set(GError **error, wsb_code code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error && !*error)
        *error = g_error_new_valist(CODED_ERROR, (int)code, format, arguments);
    va_end(arguments);
    return FALSE;
}

const char *
coded_error_get_dbus_name(wsb_code code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].code == code)
            return names[i].name;
    }
    return WSB_ERROR_PREFIX "Unknown";
}
