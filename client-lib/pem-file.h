/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* The most that the service takes for one certificate or key, bytes. */
#define PEM_FILE_MAX ((size_t)1 << 20)

/*
 * Reads PATH whole: *ret_bytes (free it) and *ret_length. 0, -ENOMEM, or another negative errno where PATH is
 * no readable regular file of at most PEM_FILE_MAX bytes.
 */
int pem_file_read(const char *path, void **ret_bytes, size_t *ret_length);
