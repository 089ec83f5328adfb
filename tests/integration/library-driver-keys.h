/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <stdbool.h>

/* Words in a line at most. */
#define WORDS_MAX 400

/* KEY=VALUE words, collected: those that the library takes together are set when all are read. */
typedef struct Keys {
    wsb_options *options;
    char *cert, *key, *cert_path, *key_path, *key_password;
    char *proxy_host, *proxy_user, *proxy_password;
    unsigned proxy_port;
    char *exclude[WORDS_MAX + 1];
    size_t n_exclude;
    bool no_callback;
} Keys;

/* Reads WORDS, NULL-terminated. False when one is not understood. Clear KEYS, zeroed before, in any case. */
bool keys_read(Keys *keys, char **words);
void keys_clear(Keys *keys);
