/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
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

/* As the inside of a JSON object: "key":value,… */
void dictionary_print_json(const Dictionary *dictionary);
