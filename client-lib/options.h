/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>

/* PEM: bytes, or the file to read them from at each connect; neither: not given. Owned. */
typedef struct PemSource {
    char *path;
    void *bytes;
    size_t length;
} PemSource;

typedef struct OptionHeader {
    char *name, *value;
} OptionHeader;

struct wsb_options {
    OptionHeader *headers;
    size_t n_headers, n_headers_allocated;
    char *protocol;
    PemSource ca, cert, key;
    char *key_password;
    char *proxy; /* "system" or "no-proxy"; NULL with proxy_host, or when unset */
    char *proxy_host;
    uint32_t proxy_port;
    char **exclusion_list; /* NULL-terminated */
    char *proxy_username, *proxy_password;
    bool has_ping_interval, has_pong_timeout;
    uint32_t ping_interval, pong_timeout;
    char *min_tls_version;
    bool no_stream;
};

/*
 * Appends URL and OPTIONS (may be NULL) as Connect takes them, signature sa{sv}. -EINVAL for a string that is
 * not UTF-8 or that D-Bus does not carry, -EMSGSIZE when all is more than a bus takes.
 */
int connect_arguments_append(sd_bus_message *m, const char *url, const wsb_options *options);
