/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Certificates and keys that an application brings. GnuTLS reads them, because it knows every form of encrypted key
 * and can tell whether a key belongs to its certificate; glib-networking then gets what has been checked.
 */

#include "tls-credentials.h"

#include "certificate-limit.h"
#include "coded-error.h"
#include "key-limit.h"
#include "trust.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

enum {
    PEM_MAX = 1024 * 1024,
    KEY_MAX = 8 * 1024, /* bytes from BEGIN to END; an encrypted RSA key of 8192 bits has 6.5 KiB */
    KEY_ID_MAX = 64,
    ITERATIONS_MAX =
        1000000 /* of a key's encryption; who queues for the thread waits while they are counted */
};

typedef struct CertificateList {
    gnutls_x509_crt_t *certificates;
    unsigned int length;
} CertificateList;

static void
certificate_list_clear(CertificateList *list)
{
    for (unsigned int i = 0; i < list->length; i++)
        gnutls_x509_crt_deinit(list->certificates[i]);
    gnutls_free(list->certificates);
    *list = (CertificateList){ 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CertificateList, certificate_list_clear)

static void
private_key_free(gnutls_x509_privkey_t key)
{
    gnutls_x509_privkey_deinit(key);
}
typedef struct gnutls_x509_privkey_int PrivateKey;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PrivateKey, private_key_free)

void
tls_credentials_clear(TlsCredentials *credentials)
{
    g_clear_object(&credentials->trust);
    g_clear_object(&credentials->certificate);
}

static gboolean
refuse(const char *what, const char *why, GError **error)
{
    return coded_error_set(error, WSB_CODE_CERTIFICATE_FILE, "%s %s", what, why);
}

static gboolean
pem_to_datum(GBytes *pem, const char *what, gnutls_datum_t *ret_datum, GError **error)
{
    gsize length = 0;
    gconstpointer bytes = pem ? g_bytes_get_data(pem, &length) : NULL;

    if (length == 0)
        return refuse(what, "is missing or could not be read", error);
    if (length > PEM_MAX)
        return refuse(what, "is larger than 1 MiB", error);
    *ret_datum = (gnutls_datum_t){ .data = (unsigned char *)bytes, .size = (unsigned int)length };
    return TRUE;
}

static gboolean
read_certificates(GBytes *pem, const char *what, CertificateList *ret_list, GError **error)
{
    gnutls_datum_t datum;
    int r;

    if (!pem_to_datum(pem, what, &datum, error))
        return FALSE;
    if (!certificate_limit_allows_pem(&datum))
        return refuse(what, "is larger than 48 KiB, one alone", error);
    r = gnutls_x509_crt_list_import2(&ret_list->certificates, &ret_list->length, &datum, GNUTLS_X509_FMT_PEM,
                                     /* flags= */ 0);
    if (r < 0) {
        *ret_list = (CertificateList){ 0 };
        return refuse(what, "is no certificate in PEM form", error);
    }
    for (unsigned int i = 0; i < ret_list->length; i++)
        if (!certificate_limit_allows_names(ret_list->certificates[i]))
            return refuse(what, "has a subject or an issuer of more than 4 KiB", error);
    return TRUE;
}

/* Whether the key takes too long to decrypt; what is not encrypted, or badly, is for others to say. */
static gboolean
is_too_slow(const gnutls_datum_t *key)
{
    unsigned int iterations = 0;
    char *oid = NULL;
    int r =
        gnutls_pkcs8_info(key, GNUTLS_X509_FMT_PEM, /* schema= */ NULL, /* cipher= */ NULL, /* salt= */ NULL,
                          /* salt_size= */ NULL, &iterations, &oid);

    gnutls_free(oid);
    return r >= 0 && iterations > ITERATIONS_MAX;
}

/* Where TEXT ends in DATUM, at or behind FROM, or NULL. */
static unsigned char *
find_end(const gnutls_datum_t *datum, const unsigned char *from, const char *text)
{
    unsigned char *found = memmem(from, datum->size - (gsize)(from - datum->data), text, strlen(text));

    return found ? found + strlen(text) : NULL;
}

