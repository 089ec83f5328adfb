/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The one place where policy is asked. Whoever wants to know what an application may do reads this file and the
 * order in which broker-calls.c asks it.
 */

#include "authority.h"

#include "audit.h"
#include "coded-error.h"

static gboolean
report(const Decision *decision, GError **error)
{
    return decision->allowed || coded_error_set(error, (wsb_code)decision->code, "%s", decision->explanation);
}

/* Writes what was decided, and reports a refusal. */
static gboolean
conclude(const Caller *caller, const Url *url, const Decision *decision, GError **error)
{
    (void)audit_decision(caller->subject, caller->uid, &caller->meters, url, decision);
    return report(decision, error);
}

gboolean
authority_check_permission(const Caller *caller, GError **error)
{
    g_auto(Decision) decision = { 0 };

    /* What is simply allowed is told by what it goes on to do. */
    if (policy_access_permission(caller->access, &decision) && !decision.reported)
        return TRUE;
    return conclude(caller, /* url= */ NULL, &decision, error);
}

/* What a proxy looks up is not vetted, so whoever reads the journal is told. */
static void
note_who_resolves(const Url *url, const Route *route, Decision *decision)
{
    g_autofree char *explanation = decision->explanation;

    if (route->kind == ROUTE_DIRECT || g_hostname_is_ip_address(url->host))
        decision->explanation = g_steal_pointer(&explanation);
    else
        decision->explanation = g_strconcat(explanation, "; the proxy resolves the name", NULL);
}

/* Whether URL is allowed, by ROUTE. */
static gboolean
decide_domain(const Caller *caller, const Url *url, const Route *route, Decision *decision)
{
    gboolean allowed = policy_access_url(caller->access, url, decision);

    if (allowed)
        note_who_resolves(url, route, decision);
    return allowed;
}

gboolean
authority_check_domain(const Caller *caller, const Url *url, const Route *route, gboolean *ret_written,
                       GError **error)
{
    g_auto(Decision) decision = { 0 };

    (void)decide_domain(caller, url, route, &decision);
    *ret_written = audit_decision(caller->subject, caller->uid, &caller->meters, url, &decision);
    return report(&decision, error);
}

void
authority_write_domain(const Caller *caller, const Url *url, const Route *route)
{
    g_auto(Decision) decision = { 0 };

    if (decide_domain(caller, url, route, &decision))
        audit_decision_suppressed(caller->subject, caller->uid, &caller->meters, url, &decision);
}

/* An address of the target, or of the proxy that the application named. */
static gboolean
decide_address(const Caller *caller, const WebSocket *websocket, GInetAddress *address, gboolean proxy,
               Decision *ret_decision)
{
    const Route *route = websocket_get_route(websocket);

    if (proxy)
        return policy_access_proxy_address(caller->access, route->host, route->port, address, ret_decision);
    return policy_access_address(caller->access, websocket_get_url(websocket), address, ret_decision);
}

/* The way, where the application chose it: through its proxy, or past the system's. */
static gboolean
decide_route(const Caller *caller, const Route *route, Decision *ret_decision)
{
    if (route->kind == ROUTE_DIRECT)
        return policy_access_direct(caller->access, ret_decision);
    return policy_access_proxy(caller->access, route->host, route->port, ret_decision);
}

gboolean
authority_check_route(const Caller *caller, const Url *url, const Route *route, GError **error)
{
    g_auto(Decision) decision = { 0 };

    if (!route->chosen_by_application || decide_route(caller, route, &decision))
        return TRUE;
    return conclude(caller, url, &decision, error);
}

gboolean
authority_vet(const WebSocket *websocket, GInetAddress *address, gboolean proxy, char **ret_reason)
{
    const Caller *caller = websocket_get_owner(websocket);
    g_auto(Decision) decision = { 0 };

    if (decide_address(caller, websocket, address, proxy, &decision))
        return TRUE;
    (void)audit_decision(caller->subject, caller->uid, &caller->meters, websocket_get_url(websocket),
                         &decision);
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
    const Route *route = websocket_get_route(websocket);
    g_autoptr(GInetAddress) address = NULL;

    if (!policy_access_check(caller->access, websocket_get_url(websocket), ret_decision))
        return FALSE;
    decision_clear(ret_decision);
    if (route->chosen_by_application && !decide_route(caller, route, ret_decision))
        return FALSE;
    address = dialled_address(websocket);
    /* An administrator's proxy was not vetted either. */
    if (!address || (route->kind != ROUTE_DIRECT && !route->chosen_by_application))
        return TRUE;
    decision_clear(ret_decision);
    return decide_address(caller, websocket, address, route->kind != ROUTE_DIRECT, ret_decision);
}

void
authority_explain(const PolicyAccess *access, const char *url, gsize max_url_length, Decision *ret_decision)
{
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);

    (void)policy_access_explain_text(access, url, max_url_length, steps, ret_decision);
}

gboolean
authority_check_owner(const Caller *caller, const WebSocket *websocket, GError **error)
{
    if (websocket_get_owner(websocket) == caller)
        return TRUE;
    return coded_error_set(error, WSB_CODE_PERMISSION_DENIED, "The WebSocket is another's");
}
