/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest message, bytes. */
#define MESSAGE_MAX ((size_t)128 << 10)

/* Writes message number SEQUENCE of CONNECTION into BUFFER, of MESSAGE_MAX bytes; returns its length, which depends on
 * both numbers alone. */
size_t message_write(void *buffer, uint32_t connection, uint32_t sequence);

/* Whether DATA is whole and of CONNECTION, and then its number. */
bool message_read(const void *data, size_t length, uint32_t connection, uint32_t *ret_sequence);
