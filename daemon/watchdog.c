/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Signs of life for the service manager (WatchdogSec= in the unit). They are given by an ordinary source of the context
 * that everything else runs in, with the priority of everything else: so each says that a whole turn of the loop was
 * made. No thread and no signal handler gives one, for these live on while the loop hangs.
 */

#define G_LOG_DOMAIN "wsbroker"

#include "watchdog.h"

#include <systemd/sd-daemon.h>

static gboolean
on_timer(gpointer user_data)
{
    (void)user_data;
    sd_notify(/* unset_environment= */ FALSE, "WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

GSource *
watchdog_source_new(GMainContext *context)
{
    guint64 interval = 0;
    int r = sd_watchdog_enabled(/* unset_environment= */ FALSE, &interval);
    GSource *timer;

    if (r < 0)
        g_warning("What the environment says of a watchdog is not understood: %s", g_strerror(-r));
    if (r <= 0)
        return NULL;
    timer = g_timeout_source_new((guint)CLAMP(interval / 2 / 1000, 1, G_MAXUINT));
    g_source_set_callback(timer, on_timer, NULL, NULL);
    g_source_attach(timer, context);
    return timer;
}
