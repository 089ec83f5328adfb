/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A mebibyte of certificates takes a fifth of a second to read, and a key's encryption of a million iterations half of
 * one, before any limit on connections is asked. So threads do it. There are two, for which applications queue as they
 * do for connections (application.c): one reading of each at a time, each in its turn, so that nobody's certificates
 * wait long for another's. Who has had half a second of that waits ten times as long as the next ones take: a processor
 * has other things to do.
 *
 * Invariants: what a thread works on is not touched by anybody else until its result, an idle source, is there; that
 * includes the message of the bus that the certificates are in, whose references are not counted atomically. A place is
 * held as long as a thread is at it, whether somebody still waits for the result or not.
 */

#include "certificate-reader.h"

#include <time.h>

enum { THREADS = 2, AT_A_TIME = 1 /* of an application's */ };

struct CertificateReader {
    TrustCache *cache;
    GThreadPool *threads;
    ApplicationTable *applications; /* accounts of this alone */
    GHashTable *working;            /* of CertificateReading: those that a thread has, or has done with */
};

struct CertificateReading {
    CertificateReader *reader;
    Application *application;
    Admission *admission;
    CertificatesRead callback; /* NULL: taken back */
    gpointer user_data;
    ConnectOptions options;
    TlsReading *read; /* by the thread, as is the time */
    gint64 time;      /* µs of a processor that it took */
};

static void
reading_destroy(CertificateReading *reading)
{
    g_hash_table_remove(reading->reader->working, reading);
    g_clear_pointer(&reading->admission, admission_free);
    application_unref(reading->application);
    connect_options_clear(&reading->options);
    g_clear_pointer(&reading->read, tls_reading_free);
    g_free(reading);
}

static gboolean
on_done(gpointer user_data)
{
    CertificateReading *reading = user_data;
    CertificatesRead callback = reading->callback;
    gpointer callback_data = reading->user_data;
    TlsReading *read = g_steal_pointer(&reading->read);

    application_charge(reading->application, reading->time);
    reading_destroy(reading);
    if (callback)
        callback(read, callback_data);
    else
        tls_reading_free(read);
    return G_SOURCE_REMOVE;
}

/* What the thread has had of one, in µs. A clock would charge an application for what others do meanwhile. */
static gint64
processor_time(void)
{
    struct timespec time = { 0 };

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

static void
run_reading(gpointer data, gpointer user_data)
{
    CertificateReading *reading = data;
    const CertificateReader *reader = user_data;
    gint64 start = processor_time();

    reading->read = tls_reading_new(&reading->options.tls, reader->cache);
    reading->time = processor_time() - start;
    g_idle_add_full(G_PRIORITY_DEFAULT, on_done, reading, /* notify= */ NULL);
}

static void
on_admitted(gpointer user_data)
{
    CertificateReading *reading = user_data;

    g_hash_table_add(reading->reader->working, reading);
    /* Where no thread can be started it waits in the pool for one. */
    (void)g_thread_pool_push(reading->reader->threads, reading, NULL);
}

CertificateReader *
certificate_reader_new(TrustCache *cache)
{
    CertificateReader *reader = g_new0(CertificateReader, 1);

    reader->cache = cache;
    reader->threads = g_thread_pool_new(run_reading, reader, THREADS, /* exclusive= */ FALSE, NULL);
    reader->applications = application_table_new(/* max_connections_per_user= */ 0, THREADS);
    reader->working = g_hash_table_new(NULL, NULL);
    return reader;
}

void
certificate_reader_free(CertificateReader *reader)
{
    GHashTableIter iter;
    gpointer reading;

    g_thread_pool_free(reader->threads, /* immediate= */ FALSE, /* wait= */ TRUE);
    for (;;) {
        g_hash_table_iter_init(&iter, reader->working);
        if (!g_hash_table_iter_next(&iter, &reading, NULL))
            break;
        g_idle_remove_by_data(reading);
        reading_destroy(reading);
    }
    g_hash_table_unref(reader->working);
    application_table_free(reader->applications);
    g_free(reader);
}

gint64
certificate_reader_get_delay(CertificateReader *reader, const char *section, uid_t uid)
{
    g_autoptr(Application) application = application_table_get(reader->applications, section, uid);

    return application_get_delay(application);
}

CertificateReading *
certificate_reader_start(CertificateReader *reader, const char *section, uid_t uid, ConnectOptions *options,
                         CertificatesRead callback, gpointer user_data)
{
    CertificateReading *reading = g_new0(CertificateReading, 1);

    reading->reader = reader;
    reading->application = application_table_get(reader->applications, section, uid);
    reading->callback = callback;
    reading->user_data = user_data;
    reading->options = *options;
    *options = CONNECT_OPTIONS_INIT;
    reading->admission = admission_request(reading->application, AT_A_TIME, on_admitted, reading);
    return reading;
}

void
certificate_reading_free(CertificateReading *reading)
{
    if (g_hash_table_contains(reading->reader->working, reading))
        reading->callback = NULL;
    else
        reading_destroy(reading);
}
