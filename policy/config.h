/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "problem.h"

#include <glib.h>

/* Section [Broker] of wsbroker.conf and wsbroker.conf.d. Times are microseconds, sizes bytes. */
typedef struct BrokerConfig {
    gint64 connect_timeout;
    gint64 close_timeout;
    gint64 fence_timeout;
    gint64 ping_interval; /* 0: none */
    gint64 pong_timeout;  /* 0: none */
    gint64 exit_on_idle;  /* 0: never */
    gsize max_url_length;
    gsize max_message_size;
    gsize max_buffered_bytes;
    guint max_connections;       /* each application */
    guint max_connect_rate;      /* attempts … */
    gint64 max_connect_interval; /* … in this time, each application */
    guint max_pending_handshakes;
    guint max_pending_handshakes_total;
    guint max_connections_per_user;
    guint max_websockets_per_user;
    guint max_websockets;
    gboolean permessage_deflate;
    char *proxy;     /* URL; NULL: the environment's */
    char **no_proxy; /* never NULL */
} BrokerConfig;

/*
 * Reads wsbroker.conf, then wsbroker.conf.d/ in the order of its file names, from FOLDERS (highest priority
 * first, NULL-terminated); a file in a higher folder replaces the one of the same name in a lower one. A
 * missing file is no error: every key has a default. Each error is appended to PROBLEMS; NULL if there was
 * any.
 */
BrokerConfig *broker_config_load(const char *const *folders, Problems *problems);

/*
 * Parses TEXT as the limit NAME, one of those that a section of the policy can set as well, in the spelling
 * and bounds it has in wsbroker.conf. *ret_interval, in microseconds, is a rate's, else 0. FALSE, with both
 * untouched and *ret_syntax what the key takes, if TEXT is no such value. Free *ret_syntax with g_free().
 */
gboolean broker_config_parse_limit(const char *name, const char *text, guint64 *ret_amount,
                                   gint64 *ret_interval, char **ret_syntax);

void broker_config_free(BrokerConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BrokerConfig, broker_config_free)
