/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rates.h"

#include <glib.h>

static const Traffic before = { .connected_at = 7, .counters = { 10, 1000, 20, 2000 } };

static void
assert_rates(const Rates *rates, double messages_in, double bytes_in, double messages_out, double bytes_out)
{
    g_assert_cmpfloat(rates->per_second[COUNTER_MESSAGES_RECEIVED], ==, messages_in);
    g_assert_cmpfloat(rates->per_second[COUNTER_BYTES_RECEIVED], ==, bytes_in);
    g_assert_cmpfloat(rates->per_second[COUNTER_MESSAGES_SENT], ==, messages_out);
    g_assert_cmpfloat(rates->per_second[COUNTER_BYTES_SENT], ==, bytes_out);
}

static void
test_difference(void)
{
    Traffic now = { .connected_at = 7, .counters = { 12, 1400, 20, 2001 } };
    Rates rates = rates_between(&before, &now, 2);

    assert_rates(&rates, 1, 200, 0, 0.5);
}

static void
test_new_websocket(void)
{
    Rates rates = rates_between(NULL, &before, 4);

    assert_rates(&rates, 2.5, 250, 5, 500);
}

/* Its counters may well be beyond those of the last one. */
static void
test_new_connection(void)
{
    Traffic now = { .connected_at = 8, .counters = { 30, 3000, 40, 4000 } };
    Rates rates = rates_between(&before, &now, 1);

    assert_rates(&rates, 30, 3000, 40, 4000);
}

static void
test_counters_that_began_anew(void)
{
    Traffic now = { .connected_at = 7, .counters = { 11, 1100, 21, 4 } };
    Rates rates = rates_between(&before, &now, 1);

    assert_rates(&rates, 11, 1100, 21, 4);
}

static void
test_no_time(void)
{
    Traffic now = { .connected_at = 7, .counters = { 12, 1400, 20, 2001 } };
    Rates rates = rates_between(&before, &now, 0);

    assert_rates(&rates, 0, 0, 0, 0);
}

static void
test_sum(void)
{
    Rates total = { { 1, 2, 3, 4 } };

    rates_add(&total, &(Rates){ { 10, 20, 30, 40 } });
    assert_rates(&total, 11, 22, 33, 44);
}

static void
test_text(void)
{
    static const struct {
        double rate;
        const char *text;
    } cases[] = {
        { 0, "0" },        { 0.001, "<0.01" }, { 0.01, "0.01" },   { 0.256, "0.256" },
        { 3, "3" },        { 12.34, "12.3" },  { 999, "999" },     { 999.4, "999" },
        { 999.5, "1k" },   { 12345, "12.3k" }, { 999499, "999k" }, { 999500, "1M" },
        { 2.5e9, "2.5G" }, { 1e12, "1T" },     { 1e15, "1P" },     { 1.5e18, "1.5E" },
    };
    char buffer[RATE_SIZE];

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(rate_to_text(cases[i].rate, buffer), ==, cases[i].text);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rates/difference", test_difference);
    g_test_add_func("/rates/new-websocket", test_new_websocket);
    g_test_add_func("/rates/new-connection", test_new_connection);
    g_test_add_func("/rates/counters-that-began-anew", test_counters_that_began_anew);
    g_test_add_func("/rates/no-time", test_no_time);
    g_test_add_func("/rates/sum", test_sum);
    g_test_add_func("/rates/text", test_text);
    return g_test_run();
}
