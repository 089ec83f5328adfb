/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The options of Connect as values: who reads them from the bus is connect-arguments.c. */

#include "connect-options.h"

#include "secret.h"

void
connect_options_clear(ConnectOptions *options)
{
    g_clear_pointer(&options->headers, header_list_free);
    g_clear_pointer(&options->protocols, g_strfreev);
    g_clear_pointer(&options->tls.ca, g_bytes_unref);
    g_clear_pointer(&options->tls.certificate, g_bytes_unref);
    /* Its bytes belong to the bus message, which is marked as sensitive and wiped by sd-bus. */
    g_clear_pointer(&options->tls.key, g_bytes_unref);
    secret_clear(&options->tls.key_password);
    g_clear_pointer(&options->proxy.host, g_free);
    g_clear_pointer(&options->proxy.exclusions, g_strfreev);
    secret_clear(&options->proxy.username);
    secret_clear(&options->proxy.password);
}
