/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Leaving without losing a call. Between the decision to exit and the exit a call may arrive: so the name is given
 * back first, and the bus then keeps later calls for the next instance. Its answer comes behind all earlier calls,
 * which have been dispatched by then.
 */

#define G_LOG_DOMAIN "wsbroker"

#include "idle.h"

#include "source.h"
#include "wsbroker-protocol.h"

struct Idle {
    sd_bus *bus;
    Broker *broker;
    const Gate *gate;
    gint64 timeout;
    void (*quit)(gpointer user_data);
    gpointer user_data;
    GSource *timer;
    sd_bus_slot *slot; /* the call that gives the name back or takes it again */
};

static void start_timer(Idle *idle, gint64 after);

/* µs until the service counts as idle; 0: it does. */
static gint64
time_left(const Idle *idle)
{
    gint64 since = broker_get_idle_since(idle->broker);

    /* A call whose sender is being found out is still to be answered. */
    if (since < 0 || gate_is_holding(idle->gate))
        return idle->timeout;
    return MAX(0, since + idle->timeout - g_get_monotonic_time());
}

static int
on_name_taken_again(sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    Idle *idle = user_data;
    guint32 outcome = 0;

    (void)ret_error;
    idle->slot = sd_bus_slot_unref(idle->slot);
    /* Another instance has the name already: this one serves the callers it has, and goes with the last. */
    if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "u", &outcome) < 0 ||
        outcome != 1)
        g_message("The bus name has gone to another instance");
    start_timer(idle, idle->timeout);
    return 1;
}

static int
on_name_released(sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    Idle *idle = user_data;

    (void)reply;
    (void)ret_error;
    idle->slot = sd_bus_slot_unref(idle->slot);
    if (time_left(idle) == 0) {
        idle->quit(idle->user_data);
    } else if (sd_bus_request_name_async(idle->bus, &idle->slot, WSB_BUS_NAME, /* flags= */ 0,
                                         on_name_taken_again, idle) < 0) {
        start_timer(idle, idle->timeout);
    }
    return 1;
}

static gboolean
on_timer(gpointer user_data)
{
    Idle *idle = user_data;
    gint64 left = time_left(idle);

    if (left > 0 ||
        sd_bus_release_name_async(idle->bus, &idle->slot, WSB_BUS_NAME, on_name_released, idle) < 0)
        start_timer(idle, left > 0 ? left : idle->timeout);
    else
        g_clear_pointer(&idle->timer, g_source_unref);
    return G_SOURCE_REMOVE;
}

static void
start_timer(Idle *idle, gint64 after)
{
    source_clear(&idle->timer);
    idle->timer = g_timeout_source_new((guint)((after + 999) / 1000));
    g_source_set_callback(idle->timer, on_timer, idle, NULL);
    g_source_attach(idle->timer, /* context= */ NULL);
}

Idle *
idle_new(sd_bus *bus, Broker *broker, const Gate *gate, gint64 timeout, void (*quit)(gpointer user_data),
         gpointer user_data)
{
    Idle *idle = g_new0(Idle, 1);

    idle->bus = bus;
    idle->broker = broker;
    idle->gate = gate;
    idle->timeout = timeout;
    idle->quit = quit;
    idle->user_data = user_data;
    start_timer(idle, timeout);
    return idle;
}

void
idle_free(Idle *idle)
{
    source_clear(&idle->timer);
    sd_bus_slot_unref(idle->slot);
    g_free(idle);
}
