/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * GnuTLS has no limit to the numbers of a public key, and computes with an RSA exponent of any length: to verify one
 * signature takes it 19 seconds where modulus and exponent have 65,536 bits each, and hours with the largest that a
 * handshake has room for. Anybody can make such a certificate, and in TLS 1.3 the server's signature is verified before
 * its certificate is. GIO does that in a thread that nothing can end, of a pool that all connections share.
 *
 * So the keys are looked at first. GIO hides GnuTLS's sessions; but an extension of TLS is registered for all of them,
 * and is asked, as each handshake begins, what it has to send. This one sends nothing: it only sets a hook on the
 * session, in which certificate-limit.c is asked as well. (GIO has the same hook, to keep tickets for sessions that it
 * may resume. None is resumed here; see read-ahead.c.)
 */

#include "key-limit.h"

#include "certificate-limit.h"

#include <gnutls/abstract.h>

enum { EXTENSION_NUMBER = 0xFF77 /* for private use (RFC 8446 section 11); never sent */ };

static gboolean
exponent_is_allowed(gnutls_x509_crt_t certificate)
{
    gnutls_pubkey_t key = NULL;
    gnutls_datum_t exponent = { 0 };
    int r = gnutls_pubkey_init(&key);

    if (r >= 0)
        r = gnutls_pubkey_import_x509(key, certificate, /* flags= */ 0);
    if (r >= 0)
        r = gnutls_pubkey_export_rsa_raw2(key, /* m= */ NULL, &exponent, GNUTLS_EXPORT_FLAG_NO_LZ);
    gnutls_free(exponent.data);
    gnutls_pubkey_deinit(key);
    return r >= 0 && exponent.size <= KEY_LIMIT_RSA_EXPONENT_BITS / 8;
}

gboolean
key_limit_allows(gnutls_x509_crt_t certificate)
{
    unsigned int bits = 0;
    int algorithm = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);

    if (algorithm == GNUTLS_PK_UNKNOWN || algorithm < 0)
        return TRUE;
    if (algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS)
        return bits <= KEY_LIMIT_RSA_BITS && exponent_is_allowed(certificate);
    return bits <= KEY_LIMIT_OTHER_BITS;
}

gboolean
key_limit_allows_der(const gnutls_datum_t *der)
{
    gnutls_x509_crt_t certificate = NULL;
    gboolean allowed;

    if (gnutls_x509_crt_init(&certificate) < 0)
        return FALSE;
    allowed =
        gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) < 0 || key_limit_allows(certificate);
    gnutls_x509_crt_deinit(certificate);
    return allowed;
}

/* Messages that come behind the server's certificates, and that nothing is computed with those before. */
static gboolean
follows_certificates(unsigned int type)
{
    return type == GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY || type == GNUTLS_HANDSHAKE_SERVER_KEY_EXCHANGE ||
           type == GNUTLS_HANDSHAKE_SERVER_HELLO_DONE;
}

static int
on_handshake_message(gnutls_session_t session, unsigned int type, unsigned int when, unsigned int incoming,
                     const gnutls_datum_t *message)
{
    const gnutls_datum_t *certificates;
    unsigned int length = 0;

    (void)when, (void)message;
    if (!incoming || !follows_certificates(type))
        return 0;
    certificates = gnutls_certificate_get_peers(session, &length);
    if (!certificate_limit_allows_chain(certificates, length))
        return GNUTLS_E_CERTIFICATE_ERROR;
    for (unsigned int i = 0; certificates && i < length; i++)
        if (!key_limit_allows_der(&certificates[i]))
            return GNUTLS_E_PK_INVALID_PUBKEY;
    return 0;
}

static int
send_nothing(gnutls_session_t session, gnutls_buffer_t extension)
{
    (void)extension;
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, on_handshake_message);
    return 0;
}

/* GnuTLS does not take what was not asked for. */
static int
receive_nothing(gnutls_session_t session, const unsigned char *data, size_t length)
{
    (void)session, (void)data, (void)length;
    return 0;
}

gboolean
key_limit_guard_handshakes(void)
{
    int r = gnutls_ext_register("wsbroker key limit", EXTENSION_NUMBER, GNUTLS_EXT_TLS, receive_nothing,
                                send_nothing, /* deinit_func= */ NULL, /* pack_func= */ NULL,
                                /* unpack_func= */ NULL);

    return r >= 0 || r == GNUTLS_E_ALREADY_REGISTERED;
}
