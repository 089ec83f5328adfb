/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * PEM: the bytes are an authority's certificates, or a certificate, its key and the key's password, with a zero byte
 * between them. They make credentials with all that was asked for, or an error that says which of them is at fault.
 */

#include "fuzz-input.h"

#include "coded-error.h"
#include "tls-credentials.h"

enum { WITH_TRUST = 1, WITH_CLIENT = 2, WITH_PASSWORD = 4 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput input = { data, size };
    guint8 with = fuzz_input_take_byte(&input);
    g_autoptr(GBytes) ca = with & WITH_TRUST ? fuzz_input_take_field(&input) : NULL;
    g_autoptr(GBytes) certificate = with & WITH_CLIENT ? fuzz_input_take_field(&input) : NULL;
    g_autoptr(GBytes) key = with & WITH_CLIENT ? fuzz_input_take_field(&input) : NULL;
    g_autofree char *password = with & WITH_PASSWORD ? fuzz_input_take_text(&input) : NULL;
    const TlsOptions options = { .ca = ca,
                                 .has_client = certificate != NULL,
                                 .certificate = certificate,
                                 .key = key,
                                 .key_password = password };
    g_auto(TlsCredentials) credentials = { 0 };
    g_autoptr(TrustCache) cache = trust_cache_new();
    g_autoptr(GError) error = NULL;

    if (tls_credentials_load(&options, cache, &credentials, &error)) {
        g_assert_no_error(error);
        g_assert_cmpint(credentials.trust != NULL, ==, ca != NULL);
        g_assert_cmpint(credentials.certificate != NULL, ==, certificate != NULL);
    } else {
        g_assert_error(error, CODED_ERROR, WSB_CODE_CERTIFICATE_FILE);
    }
    return 0;
}
