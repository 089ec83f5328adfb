/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Public keys of certificates, as large as they may be and one bit larger. */

#include "key-limit.h"

#include <gnutls/abstract.h>
#include <string.h>

/* A number of BITS bits, all set, or 65537 for 17. */
static GByteArray *
number_new(guint bits)
{
    static const guint8 usual[] = { 1, 0, 1 };
    GByteArray *number = g_byte_array_new();
    guint8 first = (guint8)(0xFF >> (7 - (bits - 1) % 8));

    if (bits == 17)
        return g_byte_array_append(number, usual, sizeof(usual));
    g_byte_array_set_size(number, (bits + 7) / 8);
    memset(number->data, 0xFF, number->len);
    number->data[0] = first;
    return number;
}

static gnutls_datum_t
as_datum(const GByteArray *number)
{
    return (gnutls_datum_t){ .data = number->data, .size = number->len };
}

static gnutls_pubkey_t
rsa_key_new(guint modulus_bits, guint exponent_bits)
{
    g_autoptr(GByteArray) modulus = number_new(modulus_bits);
    g_autoptr(GByteArray) exponent = number_new(exponent_bits);
    gnutls_datum_t m = as_datum(modulus), e = as_datum(exponent);
    gnutls_pubkey_t key = NULL;

    g_assert_cmpint(gnutls_pubkey_init(&key), >=, 0);
    g_assert_cmpint(gnutls_pubkey_import_rsa_raw(key, &m, &e), >=, 0);
    return key;
}

static gnutls_pubkey_t
dsa_key_new(guint bits)
{
    g_autoptr(GByteArray) modulus = number_new(bits);
    g_autoptr(GByteArray) order = number_new(256);
    gnutls_datum_t p = as_datum(modulus), q = as_datum(order);
    gnutls_pubkey_t key = NULL;

    g_assert_cmpint(gnutls_pubkey_init(&key), >=, 0);
    g_assert_cmpint(gnutls_pubkey_import_dsa_raw(key, &p, &q, /* g= */ &q, /* y= */ &p), >=, 0);
    return key;
}

static gnutls_x509_crt_t
unsigned_certificate_new(void)
{
    gnutls_x509_crt_t certificate = NULL;

    g_assert_cmpint(gnutls_x509_crt_init(&certificate), >=, 0);
    g_assert_cmpint(gnutls_x509_crt_set_version(certificate, 3), >=, 0);
    g_assert_cmpint(gnutls_x509_crt_set_serial(certificate, "\1", 1), >=, 0);
    g_assert_cmpint(gnutls_x509_crt_set_dn(certificate, "CN=key", NULL), >=, 0);
    g_assert_cmpint(gnutls_x509_crt_set_activation_time(certificate, 0), >=, 0);
    g_assert_cmpint(gnutls_x509_crt_set_expiration_time(certificate, 1000), >=, 0);
    return certificate;
}

/* A certificate for KEY, by somebody else, who needs no secret of KEY's; takes KEY. */
static gnutls_x509_crt_t
certificate_new(gnutls_pubkey_t key)
{
    gnutls_x509_crt_t certificate = unsigned_certificate_new(), issuer = unsigned_certificate_new();
    gnutls_x509_privkey_t signer = NULL;

    g_assert_cmpint(gnutls_x509_privkey_init(&signer), >=, 0);
    g_assert_cmpint(gnutls_x509_privkey_generate(signer, GNUTLS_PK_ECDSA,
                                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                    >=, 0);
    g_assert_cmpint(gnutls_x509_crt_set_key(issuer, signer), >=, 0);
    g_assert_cmpint(gnutls_x509_crt_set_pubkey(certificate, key), >=, 0);
    g_assert_cmpint(gnutls_x509_crt_sign2(certificate, issuer, signer, GNUTLS_DIG_SHA256, 0), >=, 0);
    gnutls_x509_privkey_deinit(signer);
    gnutls_x509_crt_deinit(issuer);
    gnutls_pubkey_deinit(key);
    return certificate;
}

/* Takes CERTIFICATE. */
static gboolean
is_allowed(gnutls_x509_crt_t certificate)
{
    gboolean allowed = key_limit_allows(certificate);
    gnutls_datum_t der = { 0 };

    g_assert_cmpint(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der), >=, 0);
    g_assert_cmpint(key_limit_allows_der(&der), ==, allowed);
    gnutls_free(der.data);
    gnutls_x509_crt_deinit(certificate);
    return allowed;
}

static void
test_rsa(void)
{
    static const struct {
        guint modulus_bits;
        guint exponent_bits;
        gboolean allowed;
    } cases[] = {
        { 2048, 17, TRUE },   { 4096, 17, TRUE },    { 16384, 17, TRUE },  { 16384, 64, TRUE },
        { 16385, 17, FALSE }, { 65536, 17, FALSE },  { 2048, 64, TRUE },   { 2048, 65, FALSE },
        { 2048, 72, FALSE },  { 2048, 2047, FALSE }, { 16384, 65, FALSE }, { 16384, 16383, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%u bits, exponent of %u", cases[i].modulus_bits, cases[i].exponent_bits);
        g_assert_cmpint(
            is_allowed(certificate_new(rsa_key_new(cases[i].modulus_bits, cases[i].exponent_bits))), ==,
            cases[i].allowed);
    }
}

static void
test_dsa(void)
{
    g_assert_true(is_allowed(certificate_new(dsa_key_new(3072))));
    g_assert_true(is_allowed(certificate_new(dsa_key_new(4096))));
    g_assert_false(is_allowed(certificate_new(dsa_key_new(4097))));
    g_assert_false(is_allowed(certificate_new(dsa_key_new(65536))));
}

static void
test_elliptic(void)
{
    static const gnutls_pk_algorithm_t algorithms[] = { GNUTLS_PK_ECDSA, GNUTLS_PK_EDDSA_ED25519 };

    for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
        gnutls_privkey_t secret = NULL;
        gnutls_pubkey_t key = NULL;

        g_assert_cmpint(gnutls_privkey_init(&secret), >=, 0);
        g_assert_cmpint(gnutls_privkey_generate(secret, algorithms[i], 256, 0), >=, 0);
        g_assert_cmpint(gnutls_pubkey_init(&key), >=, 0);
        g_assert_cmpint(gnutls_pubkey_import_privkey(key, secret, 0, 0), >=, 0);
        gnutls_privkey_deinit(secret);
        g_assert_true(is_allowed(certificate_new(key)));
    }
}

static void
test_no_certificate(void)
{
    static const gnutls_datum_t nothing = { .data = (unsigned char *)"", .size = 0 };

    g_assert_true(key_limit_allows_der(&nothing));
}

static void
test_guard_twice(void)
{
    g_assert_true(key_limit_guard_handshakes());
    g_assert_true(key_limit_guard_handshakes());
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/key-limit/rsa", test_rsa);
    g_test_add_func("/key-limit/dsa", test_dsa);
    g_test_add_func("/key-limit/elliptic", test_elliptic);
    g_test_add_func("/key-limit/no-certificate", test_no_certificate);
    g_test_add_func("/key-limit/guard-twice", test_guard_twice);
    return g_test_run();
}
