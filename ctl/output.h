/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum Colour {
    COLOUR_NONE,
    COLOUR_MESSAGE,
    COLOUR_NOTE,
    COLOUR_HEADING,
    COLOUR_GOOD,
    COLOUR_BUSY,
} Colour;

/* "wsbrokerctl: " and the text on stderr, as one line, escaped. */
void output_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same without the program's name: what is wrong in a file, "path:line: …", as editors and CI systems
 * read it. */
void output_finding(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As output_problem(), for what is no fault. */
void output_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * LENGTH bytes of TEXT so that no terminal takes them for more than text: control characters but newline and
 * tab, those that turn the direction of writing, and what is not UTF-8 appear as \xNN or \u{N}.
 */
void output_escaped(FILE *stream, const char *text, size_t length);

/* The columns that output_escaped() makes of TEXT, each character taken for one. */
size_t output_width(const char *text);

/* As output_escaped(), on one line: newline and tab become blanks, and what does not go into COLUMNS is left
 * out. Returns the columns that were written. */
size_t output_clipped(FILE *stream, const char *text, size_t columns);

/* Colour on STREAM until output_end_colour(), where it is a terminal and NO_COLOR is not set. */
void output_begin_colour(FILE *stream, Colour colour);
void output_end_colour(FILE *stream, Colour colour);

/* LENGTH bytes of UTF-8 as a JSON string, and any bytes as one in base64. */
void output_json_string(const char *text, size_t length);
void output_json_base64(const void *data, size_t length);

/* "NAME":"TEXT", both UTF-8. */
void output_json_member(const char *name, const char *text);

/* Whether all that was written to stdout has been taken; else says so. */
bool output_flush(void);
