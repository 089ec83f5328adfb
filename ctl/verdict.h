/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"

/* "allowed: …", "refused 201: …" or, for what only Mode=report lets through, "reported 2302998: …". Free with
 * g_free(). */
char *verdict_to_string(const Decision *decision);

/* As the inside of a JSON object: "allowed", "reported", "code", "explanation" and, where a rule decided,
 * "rule". */
void verdict_print_json(const Decision *decision);
