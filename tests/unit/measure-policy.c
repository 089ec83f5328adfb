/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a decision costs with 10 rules and with 10,000. Both are measured in turns of one run, so that what
 * else the machine does falls on both, and of many turns the median counts. Of the rules half are names below
 * a domain and half are ranges; the questions are in turn a name that is listed, one that is not, and the
 * vetting of an address in a range.
 */

#include "loaded-policy.h"

enum { N_TURNS = 101, N_QUESTIONS = 3, N_DECISIONS = 300 };

static const guint sizes[] = { 10, 10000 };

typedef struct Sample {
    PolicyAccess *access;
    gint64 load_time;      /* microseconds */
    double turns[N_TURNS]; /* nanoseconds a decision */
} Sample;

static char *
make_rules(guint n_rules)
{
    GString *text = g_string_new("[user 0]\nPermissions=INTERNET\nAllowDomains=");

    for (guint i = 0; i < n_rules; i++)
        if (i % 2 == 0)
            g_string_append_printf(text, "*.h%u.example;", i);
        else
            g_string_append_printf(text, "10.%u.%u.0/24;", i / 256, i % 256);
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

/* Decides N_DECISIONS times; nanoseconds each. */
static double
measure(const PolicyAccess *access, Url *const *urls, GInetAddress *address)
{
    gint64 start = g_get_monotonic_time();

    for (guint i = 0; i < N_DECISIONS; i++) {
        g_auto(Decision) decision = { 0 };
        guint question = i % N_QUESTIONS;

        policy_access_check(access, urls[question % 2], &decision);
        if (question == 2) {
            decision_clear(&decision);
            policy_access_address(access, urls[0], address, &decision);
        }
    }
    return (double)(g_get_monotonic_time() - start) * 1000 / N_DECISIONS;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const double *first = a;
    const double *second = b;

    return (*first > *second) - (*first < *second);
}

int
main(void)
{
    g_autoptr(Url) listed = url_parse("wss://a.b.h4.example/", 1024, NULL);
    g_autoptr(Url) unlisted = url_parse("wss://a.b.unlisted.example/", 1024, NULL);
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string("10.0.5.9");
    Url *const urls[] = { listed, unlisted };
    Sample each[G_N_ELEMENTS(sizes)];

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *text = make_rules(sizes[i]);
        gint64 start = g_get_monotonic_time();

        each[i].access = loaded_policy_access_new(text, "user 0");
        each[i].load_time = g_get_monotonic_time() - start;
    }
    for (guint turn = 0; turn < N_TURNS; turn++)
        for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
            each[i].turns[turn] = measure(each[i].access, urls, address);
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        qsort(each[i].turns, N_TURNS, sizeof(double), compare);
        g_print("%5u rules: %6.2f us a decision (best %.2f), loaded in %.1f ms\n", sizes[i],
                each[i].turns[N_TURNS / 2] / 1000, each[i].turns[0] / 1000, (double)each[i].load_time / 1000);
        policy_access_free(each[i].access);
    }
    return 0;
}
