/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whether an object exists at all depends on who asks, and sd-bus asks that synchronously, while finding out who
 * asks needs a question to the bus. So a filter in front of the objects keeps the messages of a sender that is not
 * known yet, has it identified, and then puts the messages back at the end of the read queue, in their order.
 *
 * Invariants: every method call that reaches an object is from a known caller. Messages of one sender are never
 * reordered: while some are still on their way through the read queue, later ones line up behind them. What is kept
 * for a sender is bounded; who sends more before its first answer is refused.
 */

#include "gate.h"

#include "bus.h"
#include "coded-error.h"

enum {
    HELD_MESSAGES_MAX = 128 /* of one sender */
};

/* A sender that is being identified, or whose held messages are passing the read queue again. */
typedef struct Visitor {
    Gate *gate;
    char *name;
    CallerQuestion *question; /* NULL once answered */
    GQueue held;              /* of sd_bus_message, referenced, in the order of arrival */
} Visitor;

struct Gate {
    sd_bus *bus;
    Broker *broker;
    Identifier *identifier;
    sd_bus_slot *filter;
    GHashTable *visitors; /* name → Visitor, owned here */
};

static void
visitor_free(Visitor *visitor)
{
    g_clear_pointer(&visitor->question, caller_question_free);
    g_queue_clear_full(&visitor->held, bus_message_unref);
    g_free(visitor->name);
    g_free(visitor);
}

static void
gate_forget(Gate *gate, Visitor *visitor)
{
    g_hash_table_remove(gate->visitors, visitor->name);
}

/* The sender is known: its messages pass the read queue once more, and are let through in gate_filter(). */
static void
on_identified(Subject *subject, uid_t uid, gpointer user_data)
{
    Visitor *visitor = user_data;
    Gate *gate = visitor->gate;

    g_clear_pointer(&visitor->question, caller_question_free);
    broker_add_caller(gate->broker, visitor->name, uid, subject);
    for (GList *link = visitor->held.head; link; link = link->next) {
        if (sd_bus_enqueue_for_read(gate->bus, link->data) < 0) {
            /* Out of memory for the queue: the rest can never pass. The callers time out; nobody hangs here. */
            gate_forget(gate, visitor);
            return;
        }
    }
}

static Visitor *
gate_admit(Gate *gate, const char *name)
{
    Visitor *visitor = g_new0(Visitor, 1);

    visitor->gate = gate;
    visitor->name = g_strdup(name);
    g_queue_init(&visitor->held);
    visitor->question = caller_identify(gate->bus, gate->identifier, name, on_identified, visitor);
    if (!visitor->question) {
        visitor_free(visitor);
        return NULL;
    }
    g_hash_table_insert(gate->visitors, visitor->name, visitor);
    return visitor;
}

/* Always 1: to a call that wants no reply sd-bus answers with 0, which would let it through to the objects; and a
 * negative errno from a filter ends the dispatching of the bus. */
static int
refuse(sd_bus_message *message)
{
    (void)sd_bus_reply_method_errorf(message, coded_error_get_dbus_name(WSB_CODE_LIMIT_EXCEEDED),
                                     "%d: Too many calls before the first was answered",
                                     WSB_CODE_LIMIT_EXCEEDED);
    return 1;
}

static int
hold(Visitor *visitor, sd_bus_message *message)
{
    if (visitor->held.length >= HELD_MESSAGES_MAX)
        return refuse(message);
    g_queue_push_tail(&visitor->held, sd_bus_message_ref(message));
    return 1;
}

/* A message of a known sender of which others are still in the read queue. */
static int
pass_in_order(Gate *gate, Visitor *visitor, sd_bus_message *message)
{
    if (g_queue_peek_head(&visitor->held) == message) {
        sd_bus_message_unref(g_queue_pop_head(&visitor->held));
        if (visitor->held.length == 0)
            gate_forget(gate, visitor);
        return 0;
    }
    (void)hold(visitor, message);
    if (g_queue_peek_tail(&visitor->held) == message && sd_bus_enqueue_for_read(gate->bus, message) < 0)
        sd_bus_message_unref(g_queue_pop_tail(&visitor->held));
    return 1;
}

/* 0 lets sd-bus go on to the objects, 1 keeps the message from them. */
static int
gate_filter(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Gate *gate = user_data;
    const char *sender = sd_bus_message_get_sender(message);
    guint8 type = 0;
    Visitor *visitor;

    (void)ret_error;
    if (sd_bus_message_get_type(message, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
        return 0;
    /* No bus passes that on; if one did, the objects would not know whom to ask about. */
    if (!sender)
        return 1;
    broker_note_call(gate->broker);
    visitor = g_hash_table_lookup(gate->visitors, sender);
    if (broker_find_caller(gate->broker, sender))
        return visitor ? pass_in_order(gate, visitor, message) : 0;
    if (!visitor)
        visitor = gate_admit(gate, sender);
    return visitor ? hold(visitor, message) : refuse(message);
}

Gate *
gate_new(sd_bus *bus, Broker *broker, Identifier *identifier, int *ret_error)
{
    g_autoptr(Gate) gate = g_new0(Gate, 1);

    gate->bus = bus;
    gate->broker = broker;
    gate->identifier = identifier;
    gate->visitors = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)visitor_free);
    *ret_error = sd_bus_add_filter(bus, &gate->filter, gate_filter, gate);
    return *ret_error < 0 ? NULL : g_steal_pointer(&gate);
}

void
gate_free(Gate *gate)
{
    sd_bus_slot_unref(gate->filter);
    g_hash_table_unref(gate->visitors);
    g_free(gate);
}

void
gate_remove(Gate *gate, const char *name)
{
    g_hash_table_remove(gate->visitors, name);
}

Caller *
gate_current_caller(sd_bus *bus, Broker *broker)
{
    sd_bus_message *message = sd_bus_get_current_message(bus);

    return broker_find_caller(broker, sd_bus_message_get_sender(message));
}
