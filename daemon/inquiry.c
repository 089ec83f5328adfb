/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An administrator may ask about any connection to the bus. One that has called is known; who another is has to be found
 * out as the gate does it, but nothing of it is kept: it may call later, and is identified then.
 */

#include "inquiry.h"

#include "caller.h"

enum { INQUIRIES_MAX = 16 };

struct Inquiries {
    sd_bus *bus;
    Identifier *identifier;
    GHashTable *all; /* of Inquiry, owned here */
};

typedef struct Inquiry {
    Inquiries *inquiries;
    CallerQuestion *question;
    sd_bus_message *call; /* referenced */
    Inquired answer;
    gpointer user_data;
} Inquiry;

static void
inquiry_free(gpointer data)
{
    Inquiry *inquiry = data;

    g_clear_pointer(&inquiry->question, caller_question_free);
    sd_bus_message_unref(inquiry->call);
    g_free(inquiry);
}

static void
on_identified(Subject *subject, uid_t uid, gpointer user_data)
{
    Inquiry *inquiry = user_data;
    g_autoptr(Subject) owned = subject;

    inquiry->answer(inquiry->call, owned, uid, inquiry->user_data);
    g_hash_table_remove(inquiry->inquiries->all, inquiry);
}

gboolean
inquiries_start(Inquiries *inquiries, const char *name, sd_bus_message *call, Inquired answer,
                gpointer user_data)
{
    Inquiry *inquiry;

    if (g_hash_table_size(inquiries->all) == INQUIRIES_MAX)
        return FALSE;
    inquiry = g_new(Inquiry, 1);
    *inquiry = (Inquiry){
        .inquiries = inquiries, .call = sd_bus_message_ref(call), .answer = answer, .user_data = user_data
    };
    inquiry->question = caller_identify(inquiries->bus, inquiries->identifier, name, /* group_names= */ TRUE,
                                        on_identified, inquiry);
    g_hash_table_add(inquiries->all, inquiry);
    if (inquiry->question)
        return TRUE;
    g_hash_table_remove(inquiries->all, inquiry);
    return FALSE;
}

gboolean
inquiries_pending(const Inquiries *inquiries)
{
    return g_hash_table_size(inquiries->all) > 0;
}

Inquiries *
inquiries_new(sd_bus *bus, Identifier *identifier)
{
    Inquiries *self = g_new0(Inquiries, 1);

    self->bus = bus;
    self->identifier = identifier;
    self->all = g_hash_table_new_full(NULL, NULL, inquiry_free, NULL);
    return self;
}

void
inquiries_free(Inquiries *inquiries)
{
    g_hash_table_unref(inquiries->all);
    g_free(inquiries);
}