/* The first key of PEM, which may have certificates beside it. */
static gboolean
find_key(const gnutls_datum_t *pem, gnutls_datum_t *ret_key)
{
    static const char begin[] = "-----BEGIN ", dashes[] = "-----", kind[] = "PRIVATE KEY-----";
    const unsigned char *label = pem->data, *end;

    while ((label = find_end(pem, label, begin)) && (end = find_end(pem, label, dashes))) {
        gsize length = (gsize)(end - label);

        if (length < strlen(kind) || memcmp(end - strlen(kind), kind, strlen(kind)) != 0)
            continue;
        ret_key->data = pem->data + (label - pem->data) - strlen(begin);
        if (!(end = find_end(pem, end, "-----END ")) || !(end = find_end(pem, end, dashes)))
            return FALSE;
        ret_key->size = (unsigned int)(end - ret_key->data);
        return TRUE;
    }
    return FALSE;
}

/*
 * GnuTLS has no limit to the numbers of a key: it works for days on a DSA key of a mebibyte, whose public part it
 * computes, and TLS on a signature by an RSA key of that size.
 */
static PrivateKey *
read_key(GBytes *pem, const char *password, GError **error)
{
    static const char what[] = "The private key";
    gnutls_x509_privkey_t key = NULL;
    gnutls_datum_t whole = { 0 }, datum = { 0 };
    int r;

    if (!pem_to_datum(pem, what, &whole, error))
        return NULL;
    if (!find_key(&whole, &datum)) {
        refuse(what, "is no private key in PEM form", error);
        return NULL;
    }
    if (datum.size > KEY_MAX) {
        refuse(what, "is larger than 8 KiB", error);
        return NULL;
    }
    if (is_too_slow(&datum)) {
        refuse(what, "is encrypted with more than 1000000 iterations", error);
        return NULL;
    }
    r = gnutls_x509_privkey_init(&key);
    if (r >= 0)
        r = gnutls_x509_privkey_import2(key, &datum, GNUTLS_X509_FMT_PEM, password, /* flags= */ 0);
    if (r == GNUTLS_E_DECRYPTION_FAILED)
        refuse(what, password ? "does not open with the password" : "needs a password", error);
    else if (r < 0)
        refuse(what, "is no private key in PEM form", error);
    if (r < 0)
        g_clear_pointer(&key, gnutls_x509_privkey_deinit);
    return key;
}

static gboolean
key_belongs(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key)
{
    unsigned char of_certificate[KEY_ID_MAX], of_key[KEY_ID_MAX];
    size_t certificate_size = sizeof(of_certificate), key_size = sizeof(of_key);

    return gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, of_certificate,
                                      &certificate_size) >= 0 &&
           gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, of_key, &key_size) >= 0 &&
           certificate_size == key_size && memcmp(of_certificate, of_key, key_size) == 0;
}

static gboolean
append_certificates(GString *pem, const CertificateList *list)
{
    for (unsigned int i = 0; i < list->length; i++) {
        gnutls_datum_t out = { 0 };

        if (gnutls_x509_crt_export2(list->certificates[i], GNUTLS_X509_FMT_PEM, &out) < 0)
            return FALSE;
        g_string_append_len(pem, (const char *)out.data, out.size);
        gnutls_free(out.data);
    }
    return TRUE;
}

