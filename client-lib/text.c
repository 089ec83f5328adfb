/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How a text may cross the bus. A WebSocket carries any UTF-8; a D-Bus string has no U+0000, and sd-bus
 * refuses the noncharacters as well (U+FDD0 to U+FDEF, and the last two of each plane). Both are valid text,
 * so three answers and not two. One pass, bytes outside ASCII decoded by the table of Unicode 15, section
 * 3.9, D92.
 */

#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What may follow a lead byte: how many bytes, and the range of the first of them, which is where overlong
 * forms, surrogates and what is beyond U+10FFFF are ruled out. */
static const struct {
    uint8_t lead_first, lead_last, trail, second_first, second_last;
} forms[] = {
    { 0xc2, 0xdf, 1, 0x80, 0xbf }, { 0xe0, 0xe0, 2, 0xa0, 0xbf }, { 0xe1, 0xec, 2, 0x80, 0xbf },
    { 0xed, 0xed, 2, 0x80, 0x9f }, { 0xee, 0xef, 2, 0x80, 0xbf }, { 0xf0, 0xf0, 3, 0x90, 0xbf },
    { 0xf1, 0xf3, 3, 0x80, 0xbf }, { 0xf4, 0xf4, 3, 0x80, 0x8f },
};

/* Decodes the character at TEXT, not ASCII; returns its length, 0 when it is none. */
static size_t
decode(const uint8_t *text, size_t length, uint32_t *ret_character)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        uint32_t character;

        if (text[0] < forms[i].lead_first || text[0] > forms[i].lead_last)
            continue;
        if (length <= forms[i].trail || text[1] < forms[i].second_first || text[1] > forms[i].second_last)
            return 0;
        character = text[0] & (0x3fu >> forms[i].trail);
        for (size_t j = 1; j <= forms[i].trail; j++) {
            if ((text[j] & 0xc0) != 0x80)
                return 0;
            character = character << 6 | (text[j] & 0x3fu);
        }
        *ret_character = character;
        return forms[i].trail + 1u;
    }
    return 0;
}

static bool
is_noncharacter(uint32_t character)
{
    return (character >= 0xfdd0 && character <= 0xfdef) || (character & 0xfffe) == 0xfffe;
}

/* How many of the LENGTH bytes at TEXT are ASCII without NUL, eight at a time: the common case. */
static size_t
skip_ascii(const uint8_t *text, size_t length)
{
    size_t i = 0;

    for (; i + 8 <= length; i += 8) {
        uint64_t word;

        memcpy(&word, text + i, 8);
        /* The high bit of a byte is set in the first term when it is not ASCII, in the second when it is
         * 0. */
        if ((word | (word - 0x0101010101010101u)) & 0x8080808080808080u)
            break;
    }
    while (i < length && text[i] != 0 && text[i] < 0x80)
        i++;
    return i;
}

TextKind
text_classify(const void *text, size_t length)
{
    const uint8_t *bytes = text;
    TextKind kind = TEXT_PLAIN;
    size_t i = 0;

    while ((i += skip_ascii(bytes + i, length - i)) < length) {
        uint32_t character = 0;
        size_t step = bytes[i] == 0 ? 1 : decode(bytes + i, length - i, &character);

        if (step == 0)
            return TEXT_INVALID;
        if (character == 0 || is_noncharacter(character))
            kind = TEXT_SPECIAL;
        i += step;
    }
    return kind;
}
