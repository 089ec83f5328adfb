/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificates are read in threads: each reading has one result or was taken back, an application has one at a time, and
 * what they take is on its account. */

#include "certificate-reader.h"

#include "coded-error.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define SECTION "user *"
#define UID 1000
#define MANY ((gsize)256 * 1024)
#define READINGS_MAX 1000 /* far more than may be read without waiting */

typedef struct Fixture {
    TrustCache *cache;
    CertificateReader *reader;
    GString *certificates; /* as many as there is room for in MANY bytes */
    gsize one;             /* how long the first is */
} Fixture;

static void
append_certificate(GString *pem)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
    gnutls_datum_t out = { 0 };

    gnutls_x509_privkey_init(&key);
    gnutls_x509_crt_init(&certificate);
    g_assert_cmpint(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                    ==, 0);
    gnutls_x509_crt_set_version(certificate, 3);
    gnutls_x509_crt_set_serial(certificate, "1", 1);
    gnutls_x509_crt_set_dn(certificate, "CN=Somebody", NULL);
    gnutls_x509_crt_set_activation_time(certificate, 0);
    gnutls_x509_crt_set_expiration_time(certificate, 2000000000);
    gnutls_x509_crt_set_key(certificate, key);
    g_assert_cmpint(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0), ==, 0);
    g_assert_cmpint(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &out), ==, 0);
    g_string_append_len(pem, (const char *)out.data, out.size);
    gnutls_free(out.data);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
}

static void
set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *first = NULL;

    fixture->certificates = g_string_new(NULL);
    append_certificate(fixture->certificates);
    fixture->one = fixture->certificates->len;
    first = g_strdup(fixture->certificates->str);
    while (fixture->certificates->len + fixture->one <= MANY)
        g_string_append(fixture->certificates, first);
    fixture->cache = trust_cache_new();
    fixture->reader = certificate_reader_new(fixture->cache);
}

static void
tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    certificate_reader_free(fixture->reader);
    trust_cache_free(fixture->cache);
    g_string_free(fixture->certificates, TRUE);
}

/* Where results go: a letter for each that is there, and the last of them. */
typedef struct Results {
    GString *order;
    TlsReading *last;
} Results;

typedef struct Result {
    char letter;
    Results *results;
} Result;

static void
on_read(TlsReading *read, gpointer user_data)
{
    g_autofree Result *result = user_data;
    Results *results = result->results;

    g_string_append_c(results->order, result->letter);
    g_clear_pointer(&results->last, tls_reading_free);
    results->last = read;
}

