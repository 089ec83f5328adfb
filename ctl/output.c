/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What goes to the user. Much of it was chosen by a server: names of headers, reasons, messages. On a
 * terminal, and in every diagnostic, it is escaped, so that nobody can move the cursor, set a title or turn
 * the text around from the other end of a WebSocket; in a pipe a message is what was received.
 */

#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const colours[] = {
    [COLOUR_NONE] = "",           [COLOUR_MESSAGE] = "\033[36m", [COLOUR_NOTE] = "\033[2m",
    [COLOUR_HEADING] = "\033[1m", [COLOUR_GOOD] = "\033[32m",    [COLOUR_BUSY] = "\033[33m",
};

/* ---- Escapes ---- */

/* The length of the UTF-8 character at TEXT, and the character; 0 when it is none. */
static size_t
decode(const char *text, size_t length, uint32_t *ret)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *bytes = (const uint8_t *)text;
    size_t n = bytes[0] < 0x80 ? 1 : bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    uint32_t character = n == 1 ? bytes[0] : bytes[0] & (0x7fu >> n);

    if (n > length || (bytes[0] >= 0x80 && bytes[0] < 0xc2) || bytes[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (bytes[i] & 0x3fu);
    }
    if (character < least[n] || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
        return 0;
    *ret = character;
    return n;
}

static bool
is_harmless(uint32_t character)
{
    if (character == '\n' || character == '\t')
        return true;
    if (character < 0x20 || (character >= 0x7f && character < 0xa0))
        return false;
    /* Marks, embeddings, overrides and isolates of the direction of writing; line and paragraph
     * separators. */
    return character != 0x61c && !(character >= 0x200e && character <= 0x200f) &&
           !(character >= 0x2028 && character <= 0x202e) && !(character >= 0x2066 && character <= 0x2069);
}

/* Writes one character, or byte that is none, of TEXT into BUFFER; returns how many bytes of TEXT it was. */
static size_t
escape_one(const char *text, size_t length, char buffer[16])
{
    uint32_t character = 0;
    size_t n = decode(text, length, &character);

    if (n == 0)
        snprintf(buffer, 16, "\\x%02x", (unsigned)(uint8_t)*text);
    else if (is_harmless(character)) {
        memcpy(buffer, text, n);
        buffer[n] = '\0';
    } else
        snprintf(buffer, 16, character < 0x80 ? "\\x%02x" : "\\u{%x}", character);
    return n > 0 ? n : 1;
}

void
output_escaped(FILE *stream, const char *text, size_t length)
{
    char buffer[16];

    for (size_t i = 0; i < length;) {
        i += escape_one(text + i, length - i, buffer);
        (void)fputs(buffer, stream);
    }
}

/* The columns of what escape_one() has made. */
static size_t
escape_width(const char *buffer)
{
    return (uint8_t)buffer[0] < 0x80 ? strlen(buffer) : 1;
}

size_t
output_width(const char *text)
{
    size_t length = strlen(text), width = 0;
    char buffer[16];

    for (size_t i = 0; i < length;) {
        i += escape_one(text + i, length - i, buffer);
        width += escape_width(buffer);
    }
    return width;
}

size_t
output_clipped(FILE *stream, const char *text, size_t columns)
{
    size_t length = strlen(text), width = 0;
    char buffer[16];

    for (size_t i = 0; i < length;) {
        i += escape_one(text + i, length - i, buffer);
        if (width + escape_width(buffer) > columns)
            break;
        width += escape_width(buffer);
        (void)fputs(buffer[0] == '\n' || buffer[0] == '\t' ? " " : buffer, stream);
    }
    return width;
}

/* ---- Colour ---- */

static bool
has_colour(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");

    return (!no_color || no_color[0] == '\0') && isatty(fileno(stream));
}

void
output_begin_colour(FILE *stream, Colour colour)
{
    if (colour != COLOUR_NONE && has_colour(stream))
        (void)fputs(colours[colour], stream);
}

void
output_end_colour(FILE *stream, Colour colour)
{
    if (colour != COLOUR_NONE && has_colour(stream))
        (void)fputs("\033[0m", stream);
}

/* ---- Diagnostics ---- */

static void __attribute__((format(printf, 3, 0)))
print_diagnostic(Colour colour, const char *prefix, const char *format, va_list arguments)
{
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);

    if (length < 0)
        return;
    output_begin_colour(stderr, colour);
    (void)fputs(prefix, stderr);
    output_escaped(stderr, text, (size_t)length);
    output_end_colour(stderr, colour);
    (void)fputc('\n', stderr);
    free(text);
}

#define PROGRAM "wsbrokerctl: "

void
output_problem(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_diagnostic(COLOUR_NONE, PROGRAM, format, arguments);
    va_end(arguments);
}

void
output_finding(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_diagnostic(COLOUR_NONE, "", format, arguments);
    va_end(arguments);
}

void
output_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_diagnostic(COLOUR_NOTE, PROGRAM, format, arguments);
    va_end(arguments);
}

/* ---- JSON (RFC 8259) ---- */

void
output_json_string(const char *text, size_t length)
{
    putchar('"');
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];

        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

void
output_json_base64(const void *data, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;

    putchar('"');
    for (size_t i = 0; i < length; i += 3) {
        size_t n = length - i < 3 ? length - i : 3;
        uint32_t group =
            (uint32_t)bytes[i] << 16 | (n > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (n > 2 ? bytes[i + 2] : 0);

        for (size_t j = 0; j < 4; j++)
            putchar(j <= n ? digits[group >> (18 - 6 * j) & 63] : '=');
    }
    putchar('"');
}

void
output_json_member(const char *name, const char *text)
{
    output_json_string(name, strlen(name));
    putchar(':');
    output_json_string(text, strlen(text));
}

bool
output_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    output_problem("cannot write: %s", strerror(errno));
    return false;
}
