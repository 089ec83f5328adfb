/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* How large the public key of a certificate may be before anything is computed with it. */
enum {
    KEY_LIMIT_RSA_BITS = 16384,
    KEY_LIMIT_RSA_EXPONENT_BITS = 64,
    KEY_LIMIT_OTHER_BITS = 4096 /* of DSA; elliptic curves have 521 at most */
};

/* Whether the public key of CERTIFICATE is within the limit. One that GnuTLS does not know or cannot read is: nothing is
 * computed with it. */
gboolean key_limit_allows(gnutls_x509_crt_t certificate);

/* The same for a certificate in DER form; what is none is within. */
gboolean key_limit_allows_der(const gnutls_datum_t *der);

/*
 * From now on the handshakes of this process end with GNUTLS_E_PK_INVALID_PUBKEY where the server has a certificate
 * whose public key is over the limit, before its signature is verified, and with GNUTLS_E_CERTIFICATE_ERROR where its
 * certificates are over that of certificate-limit.h, before they are. To be called before the first handshake; does
 * nothing the second time. Returns FALSE where GnuTLS does not let it.
 */
gboolean key_limit_guard_handshakes(void);
