/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A pattern of AllowDomains or AllowProxies: one, or an error that says why. */

#include "fuzz.h"

#include "pattern.h"

static void
parse(Pattern *(*parse_pattern)(const char *text, GError **error), const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Pattern) pattern = parse_pattern(text, &error);

    g_assert_cmpint(pattern == NULL, ==, error != NULL);
    if (pattern)
        g_assert_true(pattern->ws || pattern->wss);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);

    parse(pattern_parse, text);
    parse(pattern_parse_proxy, text);
    return 0;
}
