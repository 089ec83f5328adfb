/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "application.h"
#include "tls-credentials.h"

/* Reads the certificates and keys that applications bring, which takes up to half a second of a processor. */
typedef struct CertificateReader CertificateReader;

/* One Connect's. */
typedef struct CertificateReading CertificateReading;

/* READ is the callee's to free. */
typedef void (*CertificatesRead)(TlsReading *read, gpointer user_data);

/* CACHE outlives it. */
CertificateReader *certificate_reader_new(TrustCache *cache);
/* No reading is left. Waits for the threads to finish what they are at. */
void certificate_reader_free(CertificateReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CertificateReader, certificate_reader_free)

/* How long, in µs, the application SECTION of user UID has to wait before the next, because of those that were read for
 * it. */
gint64 certificate_reader_get_delay(CertificateReader *reader, const char *section, uid_t uid);

/*
 * Reads what OPTIONS, which are taken, bring for TLS, when it is the application's turn. CALLBACK is called once, later,
 * from the main context, and frees the reading; certificate_reading_free() takes it back before.
 */
CertificateReading *certificate_reader_start(CertificateReader *reader, const char *section, uid_t uid,
                                             ConnectOptions *options, CertificatesRead callback,
                                             gpointer user_data);
void certificate_reading_free(CertificateReading *reading);