/* The key without its password, and its certificates, as one object. Every copy of the key made here is wiped. */
static GTlsCertificate *
join(const CertificateList *list, gnutls_x509_privkey_t key, GError **error)
{
    gnutls_datum_t out = { 0 };
    g_autoptr(GString) pem = NULL;
    GTlsCertificate *certificate = NULL;

    if (gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, /* password= */ NULL, GNUTLS_PKCS_PLAIN,
                                          &out) < 0) {
        refuse("The private key", "is of no known kind", error);
        return NULL;
    }
    /* Sized in advance: a string that grows would leave the key behind in freed memory. */
    pem = g_string_sized_new(out.size + PEM_MAX * 2);
    g_string_append_len(pem, (const char *)out.data, out.size);
    gnutls_memset(out.data, 0, out.size);
    gnutls_free(out.data);
    if (append_certificates(pem, list))
        certificate = g_tls_certificate_new_from_pem(pem->str, (gssize)pem->len, NULL);
    explicit_bzero(pem->str, pem->len);
    if (!certificate)
        refuse("The client certificate", "cannot be used", error);
    return certificate;
}

static GTlsCertificate *
load_client(const TlsOptions *options, GError **error)
{
    g_auto(CertificateList) list = { 0 };
    g_autoptr(PrivateKey) key = NULL;

    if (!read_certificates(options->certificate, "The client certificate", &list, error))
        return NULL;
    key = read_key(options->key, options->key_password, error);
    if (!key)
        return NULL;
    if (list.length == 0 || !key_belongs(list.certificates[0], key)) {
        refuse("The private key", "does not belong to the client certificate", error);
        return NULL;
    }
    return join(&list, key, error);
}

/* GIO's database reads a file, however the certificates came. */
static gboolean
is_lack_of_descriptors(const GError *error)
{
    return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_MFILE) ||
           g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NFILE);
}

static GTlsDatabase *
load_trust(GBytes *ca, GError **error)
{
    g_auto(CertificateList) list = { 0 };
    g_autoptr(GString) pem = g_string_new(NULL);
    g_autoptr(GError) trust_error = NULL;
    GTlsDatabase *trust;

    if (!read_certificates(ca, "The CA certificate", &list, error))
        return NULL;
    for (unsigned int i = 0; i < list.length; i++) {
        if (!key_limit_allows(list.certificates[i])) {
            refuse("The CA certificate", "has a public key that is too large", error);
            return NULL;
        }
    }
    if (!append_certificates(pem, &list)) {
        refuse("The CA certificate", "cannot be used", error);
        return NULL;
    }
    trust = trust_new_from_pem(pem->str, pem->len, &trust_error);
    if (!trust && is_lack_of_descriptors(trust_error))
        coded_error_set(error, WSB_CODE_LIMIT_EXCEEDED, "The service has no descriptor left");
    else if (!trust)
        refuse("The CA certificate", trust_error->message, error);
    return trust;
}

static GTlsDatabase *
get_trust(TrustCache *cache, GBytes *ca, GError **error)
{
    g_autofree char *digest = trust_cache_digest(ca);
    GTlsDatabase *trust = trust_cache_get(cache, digest);

    if (trust)
        return trust;
    trust = load_trust(ca, error);
    if (trust)
        trust_cache_put(cache, digest, trust);
    return trust;
}

gboolean
tls_credentials_load(const TlsOptions *options, TrustCache *cache, TlsCredentials *ret_credentials,
                     GError **error)
{
    g_auto(TlsCredentials) credentials = { .only_tls_1_3 = options->only_tls_1_3 };

    if (options->ca) {
        credentials.trust = get_trust(cache, options->ca, error);
        if (!credentials.trust)
            return FALSE;
    }
    if (options->has_client) {
        credentials.certificate = load_client(options, error);
        if (!credentials.certificate)
            return FALSE;
    }
    *ret_credentials = credentials;
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): its clean-up reads it. */
    credentials = (TlsCredentials){ 0 };
    return TRUE;
}

TlsReading *
tls_reading_new(const TlsOptions *options, TrustCache *cache)
{
    TlsReading *reading = g_new0(TlsReading, 1);

    (void)tls_credentials_load(options, cache, &reading->credentials, &reading->error);
    return reading;
}

void
tls_reading_free(TlsReading *reading)
{
    tls_credentials_clear(&reading->credentials);
    g_clear_error(&reading->error);
    g_free(reading);
}
