/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * GIO verifies a server's certificates in the one thread that serves everybody, and nothing ends that but its end. It
 * compares each of them with each, whoever vouches for them, and GnuTLS takes a time for a name that grows with the square
 * of its length. A handshake has room for 128 KiB: 600 certificates in the order that takes longest took 2.4 seconds,
 * one with a name of 50 KiB half a second; one of a mebibyte, which an application can bring as its authority, takes
 * minutes. So they are looked at before, where nobody waits: in the handshake's thread, or in that which reads an
 * application's certificates.
 */

#include "certificate-limit.h"

#include <string.h>

static gboolean
name_is_allowed(gnutls_x509_crt_t certificate, int (*get)(gnutls_x509_crt_t, gnutls_datum_t *))
{
    gnutls_datum_t name = { 0 };
    gboolean allowed = get(certificate, &name) < 0 || name.size <= CERTIFICATE_LIMIT_NAME_BYTES;

    gnutls_free(name.data);
    return allowed;
}

gboolean
certificate_limit_allows_names(gnutls_x509_crt_t certificate)
{
    return name_is_allowed(certificate, gnutls_x509_crt_get_raw_dn) &&
           name_is_allowed(certificate, gnutls_x509_crt_get_raw_issuer_dn);
}

static gboolean
is_allowed(const gnutls_datum_t *der)
{
    gnutls_x509_crt_t certificate = NULL;
    gboolean allowed;

    if (der->size > CERTIFICATE_LIMIT_BYTES || gnutls_x509_crt_init(&certificate) < 0)
        return FALSE;
    allowed = gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) < 0 ||
              certificate_limit_allows_names(certificate);
    gnutls_x509_crt_deinit(certificate);
    return allowed;
}

gboolean
certificate_limit_allows_chain(const gnutls_datum_t *certificates, unsigned int length)
{
    if (length > CERTIFICATE_LIMIT_CHAIN)
        return FALSE;
    for (unsigned int i = 0; i < length; i++)
        if (!is_allowed(&certificates[i]))
            return FALSE;
    return TRUE;
}

/* Behind the first TEXT of the bytes from AT to END, or NULL. */
static const unsigned char *
find_behind(const unsigned char *at, const unsigned char *end, const char *text)
{
    const unsigned char *found = memmem(at, (gsize)(end - at), text, strlen(text));

    return found ? found + strlen(text) : NULL;
}

gboolean
certificate_limit_allows_pem(const gnutls_datum_t *pem)
{
    const unsigned char *end = pem->data + pem->size, *at = pem->data;

    while (at && (at = find_behind(at, end, "-----BEGIN "))) {
        const unsigned char *behind = find_behind(at, end, "-----END ");

        if ((behind ? behind : end) - at > CERTIFICATE_LIMIT_PEM_BYTES)
            return FALSE;
        at = behind;
    }
    return TRUE;
}
