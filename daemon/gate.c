/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whether an object exists at all depends on who asks, and sd-bus asks that synchronously, while finding out who
 * asks needs a question to the bus. So a filter in front of the objects keeps the calls of a sender that is not
 * known yet, has it identified, and then puts them back at the end of the read queue, in their order. The calls of a
 * caller that has a window of replies unread wait in the same way until it has read them (fence.c), and a Connect that
 * brings certificates until a thread has read those (certificate-reader.c), with what comes behind it.
 *
 * Invariants: every method call that reaches an object is from a known caller, and from one that reads. Calls of one
 * sender are never reordered: while some are held, later ones line up behind them, and one at a time passes through
 * the read queue. What is held is bounded: for a stranger by number and bytes, for a caller by its share. A stranger
 * that sends more is refused, and if it goes on, not answered; nor is a caller that does not read and sends more, since
 * an answer would be one more thing unread. (That share is more than the 128 calls that a system's bus lets wait.)
 */

#include "gate.h"

#include "bus-size.h"
#include "bus-text.h"
#include "bus.h"
#include "coded-error.h"
#include "connect-arguments.h"
#include "source.h"

enum {
    STRANGER_CALLS_MAX = 128,
    STRANGER_BYTES_MAX = 64 * 1024,
    STRANGER_REFUSALS_MAX = 128,
    HELD_OVERHEAD = 4096 /* bytes that a held call counts beside what it says: it may have descriptors */
};

typedef struct Held {
    sd_bus_message *call; /* referenced */
    gsize size;
} Held;

/* A sender of whom calls are held, the first of them maybe on its way through the read queue. */
typedef struct Visitor {
    Gate *gate;
    char *name;
    CallerQuestion *question; /* while it is a stranger */
    Caller *caller;           /* once it is not */
    GQueue held;              /* of Held, owned here, in the order of arrival */
    gsize held_bytes;         /* what they say */
    gboolean passing;         /* the first is in the read queue */
    GSource *timer;           /* while the first waits for others to have their turn, with its certificates */
    CertificateReading *reading; /* of those */
    TlsReading *read;            /* what came of it */
    guint n_refused;             /* of a stranger's calls */
} Visitor;

struct Gate {
    sd_bus *bus;
    Broker *broker;
    Identifier *identifier;
    sd_bus_slot *filter;
    GHashTable *visitors;   /* name → Visitor, owned here */
    GHashTable *dropped;    /* sd_bus_message, referenced: dropped when they were in the read queue already */
    sd_bus_message *passed; /* the Connect that `read` is for, as it passes; not referenced */
    TlsReading *read;       /* for whom handles it */
    Inquiries *inquiries;
};

static void
drop_first(Visitor *visitor)
{
    Held *held = g_queue_pop_head(&visitor->held);

    visitor->held_bytes -= held->size;
    if (visitor->caller)
        share_return(visitor->caller->share, SHARE_HELD, held->size + HELD_OVERHEAD);
    sd_bus_message_unref(held->call);
    g_free(held);
}

static void
visitor_free(Visitor *visitor)
{
    while (visitor->held.length > 0)
        drop_first(visitor);
    g_clear_pointer(&visitor->question, caller_question_free);
    source_clear(&visitor->timer);
    g_clear_pointer(&visitor->reading, certificate_reading_free);
    g_clear_pointer(&visitor->read, tls_reading_free);
    g_free(visitor->name);
    g_free(visitor);
}

static void
gate_forget(Gate *gate, Visitor *visitor)
{
    g_hash_table_remove(gate->visitors, visitor->name);
}

/* Certificates. */

/* Whether CALL is a Connect with certificates that are to be read before it passes. Fills *ret_options if so. */
static gboolean
brings_certificates(const Gate *gate, const Caller *caller, sd_bus_message *call, ConnectOptions *ret_options)
{
    g_autoptr(GError) error = NULL;
    const char *url = NULL;
    gboolean brings;

    if (g_strcmp0(sd_bus_message_get_member(call), "Connect") != 0 ||
        sd_bus_message_has_signature(call, "sa{sv}") <= 0)
        return FALSE;
    /* It may have passwords and keys: sd-bus wipes its memory. */
    (void)sd_bus_message_sensitive(call);
    brings = sd_bus_message_read_basic(call, 's', &url) > 0 &&
             connect_arguments_read(call, ret_options, &error) &&
             broker_needs_certificates(gate->broker, caller, url, ret_options);
    (void)sd_bus_message_rewind(call, /* complete= */ TRUE);
    return brings;
}

static void go_on(Visitor *visitor);

static gboolean
on_timer(gpointer user_data)
{
    Visitor *visitor = user_data;

    source_clear(&visitor->timer);
    go_on(visitor);
    return G_SOURCE_REMOVE;
}

static void
on_read(TlsReading *read, gpointer user_data)
{
    Visitor *visitor = user_data;

    visitor->reading = NULL;
    visitor->read = read;
    go_on(visitor);
}

static void
wait_for(Visitor *visitor, gint64 delay)
{
    if (visitor->timer)
        return;
    visitor->timer = g_timeout_source_new((guint)(delay / 1000 + 1));
    g_source_set_callback(visitor->timer, on_timer, visitor, NULL);
    g_source_attach(visitor->timer, /* context= */ NULL);
}

/* Whether CALL, the first, has nothing to be read, or that is done. Else sees to it, when it is the application's turn.
 */
static gboolean
is_ready(Visitor *visitor, sd_bus_message *call)
{
    Broker *broker = visitor->gate->broker;
    g_auto(ConnectOptions) options = CONNECT_OPTIONS_INIT;
    gint64 delay;

    if (visitor->reading || visitor->timer)
        return FALSE;
    if (visitor->read || !brings_certificates(visitor->gate, visitor->caller, call, &options))
        return TRUE;
    delay = broker_get_certificates_delay(broker, visitor->caller);
    if (delay > 0)
        wait_for(visitor, delay);
    else
        visitor->reading = broker_read_certificates(broker, visitor->caller, &options, on_read, visitor);
    return FALSE;
}

/* Calls that pass. */

/* Sends the first on its way, if it is ready and the caller has not enough to read; forgets who has no more. */
static void
go_on(Visitor *visitor)
{
    const Held *first = g_queue_peek_head(&visitor->held);

    if (visitor->passing)
        return;
    if (first && (fence_is_full(visitor->caller->fence, FENCE_REPLIES) || !is_ready(visitor, first->call)))
        return;
    visitor->passing = first && sd_bus_enqueue_for_read(visitor->gate->bus, first->call) >= 0;
    /* Or there is no memory for the queue: they can never pass. The callers time out; nobody hangs here. */
    if (!visitor->passing)
        gate_forget(visitor->gate, visitor);
}

static gboolean
is_passing(Visitor *visitor, const sd_bus_message *call)
{
    return visitor->passing && ((const Held *)g_queue_peek_head(&visitor->held))->call == call;
}

/* Through to the objects, which reply with REPLY_SIZE bytes. */
static int
pass(const Caller *caller, sd_bus_message *call, gsize reply_size)
{
    if (sd_bus_message_get_expect_reply(call))
        fence_count(caller->fence, FENCE_REPLIES, reply_size);
    return 0;
}

static int
pass_first(Visitor *visitor, sd_bus_message *call)
{
    Gate *gate = visitor->gate;

    (void)pass(visitor->caller, call, bus_reply_size(call));
    visitor->passing = FALSE;
    gate->passed = call;
    gate->read = g_steal_pointer(&visitor->read);
    /* The bus has a reference of its own. */
    drop_first(visitor);
    go_on(visitor);
    return 0;
}

/* Strangers. */

/* The sender is known: its calls pass the read queue once more, and are let through in gate_filter(). */
static void
on_identified(Subject *subject, uid_t uid, gpointer user_data)
{
    Visitor *visitor = user_data;

    g_clear_pointer(&visitor->question, caller_question_free);
    visitor->caller = broker_add_caller(visitor->gate->broker, visitor->name, uid, subject);
    share_take(visitor->caller->share, SHARE_HELD,
               visitor->held_bytes + (gsize)visitor->held.length * HELD_OVERHEAD);
    go_on(visitor);
}

static Visitor *
gate_admit(Gate *gate, const char *name, Caller *caller)
{
    Visitor *visitor = g_new0(Visitor, 1);

    visitor->gate = gate;
    visitor->name = g_strdup(name);
    visitor->caller = caller;
    g_queue_init(&visitor->held);
    g_hash_table_insert(gate->visitors, visitor->name, visitor);
    return visitor;
}

/* Always 1: to a call that wants no reply sd-bus answers with 0, which would let it through to the objects; and a
 * negative errno from a filter ends the dispatching of the bus. */
static int
refuse_with(sd_bus_message *call, wsb_code code, const char *reason)
{
    (void)sd_bus_reply_method_errorf(call, coded_error_get_dbus_name(code), "%d: %s", code, reason);
    return 1;
}

static int
refuse(sd_bus_message *call, const char *reason)
{
    return refuse_with(call, WSB_CODE_LIMIT_EXCEEDED, reason);
}

/* One that cannot be held: it is wrong, whoever calls, or there is no room for it. */
static int
refuse_to_hold(sd_bus_message *call, gboolean readable, const char *no_room)
{
    return readable ? refuse(call, no_room) : refuse_with(call, WSB_CODE_PARAMETER, BUS_UNREADABLE);
}

static void
hold(Visitor *visitor, sd_bus_message *call, gsize size)
{
    Held *held = g_new(Held, 1);

    held->call = sd_bus_message_ref(call);
    held->size = size;
    g_queue_push_tail(&visitor->held, held);
    visitor->held_bytes += size;
}

static int
hold_of_stranger(Visitor *visitor, sd_bus_message *call)
{
    gsize size = 0;
    gboolean readable = bus_message_size(call, &size);

    if (visitor->held.length < STRANGER_CALLS_MAX && size <= STRANGER_BYTES_MAX - visitor->held_bytes) {
        hold(visitor, call, size);
        return 1;
    }
    if (!sd_bus_message_get_expect_reply(call) || visitor->n_refused == STRANGER_REFUSALS_MAX)
        return 1;
    visitor->n_refused++;
    return refuse_to_hold(call, readable, "Too many calls before the first was answered");
}

static int
stop_stranger(Gate *gate, Visitor *visitor, const char *name, sd_bus_message *call)
{
    if (visitor)
        return hold_of_stranger(visitor, call);
    visitor = gate_admit(gate, name, /* caller= */ NULL);
    visitor->question =
        caller_identify(gate->bus, gate->identifier, name, policy_asks_names(broker_get_policy(gate->broker)),
                        on_identified, visitor);
    if (visitor->question)
        return hold_of_stranger(visitor, call);
    gate_forget(gate, visitor);
    return refuse(call, "It cannot be found out who calls");
}

/* Callers. */

static int
hold_of_caller(Gate *gate, Visitor *visitor, Caller *caller, sd_bus_message *call)
{
    gsize size = 0, used = share_used(caller->share, SHARE_HELD);
    gboolean readable = bus_message_size(call, &size);
    gsize limit = share_limit(caller->share, SHARE_HELD);

    if (used + HELD_OVERHEAD <= limit && size <= limit - used - HELD_OVERHEAD) {
        if (!visitor)
            visitor = gate_admit(gate, caller->name, caller);
        share_take(caller->share, SHARE_HELD, size + HELD_OVERHEAD);
        hold(visitor, call, size);
    } else if (!fence_is_full(caller->fence, FENCE_REPLIES)) {
        (void)refuse_to_hold(call, readable, "Too many calls wait");
        fence_count(caller->fence, FENCE_REPLIES, bus_reply_size(call));
        return 1;
    }
    /* Asks how far it has read, if nobody has yet. */
    fence_count(caller->fence, FENCE_REPLIES, 0);
    gate_open(gate, caller->name);
    return 1;
}

/* An error may repeat what is wrong with CALL, and no bus would carry that back: it would disconnect us. */
static int
refuse_too_large(const Caller *caller, sd_bus_message *call)
{
    if (fence_is_full(caller->fence, FENCE_REPLIES))
        return 1;
    fence_count(caller->fence, FENCE_REPLIES, HELD_OVERHEAD);
    return refuse_with(call, WSB_CODE_PARAMETER, "The arguments are too large");
}

/* 0 lets sd-bus go on to the objects, 1 keeps the message from them. */
static int
gate_filter(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Gate *gate = user_data;
    g_auto(ConnectOptions) options = CONNECT_OPTIONS_INIT;
    const char *sender = sd_bus_message_get_sender(message);
    guint8 type = 0;
    gsize reply_size;
    Visitor *visitor;
    Caller *caller;

    (void)ret_error;
    /* What passed before has been handled, if anybody was there for it. */
    g_clear_pointer(&gate->read, tls_reading_free);
    if (sd_bus_message_get_type(message, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
        return 0;
    /* No bus passes that on; if one did, the objects would not know whom to ask about. */
    if (!sender)
        return 1;
    if (g_hash_table_remove(gate->dropped, message))
        return 1;
    broker_note_call(gate->broker);
    visitor = g_hash_table_lookup(gate->visitors, sender);
    caller = broker_find_caller(gate->broker, sender);
    if (!caller)
        return stop_stranger(gate, visitor, sender, message);
    if (visitor && is_passing(visitor, message))
        return pass_first(visitor, message);
    reply_size = bus_reply_size(message);
    if (reply_size > BUS_MESSAGE_MAX)
        return refuse_too_large(caller, message);
    if (!visitor && !fence_is_full(caller->fence, FENCE_REPLIES) &&
        !brings_certificates(gate, caller, message, &options))
        return pass(caller, message, reply_size);
    return hold_of_caller(gate, visitor, caller, message);
}

gboolean
gate_inquire(Gate *gate, const char *who, sd_bus_message *call, Inquired answer, gpointer user_data)
{
    return inquiries_start(gate->inquiries, who, call, answer, user_data);
}

Gate *
gate_new(sd_bus *bus, Broker *broker, Identifier *identifier, int *ret_error)
{
    g_autoptr(Gate) gate = g_new0(Gate, 1);

    gate->bus = bus;
    gate->broker = broker;
    gate->identifier = identifier;
    gate->visitors = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)visitor_free);
    gate->dropped = g_hash_table_new_full(NULL, NULL, bus_message_unref, NULL);
    gate->inquiries = inquiries_new(bus, identifier);
    *ret_error = sd_bus_add_filter(bus, &gate->filter, gate_filter, gate);
    return *ret_error < 0 ? NULL : g_steal_pointer(&gate);
}

void
gate_free(Gate *gate)
{
    sd_bus_slot_unref(gate->filter);
    g_hash_table_unref(gate->visitors);
    g_hash_table_unref(gate->dropped);
    inquiries_free(gate->inquiries);
    g_clear_pointer(&gate->read, tls_reading_free);
    g_free(gate);
}

static void
drop(Gate *gate, Visitor *visitor)
{
    const Held *first = g_queue_peek_head(&visitor->held);

    if (visitor->passing)
        g_hash_table_add(gate->dropped, sd_bus_message_ref(first->call));
    gate_forget(gate, visitor);
}

gboolean
gate_is_holding(const Gate *gate)
{
    return g_hash_table_size(gate->visitors) > 0 || inquiries_pending(gate->inquiries);
}

void
gate_remove(Gate *gate, const char *name)
{
    Visitor *visitor = g_hash_table_lookup(gate->visitors, name);

    if (visitor)
        drop(gate, visitor);
}

void
gate_refuse(Gate *gate, const char *name)
{
    Visitor *visitor = g_hash_table_lookup(gate->visitors, name);

    if (!visitor)
        return;
    for (GList *link = visitor->held.head; link; link = link->next)
        (void)refuse(((const Held *)link->data)->call, "The replies to earlier calls are not read");
    drop(gate, visitor);
}

void
gate_open(Gate *gate, const char *name)
{
    Visitor *visitor = g_hash_table_lookup(gate->visitors, name);

    if (visitor)
        go_on(visitor);
}

TlsReading *
gate_take_reading(Gate *gate, sd_bus_message *call)
{
    return gate->passed == call ? g_steal_pointer(&gate->read) : NULL;
}

Caller *
gate_current_caller(sd_bus *bus, Broker *broker)
{
    sd_bus_message *message = sd_bus_get_current_message(bus);

    return broker_find_caller(broker, sd_bus_message_get_sender(message));
}
