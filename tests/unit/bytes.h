/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>

/* A string literal and its length, for bytes that may have a NUL among them. */
#define BYTES(literal) literal, sizeof(literal) - 1

/* What g_assert_cmpmem() does, without the conversion to int that the compiler is told to warn of. */
#define assert_bytes(a, length_a, b, length_b)                                                               \
    g_assert_true((gsize)(length_a) == (gsize)(length_b) &&                                                  \
                  ((length_b) == 0 || memcmp((a), (b), (gsize)(length_b)) == 0))
