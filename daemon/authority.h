/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "caller.h"
#include "route.h"
#include "websocket.h"

/*
 * All that is decided by policy about a caller; each decision is written to the journal. A gboolean function reports a
 * refusal with an error of CODED_ERROR.
 */

/* The INTERNET permission: else PermissionDenied. */
gboolean authority_check_permission(const Caller *caller, GError **error);

/* The domain of URL, of which only the authority need be valid: else DomainNotAllowed. By ROUTE the journal tells whether
 * a proxy will look up its name; *ret_written says whether it had room for the decision (audit_decision()). */
gboolean authority_check_domain(const Caller *caller, const Url *url, const Route *route,
                                gboolean *ret_written, GError **error);
/* A connection to URL is made, which was allowed just now: what had no room is written all the same. */
void authority_write_domain(const Caller *caller, const Url *url, const Route *route);

/* The way to URL, where the application chose it: else DomainNotAllowed. */
gboolean authority_check_route(const Caller *caller, const Url *url, const Route *route, GError **error);

/* An address that WEBSOCKET is about to dial, or a PROXY's: FALSE and *ret_reason, one sentence (free with g_free()). */
gboolean authority_vet(const WebSocket *websocket, GInetAddress *address, gboolean proxy, char **ret_reason);

/* Whether the policy in force still allows what WEBSOCKET, which is busy, is doing. Else *ret_decision says why. */
gboolean authority_judge(const WebSocket *websocket, Decision *ret_decision);

/* What Connect would decide for a subject, addresses aside: fills *ret_decision, and writes nothing. */
void authority_explain(const PolicyAccess *access, const char *url, gsize max_url_length,
                       Decision *ret_decision);

/* Whether the WebSocket is the caller's own; an administrator sees another's but does not speak through it: else
 * PermissionDenied. */
gboolean authority_check_owner(const Caller *caller, const WebSocket *websocket, GError **error);
