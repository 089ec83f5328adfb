/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What an application may use of the service. Accounts belong to the matched section and the user together: two
 * applications of a user do not share one, and a user's copies of one application do.
 *
 * Attempts are admitted to a limited number of places, since each may hold a thread while a server stalls. In the
 * queue, applications stand in `turn` (those with an attempt that waits and a place of their own left), and whoever
 * has been served goes to its end. Invariant: while a place is free, `turn` is empty.
 *
 * To read a mebibyte of certificates takes a processor a fifth of a second, before any other limit is asked. Who has had
 * half a second of that waits ten times as long as the next ones take: nobody is refused for it.
 */

#include "application.h"

#include "coded-error.h"

enum {
    CHARGE = 10,                /* a tenth of the time may go into one application's certificates … */
    CREDIT = 5 * G_USEC_PER_SEC /* … after the first half second */
};

typedef struct Connections {
    guint live;   /* as the application sees it */
    guint ending; /* over for the application, not yet for us */
} Connections;

struct ApplicationTable {
    GHashTable *applications; /* name → Application */
    GHashTable *users;        /* uid → Connections of all its applications, while there are any */
    guint max_connections_per_user;
    guint max_pending;
    guint n_pending;
    GQueue turn; /* of Application */
};

struct Application {
    ApplicationTable *table;
    guint references; /* at 0 it stays until its bucket is full again, or failures would be forgotten */
    char *name;       /* "uid section" */
    uid_t uid;
    Connections connections;
    double tokens;       /* attempts that could be made … */
    gint64 tokens_since; /* … at this monotonic time; 0: never used */
    gint64 tokens_full;  /* monotonic time at which the bucket is full again */
    gint64 paid;         /* monotonic time at which work for its certificates is forgotten */
    guint n_pending;
    guint max_pending; /* as last asked for */
    GQueue waiting;    /* of Admission */
    GList *turn_link;  /* place in the table's queue, or NULL */
};

struct Admission {
    Application *application; /* referenced */
    void (*admitted)(gpointer user_data);
    gpointer user_data;
    GList *waiting_link; /* place in the application's queue; NULL once admitted */
};

static void
application_free(Application *application)
{
    g_free(application->name);
    g_free(application);
}

ApplicationTable *
application_table_new(guint max_connections_per_user, guint max_pending)
{
    ApplicationTable *table = g_new0(ApplicationTable, 1);

    table->applications =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)application_free);
    table->users = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    table->max_connections_per_user = max_connections_per_user;
    table->max_pending = max_pending;
    g_queue_init(&table->turn);
    return table;
}

static gboolean
is_unused(gpointer name, gpointer value, gpointer now)
{
    const Application *application = value;

    (void)name;
    return application->references == 0 && application->tokens_full <= *(const gint64 *)now &&
           application->paid <= *(const gint64 *)now;
}

/* Drops the accounts that nobody holds and that have nothing left to remember. */
static void
sweep(ApplicationTable *table, gint64 now)
{
    (void)g_hash_table_foreach_remove(table->applications, is_unused, &now);
}

void
application_table_free(ApplicationTable *table)
{
    sweep(table, G_MAXINT64);
    g_assert(g_hash_table_size(table->applications) == 0);
    g_assert(g_hash_table_size(table->users) == 0);
    g_assert(table->n_pending == 0);
    g_hash_table_unref(table->applications);
    g_hash_table_unref(table->users);
    g_free(table);
}

Application *
application_table_get(ApplicationTable *table, const char *section, uid_t uid)
{
    g_autofree char *name = g_strdup_printf("%u %s", uid, section);
    Application *application = g_hash_table_lookup(table->applications, name);

    if (application)
        return application_ref(application);
    sweep(table, g_get_monotonic_time());
    application = g_new0(Application, 1);
    application->table = table;
    application->references = 1;
    application->name = g_steal_pointer(&name);
    application->uid = uid;
    g_queue_init(&application->waiting);
    g_hash_table_insert(table->applications, application->name, application);
    return application;
}

Application *
application_ref(Application *application)
{
    application->references++;
    return application;
}

void
application_unref(Application *application)
{
    if (--application->references > 0)
        return;
    g_assert(application->connections.live == 0 && application->connections.ending == 0);
    g_assert(application->n_pending == 0 && application->waiting.length == 0);
}

const char *
application_get_name(const Application *application)
{
    return application->name;
}

/* Connections. */

static Connections
user_connections(const Application *application)
{
    const Connections *user =
        g_hash_table_lookup(application->table->users, GUINT_TO_POINTER(application->uid));

    return user ? *user : (Connections){ 0 };
}

