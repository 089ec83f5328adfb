/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* How large certificates may be before they are verified, whoever has made them. */
enum {
    CERTIFICATE_LIMIT_CHAIN = 16,            /* certificates of a server */
    CERTIFICATE_LIMIT_BYTES = 32 * 1024,     /* of one in DER form: room for a thousand names of hosts */
    CERTIFICATE_LIMIT_NAME_BYTES = 4 * 1024, /* of a subject's or issuer's name */
    CERTIFICATE_LIMIT_PEM_BYTES = 48 * 1024  /* of one in PEM form */
};

/* Whether the names of CERTIFICATE's subject and issuer are within the limit. */
gboolean certificate_limit_allows_names(gnutls_x509_crt_t certificate);

/* Whether the LENGTH certificates of a server, in DER form, are within all limits. What is no certificate is within:
 * it does not verify. */
gboolean certificate_limit_allows_chain(const gnutls_datum_t *certificates, unsigned int length);

/* Whether whatever PEM has between a BEGIN and its END, or the end, is within the limit. Looks for nothing else. */
gboolean certificate_limit_allows_pem(const gnutls_datum_t *pem);
