/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "header-list.h"

/* What Connect's options ca, clientCert and minTlsVersion say, not looked into yet. Absent ones are NULL. */
typedef struct TlsOptions {
    GBytes *ca;          /* PEM */
    gboolean has_client; /* clientCert was given */
    GBytes *certificate; /* PEM; may be NULL */
    GBytes *key;         /* PEM; may be NULL */
    char *key_password;
    gboolean only_tls_1_3;
} TlsOptions;

typedef enum {
    PROXY_SYSTEM, /* the service's own, if it has one */
    PROXY_NONE,
    PROXY_GIVEN, /* by the application */
} ProxyMode;

/* What Connect's option proxy says. */
typedef struct ProxyOptions {
    ProxyMode mode;
    char *host; /* canonical; of PROXY_GIVEN, as is the rest */
    guint16 port;
    char **exclusions; /* may be NULL */
    char *username;
    char *password;
} ProxyOptions;

/* The options of Connect, checked as far as they can be by themselves. Owns what it points to. */
typedef struct ConnectOptions {
    HeaderList *headers; /* NULL: none */
    char **protocols;    /* NULL: none */
    TlsOptions tls;
    ProxyOptions proxy;
    gint64 ping_interval; /* seconds; -1: as configured */
    gint64 pong_timeout;  /* seconds; -1: as configured */
} ConnectOptions;

#define CONNECT_OPTIONS_INIT ((ConnectOptions){ .ping_interval = -1, .pong_timeout = -1 })

/* Secrets are overwritten first. */
void connect_options_clear(ConnectOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ConnectOptions, connect_options_clear)