static void
change_connections(Application *application, int live, int ending)
{
    GHashTable *users = application->table->users;
    Connections user = user_connections(application);

    application->connections.live += (guint)live;
    application->connections.ending += (guint)ending;
    user.live += (guint)live;
    user.ending += (guint)ending;
    if (user.live + user.ending > 0)
        g_hash_table_insert(users, GUINT_TO_POINTER(application->uid), g_memdup2(&user, sizeof(user)));
    else
        g_hash_table_remove(users, GUINT_TO_POINTER(application->uid));
}

/* Those that are ending take no place, until they are as many as may live. */
static gboolean
is_full(Connections connections, guint max)
{
    return connections.live >= max || (guint64)connections.live + connections.ending >= 2 * (guint64)max;
}

/* A token bucket as deep as the rate. */
static gboolean
take_token(Application *application, const ApplicationLimits *limits)
{
    gint64 now = g_get_monotonic_time();
    double depth = limits->max_connect_rate;

    if (application->tokens_since == 0)
        application->tokens = depth;
    else
        application->tokens +=
            (double)(now - application->tokens_since) * depth / (double)limits->max_connect_interval;
    application->tokens = MIN(application->tokens, depth);
    application->tokens_since = now;
    if (application->tokens < 1)
        return FALSE;
    application->tokens -= 1;
    application->tokens_full =
        now + (gint64)((depth - application->tokens) * (double)limits->max_connect_interval / depth);
    return TRUE;
}

gboolean
application_take_connection(Application *application, const ApplicationLimits *limits, GError **error)
{
    if (!take_token(application, limits))
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED,
                               "The application connects too often (MaxConnectRate)");
    if (is_full(application->connections, limits->max_connections))
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED,
                               "The application has as many connections as it may (MaxConnections)");
    if (is_full(user_connections(application), application->table->max_connections_per_user))
        return coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED,
                               "The user has as many connections as it may (MaxConnectionsPerUser)");
    change_connections(application, /* live= */ 1, /* ending= */ 0);
    return TRUE;
}

void
application_end_connection(Application *application)
{
    g_assert(application->connections.live > 0);
    change_connections(application, /* live= */ -1, /* ending= */ 1);
}

void
application_return_connection(Application *application, gboolean ending)
{
    g_assert((ending ? application->connections.ending : application->connections.live) > 0);
    change_connections(application, ending ? 0 : -1, ending ? -1 : 0);
}

/* Certificates. */

void
application_charge(Application *application, gint64 time)
{
    application->paid = MAX(application->paid, g_get_monotonic_time()) + time * CHARGE;
}

gint64
application_get_delay(const Application *application)
{
    return MAX(0, application->paid - CREDIT - g_get_monotonic_time());
}

/* Admission. */

/* Puts APPLICATION into the turn, or takes it out, as its state demands. */
static void
update_turn(Application *application)
{
    ApplicationTable *table = application->table;
    gboolean wants = application->waiting.length > 0 && application->n_pending < application->max_pending;

    if (wants && !application->turn_link) {
        g_queue_push_tail(&table->turn, application);
        application->turn_link = table->turn.tail;
    } else if (!wants && application->turn_link) {
        g_queue_delete_link(&table->turn, application->turn_link);
        application->turn_link = NULL;
    }
}

/* Fills free places. Callbacks run last, as they may come back here. */
static void
serve(ApplicationTable *table)
{
    while (table->n_pending < table->max_pending && table->turn.length > 0) {
        Application *application = g_queue_peek_head(&table->turn);
        Admission *admission = g_queue_pop_head(&application->waiting);

        g_queue_delete_link(&table->turn, application->turn_link);
        application->turn_link = NULL;
        admission->waiting_link = NULL;
        application->n_pending++;
        table->n_pending++;
        update_turn(application);
        admission->admitted(admission->user_data);
    }
}

Admission *
admission_request(Application *application, guint max_pending, void (*admitted)(gpointer user_data),
                  gpointer user_data)
{
    Admission *admission = g_new0(Admission, 1);

    admission->application = application_ref(application);
    admission->admitted = admitted;
    admission->user_data = user_data;
    application->max_pending = max_pending;
    g_queue_push_tail(&application->waiting, admission);
    admission->waiting_link = application->waiting.tail;
    update_turn(application);
    serve(application->table);
    return admission;
}

void
admission_free(Admission *admission)
{
    Application *application = admission->application;
    ApplicationTable *table = application->table;

    if (admission->waiting_link) {
        g_queue_delete_link(&application->waiting, admission->waiting_link);
    } else {
        application->n_pending--;
        table->n_pending--;
    }
    update_turn(application);
    g_free(admission);
    application_unref(application);
    serve(table);
}
