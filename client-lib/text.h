/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

typedef enum TextKind {
    TEXT_PLAIN,   /* may travel as a D-Bus string */
    TEXT_SPECIAL, /* UTF-8, with U+0000 or a noncharacter, which sd-bus refuses in a string */
    TEXT_INVALID, /* not UTF-8 (RFC 3629) */
} TextKind;

TextKind text_classify(const void *text, size_t length);
