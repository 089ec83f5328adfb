/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The content of /proc/PID/cgroup. A user's unit is never without that user's manager. */

#include "fuzz.h"

#include "cgroup.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);

    for (gboolean unified = FALSE; unified <= TRUE; unified++) {
        g_autofree char *unit = NULL, *user_unit = NULL;

        if (cgroup_parse(text, unified, 1000, &unit, &user_unit) && user_unit)
            g_assert_cmpstr(unit, ==, "user@1000.service");
    }
    return 0;
}
