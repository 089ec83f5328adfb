/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* The accounts of all applications, and of the users whose they are. */
typedef struct ApplicationTable ApplicationTable;

/* One application: the section of policy that grants to it, and its user. Its account is zero when the last who holds
 * it lets go. */
typedef struct Application Application;

/* What an application may use, from policy or configuration. */
typedef struct ApplicationLimits {
    guint max_connections;
    guint max_connect_rate;      /* attempts … */
    gint64 max_connect_interval; /* … in this time, µs */
    guint max_pending_handshakes;
} ApplicationLimits;

/* MAX_CONNECTIONS_PER_USER: of all applications of a user together. MAX_PENDING: attempts under way, of everybody. */
ApplicationTable *application_table_new(guint max_connections_per_user, guint max_pending);
/* After the last of its applications. */
void application_table_free(ApplicationTable *table);

/* The account of SECTION and UID, held until application_unref(). */
Application *application_table_get(ApplicationTable *table, const char *section, uid_t uid);
Application *application_ref(Application *application);
void application_unref(Application *application);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Application, application_unref)

/* The name of the account, for whoever keeps accounts of another kind. */
const char *application_get_name(const Application *application);

/* Counts one more attempt to connect, which may become a connection, until application_return_connection(). An attempt
 * that is refused for the number of connections counts towards the rate too. FALSE and an error of CODED_ERROR,
 * LimitExceeded. */
gboolean application_take_connection(Application *application, const ApplicationLimits *limits,
                                     GError **error);

/* One of them is over for the application, which may have another in its place, though it takes the service a while yet
 * to end it. As many may be ending as may live; beyond that they count until they are returned. */
void application_end_connection(Application *application);

/* ENDING: it has been ended before. */
void application_return_connection(Application *application, gboolean ending);

/* To read certificates that it brought took TIME µs. */
void application_charge(Application *application, gint64 time);

/* How long, in µs, it has to wait with the next ones, so that others have their turn. */
gint64 application_get_delay(const Application *application);

/* A place among the attempts that are under way, or in the queue for one. */
typedef struct Admission Admission;

/*
 * Asks for a place for an attempt of APPLICATION, which may have MAX_PENDING at a time. ADMITTED is called once, now or
 * later, unless the admission is given back before. Free with admission_free(), which gives the place to the next in
 * the queue: applications take turns in it, so that one with many attempts does not keep another waiting.
 */
Admission *admission_request(Application *application, guint max_pending,
                             void (*admitted)(gpointer user_data), gpointer user_data);
void admission_free(Admission *admission);
