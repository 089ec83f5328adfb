/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A URL. What is one has a valid authority, and shows no user. */

#include "fuzz.h"

#include "url.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(Url) url = url_parse(text, 1024, NULL);
    g_autoptr(Url) authority = NULL;
    gboolean valid = url_parse_authority(text, &authority);

    if (url) {
        g_autofree char *public = url_to_public_string(url);
        g_autofree char *host_field = url_host_field(url);

        g_assert_true(valid);
        g_assert_cmpstr(url->host, ==, authority->host);
        g_assert_cmpuint(url->port, ==, authority->port);
        g_assert_cmpuint(url->port, >, 0);
        g_assert_null(strpbrk(url->host, "@/?# \\"));
        g_assert_null(strpbrk(url->target, "# \r\n"));
        g_assert_true(g_str_has_prefix(public, url->secure ? "wss://" : "ws://"));
        g_assert_nonnull(host_field);
    }
    return 0;
}
