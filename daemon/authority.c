/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The one place where policy is asked. Whoever wants to know what an application may do reads this file and the
 * order in which broker-calls.c asks it.
 */

#include "authority.h"

#include "audit.h"
#include "coded-error.h"

/* Writes what was decided, and reports a refusal. */
static gboolean
conclude(const Caller *caller, const Url *url, const Decision *decision, GError **error)
{
    audit_decision(caller->subject, caller->uid, url, decision);
    return decision->allowed || coded_error_set(error, (wsb_code)decision->code, "%s", decision->explanation);
}

gboolean
authority_check_permission(const Caller *caller, GError **error)
{
    g_auto(Decision) decision = { 0 };

    /* Only a refusal is worth an entry: an allowed call is told by what it goes on to do. */
    return policy_access_permission(caller->access, &decision) ||
           conclude(caller, /* url= */ NULL, &decision, error);
}

gboolean
authority_check_domain(const Caller *caller, const Url *url, GError **error)
{
    g_auto(Decision) decision = { 0 };

    (void)policy_access_url(caller->access, url, &decision);
    return conclude(caller, url, &decision, error);
}

static void
decide_address(const PolicyAccess *access, const Url *url, GInetAddress *address, gboolean proxy,
               Decision *ret_decision)
{
    (void)proxy;
    (void)policy_access_address(access, url, address, ret_decision);
}

gboolean
authority_check_route(const Caller *caller, const Url *url, const Route *route, GError **error)
{
    g_auto(Decision) decision = { .allowed = TRUE };

    if (route->chosen_by_application && route->kind != ROUTE_DIRECT)
        decision = (Decision){ .allowed = FALSE,
                               .code = WSB_CODE_DOMAIN_NOT_ALLOWED,
                               .explanation = g_strdup("It is not allowed to use a proxy of one's own") };
    return decision.allowed || conclude(caller, url, &decision, error);
}

gboolean
authority_vet(const WebSocket *websocket, GInetAddress *address, gboolean proxy, char **ret_reason)
{
    const Caller *caller = websocket_get_owner(websocket);
    const Url *url = websocket_get_url(websocket);
    g_auto(Decision) decision = { 0 };

    decide_address(caller->access, url, address, proxy, &decision);
    if (decision.allowed)
        return TRUE;
    audit_decision(caller->subject, caller->uid, url, &decision);
    *ret_reason = g_strdup(decision.explanation);
    return FALSE;
}

/* The address that is dialled; NULL before. */
static GInetAddress *
dialled_address(const WebSocket *websocket)
{
    const char *text = websocket_get_info(websocket)->remote_address;
    g_autoptr(GSocketConnectable) remote =
        *text ? g_network_address_parse(text, /* default_port= */ 1, NULL) : NULL;

    return remote ? g_inet_address_new_from_string(g_network_address_get_hostname(G_NETWORK_ADDRESS(remote)))
                  : NULL;
}

gboolean
authority_judge(const WebSocket *websocket, Decision *ret_decision)
{
    const Caller *caller = websocket_get_owner(websocket);
    const Url *url = websocket_get_url(websocket);
    const Route *route = websocket_get_route(websocket);
    g_autoptr(GInetAddress) address = NULL;

    if (!policy_access_permission(caller->access, ret_decision))
        return FALSE;
    decision_clear(ret_decision);
    if (!policy_access_url(caller->access, url, ret_decision))
        return FALSE;
    address = dialled_address(websocket);
    /* An administrator's proxy was not vetted either. */
    if (!address || (route->kind != ROUTE_DIRECT && !route->chosen_by_application))
        return TRUE;
    decision_clear(ret_decision);
    decide_address(caller->access, url, address, route->kind != ROUTE_DIRECT, ret_decision);
    return ret_decision->allowed;
}

void
authority_explain(const PolicyAccess *access, const char *url, gsize max_url_length, Decision *ret_decision)
{
    g_autoptr(Url) authority = NULL;
    g_autoptr(Url) whole = NULL;
    g_autoptr(GError) error = NULL;

    if (!policy_access_permission(access, ret_decision))
        return;
    if (url_parse_authority(url, &authority)) {
        decision_clear(ret_decision);
        if (!policy_access_url(access, authority, ret_decision))
            return;
    }
    whole = url_parse(url, max_url_length, &error);
    if (!whole) {
        decision_clear(ret_decision);
        *ret_decision = (Decision){ .code = WSB_CODE_URL, .explanation = g_strdup(error->message) };
    }
}

gboolean
authority_check_owner(const Caller *caller, const WebSocket *websocket, GError **error)
{
    if (websocket_get_owner(websocket) == caller)
        return TRUE;
    return coded_error_set(error, WSB_CODE_PERMISSION_DENIED, "The WebSocket is another's");
}
