/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server may answer to the offer of permessage-deflate, and what not (RFC 7692 section 7.1). */

#include "permessage-deflate.h"

#include "row.h"

static const struct Accepted {
    const char *value;
    gboolean server_no_context_takeover;
    guint server_max_window_bits;
} accepted[] = {
    { "permessage-deflate", FALSE, 15 },
    { " permessage-deflate\t", FALSE, 15 },
    { "permessage-deflate; client_no_context_takeover", FALSE, 15 },
    { "permessage-deflate;server_no_context_takeover", TRUE, 15 },
    { "permessage-deflate ; server_no_context_takeover ; client_no_context_takeover", TRUE, 15 },
    { "permessage-deflate; server_max_window_bits=8", FALSE, 8 },
    { "permessage-deflate; server_max_window_bits=9", FALSE, 9 },
    { "permessage-deflate; server_max_window_bits=15", FALSE, 15 },
    { "permessage-deflate; server_max_window_bits=\"10\"", FALSE, 10 },
    { "permessage-deflate; server_max_window_bits = 10", FALSE, 10 },
    { "permessage-deflate; server_max_window_bits=12; server_no_context_takeover", TRUE, 12 },
};

static void
test_accepted(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(accepted); i++) {
        PermessageDeflate agreed = { 0 };

        test_row(accepted[i].value);
        g_assert_null(permessage_deflate_accept(accepted[i].value, &agreed));
        g_assert_true(agreed.agreed);
        g_assert_cmpint(agreed.server_no_context_takeover, ==, accepted[i].server_no_context_takeover);
        g_assert_cmpuint(agreed.server_max_window_bits, ==, accepted[i].server_max_window_bits);
    }
}

static const char *const refused[] = {
    "",
    ";",
    ",",
    "x-webkit-deflate-frame",
    "permessage-deflate2",
    "Permessage-Deflate",
    "permessage-deflate, permessage-deflate",
    "permessage-deflate,",
    "x-other, permessage-deflate",
    "permessage-deflate;",
    "permessage-deflate; ;client_no_context_takeover",
    "permessage-deflate; x",
    "permessage-deflate; =",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; client_max_window_bits=15",
    "permessage-deflate; Server_No_Context_Takeover",
    "permessage-deflate; server_no_context_takeover=1",
    "permessage-deflate; server_no_context_takeover=",
    "permessage-deflate; client_no_context_takeover=true",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
    "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_max_window_bits=",
    "permessage-deflate; server_max_window_bits=\"\"",
    "permessage-deflate; server_max_window_bits=\"",
    "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=08",
    "permessage-deflate; server_max_window_bits=+9",
    "permessage-deflate; server_max_window_bits=-9",
    "permessage-deflate; server_max_window_bits=9.0",
    "permessage-deflate; server_max_window_bits=0x9",
    "permessage-deflate; server_max_window_bits=9 9",
    "permessage-deflate; server_max_window_bits=99999999999999999999",
};

static void
test_refused(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        PermessageDeflate agreed = { 0 };

        test_row(refused[i]);
        g_assert_nonnull(permessage_deflate_accept(refused[i], &agreed));
        g_assert_false(agreed.agreed);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/permessage-deflate/accepted", test_accepted);
    g_test_add_func("/permessage-deflate/refused", test_refused);
    return g_test_run();
}
