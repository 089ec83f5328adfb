/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Points in time on wsbrokerctl's command line. */

#include "moment.h"

#include "row.h"

#include <glib.h>

#define SEC UINT64_C(1000000)
#define NOW (UINT64_C(1732266901) * SEC)      /* 2024-11-22 09:15:01 UTC */
#define MIDNIGHT (UINT64_C(1732233600) * SEC) /* of that day */
#define WRONG UINT64_MAX

static const struct Moment {
    const char *text;
    uint64_t moment;
} moments[] = {
    { "2024-11-22", MIDNIGHT },
    { "2024-11-22 09:15", NOW - SEC },
    { "2024-11-22 09:15:01", NOW },
    { "1970-01-01", 0 },
    { "-0s", NOW },
    { "-30s", NOW - 30 * SEC },
    { "-15min", NOW - 15 * 60 * SEC },
    { "-2h", NOW - 2 * 3600 * SEC },
    { "-7d", NOW - 7 * 86400 * SEC },
    { "", WRONG },
    { "-", WRONG },
    { "-s", WRONG },
    { "-5", WRONG },
    { "-5m", WRONG },
    { "- 5s", WRONG },
    { "--5s", WRONG },
    { "-+5s", WRONG },
    { "-5s ", WRONG },
    { "5s", WRONG },
    { "-99999999999999999999s", WRONG },
    { "-99999999999d", WRONG },
    { "now", WRONG },
    { "2024", WRONG },
    { "2024-11", WRONG },
    { "2024-13-01", WRONG },
    { "2024-02-31", WRONG },
    { "2024-11-22T09:15", WRONG },
    { "2024-11-22 25:00", WRONG },
    { "2024-11-22 09:15:01 UTC", WRONG },
    { "1969-12-31", WRONG },
};

static void
test_moments(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(moments); i++) {
        uint64_t moment = 1;

        test_row(moments[i].text);
        if (moments[i].moment == WRONG) {
            g_assert_false(moment_parse(moments[i].text, NOW, &moment));
            g_assert_cmpuint(moment, ==, 1);
        } else {
            g_assert_true(moment_parse(moments[i].text, NOW, &moment));
            g_assert_cmpuint(moment, ==, moments[i].moment);
        }
    }
}

static void
test_text(void)
{
    char buffer[MOMENT_SIZE];

    g_assert_cmpstr(moment_to_local(UINT64_C(1732266901999999), buffer), ==, "2024-11-22 09:15:01");
    g_assert_cmpstr(moment_to_utc(UINT64_C(1732266901000042), buffer), ==, "2024-11-22T09:15:01.000042Z");
    g_assert_cmpstr(moment_to_utc(UINT64_MAX, buffer), !=, NULL);
    g_assert_cmpuint(strlen(buffer), <, MOMENT_SIZE);
}

int
main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/moment", test_moments);
    g_test_add_func("/ctl/moment/text", test_text);
    return g_test_run();
}
