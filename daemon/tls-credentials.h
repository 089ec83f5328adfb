/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "connect-options.h"
#include "trust-cache.h"

#include <gio/gio.h>

/* What a TLS handshake works with. Owns what it points to. */
typedef struct TlsCredentials {
    GTlsDatabase *trust;          /* NULL: the system's */
    GTlsCertificate *certificate; /* the application's own with its key; NULL: none */
    gboolean only_tls_1_3;
    gboolean accepts_any; /* policy's SkipCertificateCheck: whatever certificate the server has */
} TlsCredentials;

void tls_credentials_clear(TlsCredentials *credentials);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TlsCredentials, tls_credentials_clear)

/* Reads the PEM texts in OPTIONS, those of authorities unless CACHE has them. FALSE and an error of CODED_ERROR,
 * CertificateFile, that says which is wrong and how; or LimitExceeded, when descriptors have run out. May be called in
 * any thread, and may take half a second. */
gboolean tls_credentials_load(const TlsOptions *options, TrustCache *cache, TlsCredentials *ret_credentials,
                              GError **error);

/* What came of that. */
typedef struct TlsReading {
    TlsCredentials credentials;
    GError *error; /* NULL: they can be used */
} TlsReading;

TlsReading *tls_reading_new(const TlsOptions *options, TrustCache *cache);
void tls_reading_free(TlsReading *reading);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsReading, tls_reading_free)
