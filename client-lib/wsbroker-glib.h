/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A wsb_client in a GMainContext. Everything here is inline, so that libwsbroker itself does not need GLib; a
 * program that includes it links GLib (pkg-config glib-2.0) besides wsbroker.
 *
 *     GSource *source = wsb_glib_source_new(client);
 *     g_source_attach(source, NULL);
 *     …
 *     g_source_destroy(source);
 *     g_source_unref(source);
 */

#ifndef WSBROKER_GLIB_H
#define WSBROKER_GLIB_H

#include <glib.h>

#include "wsbroker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The source's own data; nothing to use from outside. It may recurse, as GLib takes any other out of its poll
 * at each dispatch, which costs three system calls. What that is for is done here, where it is needed alone: in
 * a loop that a listener runs, the descriptor is not polled, and nothing is dispatched. */
typedef struct wsb_glib_source {
    GSource base;
    wsb_client *client;
    gpointer tag;
    gboolean dispatching;
    gboolean silenced; /* while dispatching: the descriptor is not polled */
} wsb_glib_source;

static inline gboolean
wsb_glib_source_prepare(GSource *base, gint *ret_milliseconds)
{
    wsb_glib_source *source = (wsb_glib_source *)base;
    gint64 now = g_get_monotonic_time();
    guint64 usec;

    *ret_milliseconds = -1;
    if (source->dispatching) {
        if (!source->silenced)
            g_source_modify_unix_fd(base, source->tag, (GIOCondition)0);
        source->silenced = TRUE;
        return FALSE;
    }
    (void)wsb_client_get_events(source->client);
    if (wsb_client_get_timeout(source->client, &usec) <= 0)
        return FALSE;
    if (usec <= (guint64)now)
        return TRUE;
    *ret_milliseconds = (gint)MIN((usec - (guint64)now + 999) / 1000, (guint64)G_MAXINT);
    return FALSE;
}

static inline gboolean
wsb_glib_source_check(GSource *base)
{
    wsb_glib_source *source = (wsb_glib_source *)base;
    guint64 usec;

    if (source->dispatching)
        return FALSE;
    return g_source_query_unix_fd(base, source->tag) != 0 ||
           (wsb_client_get_timeout(source->client, &usec) > 0 && usec <= (guint64)g_get_monotonic_time());
}

static inline gboolean
wsb_glib_source_dispatch(GSource *base, GSourceFunc callback, gpointer userdata)
{
    wsb_glib_source *source = (wsb_glib_source *)base;

    (void)callback, (void)userdata;
    source->dispatching = TRUE;
    (void)wsb_client_process(source->client);
    source->dispatching = FALSE;
    if (source->silenced && !g_source_is_destroyed(base))
        g_source_modify_unix_fd(base, source->tag, G_IO_IN);
    source->silenced = FALSE;
    return G_SOURCE_CONTINUE;
}

static inline void
wsb_glib_source_finalize(GSource *base)
{
    wsb_client_unref(((wsb_glib_source *)base)->client);
}

/* A source that drives CLIENT, of which it takes a reference, in the context that it is attached to. Destroy
 * it and drop it with g_source_unref() when done. Listeners run in its dispatch; it needs no callback. */
static inline GSource *
wsb_glib_source_new(wsb_client *client)
{
    static GSourceFuncs functions = { wsb_glib_source_prepare,
                                      wsb_glib_source_check,
                                      wsb_glib_source_dispatch,
                                      wsb_glib_source_finalize,
                                      NULL,
                                      NULL };
    GSource *base = g_source_new(&functions, sizeof(wsb_glib_source));
    wsb_glib_source *source = (wsb_glib_source *)base;

    source->client = wsb_client_ref(client);
    source->tag = g_source_add_unix_fd(base, wsb_client_get_fd(client), G_IO_IN);
    g_source_set_can_recurse(base, TRUE);
    g_source_set_static_name(base, "wsbroker");
    return base;
}

#ifdef __cplusplus
}
#endif

#endif
