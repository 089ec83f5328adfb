/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What failed: a negative errno for programs, the webSocket API's code, and a sentence for people. One table
 * says which D-Bus error name is which code and errno. The message of the service's errors begins with the
 * code in decimal; here the two are separate, so the number is taken off. Nothing can fail on the way:
 * without memory for the text the numbers remain.
 */

#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    wsb_code code;
    int result;
} bus_errors[] = {
    { WSB_ERROR_PREFIX "PermissionDenied", WSB_CODE_PERMISSION_DENIED, -EACCES },
    { WSB_ERROR_PREFIX "Parameter", WSB_CODE_PARAMETER, -EINVAL },
    { WSB_ERROR_PREFIX "Url", WSB_CODE_URL, -EDESTADDRREQ },
    { WSB_ERROR_PREFIX "CertificateFile", WSB_CODE_CERTIFICATE_FILE, -EKEYREJECTED },
    { WSB_ERROR_PREFIX "ConnectionExists", WSB_CODE_CONNECTION_EXISTS, -EISCONN },
    { WSB_ERROR_PREFIX "NotConnected", WSB_CODE_NOT_CONNECTED, -ENOTCONN },
    { WSB_ERROR_PREFIX "LimitExceeded", WSB_CODE_LIMIT_EXCEEDED, -EDQUOT },
    { WSB_ERROR_PREFIX "DomainNotAllowed", WSB_CODE_DOMAIN_NOT_ALLOWED, -EPERM },
    { WSB_ERROR_PREFIX "Unknown", WSB_CODE_UNKNOWN, -EIO },
    { SD_BUS_ERROR_INVALID_ARGS, WSB_CODE_PARAMETER, -EINVAL },
    { SD_BUS_ERROR_SERVICE_UNKNOWN, WSB_CODE_UNKNOWN, -EHOSTUNREACH },
    { SD_BUS_ERROR_NAME_HAS_NO_OWNER, WSB_CODE_UNKNOWN, -EHOSTUNREACH },
    { SD_BUS_ERROR_UNKNOWN_OBJECT, WSB_CODE_UNKNOWN, -ESTALE },
};

void
error_clear(wsb_error *error)
{
    free(error->message);
    *error = (wsb_error){ 0 };
}

int
error_set(wsb_error *error, int result, wsb_code code, const char *message)
{
    char *copy = strdup(message);

    free(error->message);
    *error = (wsb_error){ .result = result, .code = code, .message = copy };
    return result;
}

int
error_set_errno(wsb_error *error, int result)
{
    char buffer[128];

    return error_set(error, result, WSB_CODE_UNKNOWN, strerror_r(-result, buffer, sizeof(buffer)));
}

/* "2302998: It is not …" without the number that CODE repeats. */
static const char *
without_code(const char *message, wsb_code code)
{
    char prefix[16];
    int length = snprintf(prefix, sizeof(prefix), "%u: ", (unsigned)code);

    return strncmp(message, prefix, (size_t)length) == 0 ? message + length : message;
}

int
error_set_bus(wsb_error *error, const sd_bus_error *bus_error)
{
    const char *message = bus_error->message ? bus_error->message : bus_error->name;
    int result;

    for (size_t i = 0; i < sizeof(bus_errors) / sizeof(bus_errors[0]); i++)
        if (sd_bus_error_has_name(bus_error, bus_errors[i].name))
            return error_set(error, bus_errors[i].result, bus_errors[i].code,
                             without_code(message, bus_errors[i].code));

    result = -sd_bus_error_get_errno(bus_error);
    return error_set(error, result < 0 ? result : -EIO, WSB_CODE_UNKNOWN, message);
}

int
error_set_answer(wsb_error *error, sd_bus_message *reply)
{
    /* sd-bus answers what is unanswered on a lost connection by itself, as if its time were over. */
    if (sd_bus_is_open(sd_bus_message_get_bus(reply)) > 0)
        return error_set_bus(error, sd_bus_message_get_error(reply));
    return error_set(error, -ECONNRESET, WSB_CODE_UNKNOWN, "the connection to the message bus was lost");
}

int
error_copy(wsb_error *error, const wsb_error *source)
{
    if (error == source)
        return error->result;
    return error_set(error, source->result, source->code, wsb_error_message(source));
}

int
error_errno_for_code(wsb_code code)
{
    /* No D-Bus error has this one. */
    if (code == WSB_CODE_CONNECTION_FAILED)
        return -ECONNABORTED;
    for (size_t i = 0; i < sizeof(bus_errors) / sizeof(bus_errors[0]); i++)
        if (bus_errors[i].code == code)
            return bus_errors[i].result;
    return -EIO;
}

wsb_code
wsb_error_code(const wsb_error *error)
{
    return error ? error->code : WSB_CODE_OK;
}

int
wsb_error_errno(const wsb_error *error)
{
    return error ? error->result : 0;
}

const char *
wsb_error_message(const wsb_error *error)
{
    return error && error->message ? error->message : "";
}
