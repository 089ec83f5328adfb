/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The longest host, as written in a URL, that is looked at: any name of 253 bytes fits in its longest
 * form, each byte of four-byte UTF-8 percent-encoded. */
#define HOST_TEXT_MAX 4096

/*
 * The one form in which hosts are compared and dialled: a canonical dotted quad, an IPv6 address without its
 * brackets, or a lower-case ASCII name (IDNA 2003, as GLib maps it) without a trailing dot. TEXT, of LENGTH
 * bytes, is the host as a URL has it: percent-escapes are decoded, an IPv6 address is in brackets and has no
 * zone.
 *
 * Free with g_free(). NULL and an error (domain URL_ERROR, code URL_ERROR_HOST) that says what is wrong.
 */
char *host_canonicalize(const char *text, gsize length, GError **error);
