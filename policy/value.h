/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The values of configuration files. Each takes the whole of TEXT or returns FALSE, *ret_… then untouched: no
 * sign, no blank within, no fraction, nothing that overflows.
 */

/* "16M": bytes, with K, M or G (powers of 1024) or without. */
gboolean value_parse_size(const char *text, guint64 *ret_bytes);

/* "20s": a number with ms, s or min, or 0 alone; microseconds. */
gboolean value_parse_time(const char *text, guint64 *ret_microseconds);

/* "64". */
gboolean value_parse_count(const char *text, guint64 *ret_count);

/* "10/s" or "100/min": how many in what time, in microseconds. */
gboolean value_parse_rate(const char *text, guint64 *ret_count, guint64 *ret_interval);

/* "yes" or "no". */
gboolean value_parse_boolean(const char *text, gboolean *ret_value);

/*
 * A list separated by ";", of which the last may have one behind it; blanks around items are taken off. An
 * empty TEXT is an empty list; an empty item gives NULL. Free with g_strfreev().
 */
char **value_split_list(const char *text);
