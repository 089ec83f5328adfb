/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Says in the log which row of a table is next: its texts, up to the first NULL, escaped where TAP could not
 * carry them. */
#define test_row(...) test_row_texts((const char *const[]){ __VA_ARGS__, NULL })

void test_row_texts(const char *const *texts);
