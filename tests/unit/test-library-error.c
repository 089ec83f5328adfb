/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From D-Bus errors to the codes of the API and errno. */

#include "error.h"

#include "row.h"

#include <errno.h>
#include <glib.h>

static const struct ErrorCase {
    const char *name, *message;
    int result;
    wsb_code code;
    const char *text;
} cases[] = {
    { "org.wsbroker1.Error.PermissionDenied", "201: no", -EACCES, WSB_CODE_PERMISSION_DENIED, "no" },
    { "org.wsbroker1.Error.Parameter", "401: no", -EINVAL, WSB_CODE_PARAMETER, "no" },
    { "org.wsbroker1.Error.Url", "2302001: no", -EDESTADDRREQ, WSB_CODE_URL, "no" },
    { "org.wsbroker1.Error.CertificateFile", "2302002: no", -EKEYREJECTED, WSB_CODE_CERTIFICATE_FILE, "no" },
    { "org.wsbroker1.Error.ConnectionExists", "2302003: no", -EISCONN, WSB_CODE_CONNECTION_EXISTS, "no" },
    { "org.wsbroker1.Error.NotConnected", "2302006: no", -ENOTCONN, WSB_CODE_NOT_CONNECTED, "no" },
    { "org.wsbroker1.Error.LimitExceeded", "2302100: no", -EDQUOT, WSB_CODE_LIMIT_EXCEEDED, "no" },
    { "org.wsbroker1.Error.DomainNotAllowed", "2302998: no", -EPERM, WSB_CODE_DOMAIN_NOT_ALLOWED, "no" },
    { "org.wsbroker1.Error.Unknown", "2302999: no", -EIO, WSB_CODE_UNKNOWN, "no" },

    /* Another number than the name's is part of the text. */
    { "org.wsbroker1.Error.Parameter", "201: no", -EINVAL, WSB_CODE_PARAMETER, "201: no" },
    { "org.wsbroker1.Error.Parameter", "no", -EINVAL, WSB_CODE_PARAMETER, "no" },
    { "org.wsbroker1.Error.NotHeardOf", "no", -EIO, WSB_CODE_UNKNOWN, "no" },
    { "org.wsbroker1.Error.Parameter", NULL, -EINVAL, WSB_CODE_PARAMETER, "org.wsbroker1.Error.Parameter" },

    { SD_BUS_ERROR_INVALID_ARGS, "no", -EINVAL, WSB_CODE_PARAMETER, "no" },
    { SD_BUS_ERROR_SERVICE_UNKNOWN, "no", -EHOSTUNREACH, WSB_CODE_UNKNOWN, "no" },
    { SD_BUS_ERROR_NAME_HAS_NO_OWNER, "no", -EHOSTUNREACH, WSB_CODE_UNKNOWN, "no" },
    { SD_BUS_ERROR_UNKNOWN_OBJECT, "no", -ESTALE, WSB_CODE_UNKNOWN, "no" },
    { SD_BUS_ERROR_NO_REPLY, "no", -ETIMEDOUT, WSB_CODE_UNKNOWN, "no" },
    { SD_BUS_ERROR_ACCESS_DENIED, "no", -EACCES, WSB_CODE_UNKNOWN, "no" },
    { "com.example.Other", "no", -EIO, WSB_CODE_UNKNOWN, "no" },
};

static void
test_bus_errors(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        sd_bus_error bus_error = SD_BUS_ERROR_MAKE_CONST(cases[i].name, cases[i].message);
        wsb_error error = { 0 };

        test_row(cases[i].name, cases[i].message);
        g_assert_cmpint(error_set_bus(&error, &bus_error), ==, cases[i].result);
        g_assert_cmpint(wsb_error_errno(&error), ==, cases[i].result);
        g_assert_cmpint(wsb_error_code(&error), ==, cases[i].code);
        g_assert_cmpstr(wsb_error_message(&error), ==, cases[i].text);
        error_clear(&error);
    }
}

static void
test_no_error(void)
{
    wsb_error error = { 0 };

    g_assert_cmpint(wsb_error_errno(NULL), ==, 0);
    g_assert_cmpint(wsb_error_code(NULL), ==, WSB_CODE_OK);
    g_assert_cmpstr(wsb_error_message(NULL), ==, "");
    g_assert_cmpstr(wsb_error_message(&error), ==, "");
}

static void
test_replace_and_copy(void)
{
    wsb_error first = { 0 }, second = { 0 };

    error_set(&first, -EINVAL, WSB_CODE_PARAMETER, "first");
    error_set(&first, -EPERM, WSB_CODE_DOMAIN_NOT_ALLOWED, "second");
    g_assert_cmpint(error_copy(&second, &first), ==, -EPERM);
    g_assert_cmpint(error_copy(&first, &first), ==, -EPERM);
    error_clear(&first);
    g_assert_cmpint(wsb_error_code(&first), ==, WSB_CODE_OK);
    g_assert_cmpint(wsb_error_code(&second), ==, WSB_CODE_DOMAIN_NOT_ALLOWED);
    g_assert_cmpstr(wsb_error_message(&second), ==, "second");
    error_clear(&second);
}

static void
test_errno_for_code(void)
{
    g_assert_cmpint(error_errno_for_code(WSB_CODE_CONNECTION_FAILED), ==, -ECONNABORTED);
    g_assert_cmpint(error_errno_for_code(WSB_CODE_PERMISSION_DENIED), ==, -EACCES);
    g_assert_cmpint(error_errno_for_code(WSB_CODE_LIMIT_EXCEEDED), ==, -EDQUOT);
    g_assert_cmpint(error_errno_for_code((wsb_code)12345), ==, -EIO);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/error/bus-errors", test_bus_errors);
    g_test_add_func("/library/error/no-error", test_no_error);
    g_test_add_func("/library/error/replace-and-copy", test_replace_and_copy);
    g_test_add_func("/library/error/errno-for-code", test_errno_for_code);
    return g_test_run();
}
