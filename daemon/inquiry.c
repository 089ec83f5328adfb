/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An administrator may ask about any connection to the bus. One that has called is known; who another is has to be found
 * out as the gate does it, but nothing of it is kept: it may call later, and is identified then. Or about a subject in
 * words, whose accounts have to be looked up, which may take long.
 */

#include "inquiry.h"

#include "caller.h"
#include "coded-error.h"

enum { INQUIRIES_MAX = 64 };

struct Inquiries {
    sd_bus *bus;
    Identifier *identifier;
    GHashTable *all; /* of Inquiry, owned here */
};

typedef struct Inquiry {
    Inquiries *inquiries;
    CallerQuestion *question;    /* about a connection */
    UserQuestion *user_question; /* about a subject in words */
    char *who;
    sd_bus_message *call; /* referenced */
    Inquired answer;
    gpointer user_data;
} Inquiry;

static void
inquiry_free(gpointer data)
{
    Inquiry *inquiry = data;

    g_clear_pointer(&inquiry->question, caller_question_free);
    g_clear_pointer(&inquiry->user_question, user_question_free);
    g_free(inquiry->who);
    sd_bus_message_unref(inquiry->call);
    g_free(inquiry);
}

static void
on_identified(Subject *subject, uid_t uid, gpointer user_data)
{
    Inquiry *inquiry = user_data;
    g_autoptr(Subject) owned = subject;
    g_autoptr(GError) error = NULL;

    if (uid == (uid_t)-1)
        coded_error_set(&error, WSB_CODE_PARAMETER, "The bus knows no connection %s", inquiry->who);
    inquiry->answer(inquiry->call, error ? NULL : owned, error, inquiry->user_data);
    g_hash_table_remove(inquiry->inquiries->all, inquiry);
}

static void
on_parsed(Subject *subject, const GError *parse_error, gpointer user_data)
{
    Inquiry *inquiry = user_data;
    g_autoptr(Subject) owned = subject;
    g_autoptr(GError) error = NULL;

    if (parse_error)
        coded_error_set(&error, WSB_CODE_PARAMETER, "%s", parse_error->message);
    else if (!subject)
        coded_error_set(&error, WSB_CODE_UNKNOWN, "The system does not tell who its users are");
    inquiry->answer(inquiry->call, owned, error, inquiry->user_data);
    g_hash_table_remove(inquiry->inquiries->all, inquiry);
}

gboolean
inquiries_start(Inquiries *inquiries, const char *who, sd_bus_message *call, Inquired answer,
                gpointer user_data)
{
    Inquiry *inquiry;

    if (g_hash_table_size(inquiries->all) == INQUIRIES_MAX)
        return FALSE;
    inquiry = g_new(Inquiry, 1);
    *inquiry = (Inquiry){ .inquiries = inquiries,
                          .who = g_strdup(who),
                          .call = sd_bus_message_ref(call),
                          .answer = answer,
                          .user_data = user_data };
    if (who[0] == ':')
        inquiry->question = caller_identify(inquiries->bus, inquiries->identifier, who,
                                            /* group_names= */ TRUE, on_identified, inquiry);
    else
        inquiry->user_question =
            user_names_parse(identifier_get_user_names(inquiries->identifier), who, on_parsed, inquiry);
    g_hash_table_add(inquiries->all, inquiry);
    if (inquiry->question || inquiry->user_question)
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
