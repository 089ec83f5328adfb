/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "output.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* A variant that holds one string or number. */
typedef struct Value {
    bool is_string;
    char *text; /* owned; a number in decimal */
} Value;

typedef struct Entry {
    char *key;
    Value value;
} Entry;

/* What an a{sv} says, in its order; entries of other types are left out. */
typedef struct Dictionary {
    Entry *entries;
    size_t n;
} Dictionary;

/* Reads the a{sv} that M is at. 0 or a negative errno; clear it in both cases. */
int dictionary_read(sd_bus_message *m, Dictionary *ret);
void dictionary_clear(Dictionary *dictionary);

/* The text of KEY's value, "" where there is none. */
const char *dictionary_get(const Dictionary *dictionary, const char *key);

/* KEY's value as a number, 0 where there is none. */
uint64_t dictionary_get_number(const Dictionary *dictionary, const char *key);

/* The longest key, in bytes. */
size_t dictionary_key_width(const Dictionary *dictionary);

/* "Key: value" on a line, the key at the right of WIDTH columns. */
void value_print_line(const char *key, size_t width, const char *text, Colour colour);

/* As the inside of a JSON object: "key":value,… */
void dictionary_print_json(const Dictionary *dictionary);
