/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "caller.h"
#include "certificate-reader.h"
#include "config.h"
#include "connect-options.h"
#include "policy-reader.h"
#include "websocket.h"

/* The callers, their WebSockets, and every decision about them. */
typedef struct Broker Broker;

/* What a broker works with. Everything outlives it. */
typedef struct BrokerSetup {
    Network *network;
    const BrokerConfig *config;
    FenceKeeper *fences;
    const SystemProxy *system_proxy;
    const char *const *config_folders; /* where a reload reads policy from */
    const WebSocketEvents *events;     /* `vet` is the broker's own and left NULL here */
    gpointer events_data;
} BrokerSetup;

/* POLICY is taken: the first in force. */
Broker *broker_new(const BrokerSetup *setup, Policy *policy);
/* All callers and WebSockets go with it; connections may still be saying goodbye (see Network). */
void broker_free(Broker *broker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Broker, broker_free)

/* Callers. A caller stays until broker_remove_caller(), which drops its WebSockets. SUBJECT is taken. */
Caller *broker_add_caller(Broker *broker, const char *name, uid_t uid, Subject *subject);
Caller *broker_find_caller(Broker *broker, const char *name);
void broker_remove_caller(Broker *broker, const char *name);

/* NAME has enough unread, or has read it: its WebSockets stop handing on messages, or go on. */
void broker_pause_caller(Broker *broker, const char *name, gboolean paused);
/* NAME does not read what it is sent: it loses its connections (1008). */
void broker_expel_caller(Broker *broker, const char *name);

/* A call has arrived, whoever's. */
void broker_note_call(Broker *broker);
/* Monotonic time, µs, since which there is no WebSocket and no call has come; -1 while there is a WebSocket. */
gint64 broker_get_idle_since(const Broker *broker);

/* Every function below that returns a gboolean or a pointer for CALLER reports with an error of CODED_ERROR. */

/* A new WebSocket, owned by the broker; or LimitExceeded. */
WebSocket *broker_create_websocket(Broker *broker, Caller *caller, GError **error);
/* Release: drops it. Nobody is told but an owner whose WebSocket an administrator releases: that has its Close. */
void broker_release(Broker *broker, const Caller *caller, WebSocket *websocket);

/* NULL where there is none, or none that CALLER may know of. */
WebSocket *broker_find_websocket(Broker *broker, const Caller *caller, guint64 id);
/* Those that CALLER may know of, of WebSocket; free with g_ptr_array_unref(). */
GPtrArray *broker_list_websockets(Broker *broker, const Caller *caller);

/* Connect: see the D-Bus interface for the order of checks. What OPTIONS owns may be taken. What they bring for TLS has
 * been READ; or is read now, where that is NULL. */
gboolean broker_connect(Broker *broker, const Caller *caller, WebSocket *websocket, const char *url,
                        ConnectOptions *options, TlsReading *read, GError **error);

/* Whether such a Connect may come as far as its certificates, and has any: then they are to be read before. */
gboolean broker_needs_certificates(Broker *broker, const Caller *caller, const char *url,
                                   const ConnectOptions *options);

/* How long, in µs, the next of them that CALLER brings have to wait, because of those that its application has brought.
 */
gint64 broker_get_certificates_delay(Broker *broker, const Caller *caller);

/* See certificate_reader_start(). */
CertificateReading *broker_read_certificates(Broker *broker, const Caller *caller, ConnectOptions *options,
                                             CertificatesRead callback, gpointer user_data);

/* Send. *ret_waits says that the call is to be answered only when broker_take_room() says so, or when the connection
 * has ended. */
gboolean broker_send(const Caller *caller, WebSocket *websocket, gboolean text, GBytes *data,
                     gboolean *ret_waits, GError **error);
/* Whether a call waited for room and now has it; it waits no more then. */
gboolean broker_take_room(WebSocket *websocket);

/* OpenStream. *ret_fd is the caller's to close. */
gboolean broker_open_stream(const Caller *caller, WebSocket *websocket, int *ret_fd, GError **error);

gboolean broker_close(const Caller *caller, WebSocket *websocket, guint16 code, const char *reason,
                      GError **error);

/* Owned by the broker until the next reload. */
Policy *broker_get_policy(Broker *broker);
guint broker_get_policy_generation(const Broker *broker);
const BrokerConfig *broker_get_config(const Broker *broker);
/* How many WebSocket objects CALLER may have in all. */
guint broker_get_max_websockets(const Broker *broker, const Caller *caller);

/*
 * Reads the policy again, aside, then puts it in force and judges every live connection by it. ANSWERED is called once,
 * later, when a policy that was read after this call is in force, or could not be; at the latest by broker_free(). FALSE
 * and an error when too many ask at a time.
 */
gboolean broker_reload(Broker *broker, PolicyAnswered answered, gpointer user_data, GError **error);

/* Ends every connection with 1001; nothing can be connected from then on. */
void broker_shut_down(Broker *broker);
