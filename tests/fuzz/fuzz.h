/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What each fuzz-NAME.c defines, under the name that libFuzzer calls: takes any SIZE bytes, and returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
