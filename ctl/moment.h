/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Parses a point in time: "2024-11-22", "2024-11-22 09:00", "2024-11-22 09:00:30" in local time, or how long
 * before NOW it was, as "-30s", "-15min", "-2h" or "-7d". NOW and *ret are microseconds of realtime.
 */
bool moment_parse(const char *text, uint64_t now, uint64_t *ret);

/* MOMENT, microseconds of realtime, in local time and to the second: "2024-11-22 09:00:30". */
#define MOMENT_SIZE 40
const char *moment_to_local(uint64_t moment, char buffer[MOMENT_SIZE]);

/* The same in UTC and to the microsecond, as JSON has it: "2024-11-22T09:00:30.000000Z". */
const char *moment_to_utc(uint64_t moment, char buffer[MOMENT_SIZE]);
