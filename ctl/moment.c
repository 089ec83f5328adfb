/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Points in time: those of the command line, a few of the spellings that journalctl takes, and what is
 * printed.
 */

#include "moment.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define USEC_PER_SEC UINT64_C(1000000)

static const struct {
    const char *name;
    uint64_t seconds;
} units[] = {
    { "s", 1 },
    { "min", 60 },
    { "h", UINT64_C(60) * 60 },
    { "d", UINT64_C(24) * 60 * 60 },
};

static const char *const formats[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d" };

/* TEXT: "15min", without the sign. */
static bool
parse_ago(const char *text, uint64_t now, uint64_t *ret)
{
    char *end;
    uint64_t count;

    errno = 0;
    count = strtoull(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9')
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(units[i].name, end) != 0)
            continue;
        if (count > now / USEC_PER_SEC / units[i].seconds)
            return false;
        *ret = now - count * units[i].seconds * USEC_PER_SEC;
        return true;
    }
    return false;
}

static bool
parse_date(const char *text, const char *format, uint64_t *ret)
{
    struct tm tm = { .tm_isdst = -1 };
    const char *end = strptime(text, format, &tm);
    int day = tm.tm_mday;
    time_t seconds;

    if (!end || *end != '\0')
        return false;
    seconds = mktime(&tm);
    /* mktime() makes the 2nd of March of the 31st of February. */
    if (seconds < 0 || tm.tm_mday != day)
        return false;
    *ret = (uint64_t)seconds * USEC_PER_SEC;
    return true;
}

bool
moment_parse(const char *text, uint64_t now, uint64_t *ret)
{
    if (text[0] == '-')
        return parse_ago(text + 1, now, ret);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (parse_date(text, formats[i], ret))
            return true;
    return false;
}

const char *
moment_to_local(uint64_t moment, char buffer[MOMENT_SIZE])
{
    time_t seconds = (time_t)(moment / USEC_PER_SEC);
    struct tm tm;

    if (!localtime_r(&seconds, &tm) || strftime(buffer, MOMENT_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        buffer[0] = '\0';
    return buffer;
}

const char *
moment_to_utc(uint64_t moment, char buffer[MOMENT_SIZE])
{
    time_t seconds = (time_t)(moment / USEC_PER_SEC);
    char date[24]; /* a year of more digits than fit is none */
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        date[0] = '\0';
    snprintf(buffer, MOMENT_SIZE, "%s.%06" PRIu64 "Z", date, moment % USEC_PER_SEC);
    return buffer;
}