static void
results_clear(Results *results)
{
    g_string_free(results->order, TRUE);
    g_clear_pointer(&results->last, tls_reading_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Results, results_clear)

/* LENGTH bytes of the certificates and, so that it is another text each time, NUMBER blanks. */
static CertificateReading *
start(Fixture *fixture, Results *results, char letter, uid_t uid, gsize length, guint number)
{
    g_auto(ConnectOptions) options = CONNECT_OPTIONS_INIT;
    GString *pem = g_string_new_len(fixture->certificates->str, (gssize)length);
    Result *result = g_new(Result, 1);

    for (guint i = 0; i < number; i++)
        g_string_append_c(pem, '\n');
    options.tls.ca = g_string_free_to_bytes(pem);
    *result = (Result){ letter, results };
    return certificate_reader_start(fixture->reader, SECTION, uid, &options, on_read, result);
}

static void
wait_for(const Results *results, gsize count)
{
    while (results->order->len < count)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_result(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_auto(Results) results = { .order = g_string_new(NULL) };

    start(fixture, &results, 'a', UID, fixture->one, 0);
    g_assert_cmpuint(results.order->len, ==, 0); /* never from within the call */
    wait_for(&results, 1);
    g_assert_no_error(results.last->error);
    g_assert_nonnull(results.last->credentials.trust);

    start(fixture, &results, 'b', UID, fixture->one / 2, 0);
    wait_for(&results, 2);
    g_assert_error(results.last->error, CODED_ERROR, WSB_CODE_CERTIFICATE_FILE);
    g_assert_null(results.last->credentials.trust);
}

/* Of two that bring the same, the second has what the first has. */
static void
test_shared(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_auto(Results) results = { .order = g_string_new(NULL) };
    g_autoptr(GTlsDatabase) first = NULL;

    start(fixture, &results, 'a', UID, fixture->one, 0);
    wait_for(&results, 1);
    first = g_object_ref(results.last->credentials.trust);
    start(fixture, &results, 'b', UID + 1, fixture->one, 0);
    wait_for(&results, 2);
    g_assert_true(results.last->credentials.trust == first);
}

/* One that waits for its turn, and one that a thread may be at. Nothing comes of either. */
static void
test_taken_back(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    for (guint i = 0; i < 20; i++) {
        g_auto(Results) results = { .order = g_string_new(NULL) };
        Results never = { .order = results.order };
        Result unused = { 'x', &never };
        g_auto(ConnectOptions) options = CONNECT_OPTIONS_INIT, others = CONNECT_OPTIONS_INIT;
        CertificateReading *first, *second;

        options.tls.ca = g_bytes_new_static("no certificate", 14);
        others.tls.ca = g_bytes_ref(options.tls.ca);
        first = certificate_reader_start(fixture->reader, SECTION, UID, &options, on_read, &unused);
        second = certificate_reader_start(fixture->reader, SECTION, UID, &others, on_read, &unused);
        start(fixture, &results, 'c', UID, fixture->one, i);
        certificate_reading_free(second);
        certificate_reading_free(first);
        wait_for(&results, 1);
        g_assert_cmpstr(results.order->str, ==, "c");
    }
}

/* A thread may still be at what the reader is freed with. */
static void
test_freed_at_once(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    for (guint i = 0; i < 20; i++) {
        g_autoptr(CertificateReader) reader = certificate_reader_new(fixture->cache);

        for (uid_t uid = 0; uid < 4; uid++) {
            g_auto(ConnectOptions) options = CONNECT_OPTIONS_INIT;

            options.tls.ca = g_bytes_new(fixture->certificates->str, fixture->one);
            certificate_reading_free(
                certificate_reader_start(reader, SECTION, uid, &options, on_read, /* user_data= */ NULL));
        }
    }
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* Who brings very many, again and again, does not keep another from having its few read. */
static void
test_turns(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_auto(Results) results = { .order = g_string_new(NULL) };

    for (guint i = 0; i < 4; i++)
        start(fixture, &results, 'a', UID, fixture->certificates->len, i);
    start(fixture, &results, 'b', UID + 1, fixture->one, 0);
    wait_for(&results, 5);
    g_assert_cmpint(results.order->str[4], ==, 'a');
}

static void
test_delay(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_auto(Results) results = { .order = g_string_new(NULL) };
    gint64 delay = certificate_reader_get_delay(fixture->reader, SECTION, UID);
    guint n = 0;

    g_assert_cmpint(delay, ==, 0);
    /* One is enough where it takes half a second. */
    while (delay == 0 && n < READINGS_MAX) {
        start(fixture, &results, 'a', UID, fixture->certificates->len, n++);
        wait_for(&results, n);
        delay = certificate_reader_get_delay(fixture->reader, SECTION, UID);
    }
    g_assert_cmpint(delay, >, 0);
    g_assert_cmpint(certificate_reader_get_delay(fixture->reader, SECTION, UID + 1), ==, 0);
}

#define ADD(name, test) g_test_add("/certificate-reader/" name, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("result", test_result);
    ADD("shared", test_shared);
    ADD("taken-back", test_taken_back);
    ADD("freed-at-once", test_freed_at_once);
    ADD("turns", test_turns);
    ADD("delay", test_delay);
    return g_test_run();
}
