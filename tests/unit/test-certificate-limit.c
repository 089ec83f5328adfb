/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificates in PEM form, as large as one may be and larger. What servers bring is in test_large_certificates.py. */

#include "certificate-limit.h"

#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

/* What stands between BEGIN and END beside the certificate itself. */
#define FRAME                                                                                                \
    strlen("CERTIFICATE-----\n"                                                                              \
           "-----END ")

/* LENGTH bytes between BEFORE and BEHIND. */
static gboolean
allows(const char *before, gsize length, const char *behind)
{
    g_autofree char *filling = g_strnfill(length, 'A');
    g_autofree char *text = g_strconcat(before, filling, behind, NULL);
    const gnutls_datum_t pem = { .data = (unsigned char *)text, .size = (unsigned int)strlen(text) };

    return certificate_limit_allows_pem(&pem);
}

static void
test_one(void)
{
    const gsize most = CERTIFICATE_LIMIT_PEM_BYTES - FRAME;

    g_assert_true(allows(BEGIN, 0, END));
    g_assert_true(allows(BEGIN, most, END));
    g_assert_false(allows(BEGIN, most + 1, END));
}

static void
test_behind_others(void)
{
    const gsize most = CERTIFICATE_LIMIT_PEM_BYTES - FRAME;

    g_assert_true(allows(BEGIN "AAAA" END BEGIN, most, END BEGIN "AAAA" END));
    g_assert_false(allows(BEGIN "AAAA" END BEGIN, most + 1, END BEGIN "AAAA" END));
}

static void
test_no_end(void)
{
    g_assert_true(allows(BEGIN, 1000, ""));
    g_assert_false(allows(BEGIN, CERTIFICATE_LIMIT_PEM_BYTES, ""));
}

static void
test_text_outside(void)
{
    g_assert_true(allows("", 2 * CERTIFICATE_LIMIT_PEM_BYTES, BEGIN "AAAA" END));
    g_assert_true(allows(BEGIN "AAAA" END, 2 * CERTIFICATE_LIMIT_PEM_BYTES, ""));
}

static void
test_nothing(void)
{
    const gnutls_datum_t rubbish = { .data = (unsigned char *)"rubbish", .size = 7 };

    g_assert_true(allows("", 0, ""));
    g_assert_true(certificate_limit_allows_chain(NULL, 0));
    g_assert_true(certificate_limit_allows_chain(&rubbish, 1));
}

static void
test_size(void)
{
    g_autofree char *text = g_strnfill(CERTIFICATE_LIMIT_BYTES + 1, 'A');
    gnutls_datum_t der = { .data = (unsigned char *)text, .size = CERTIFICATE_LIMIT_BYTES };

    g_assert_true(certificate_limit_allows_chain(&der, 1));
    der.size++;
    g_assert_false(certificate_limit_allows_chain(&der, 1));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/certificate-limit/one", test_one);
    g_test_add_func("/certificate-limit/behind-others", test_behind_others);
    g_test_add_func("/certificate-limit/no-end", test_no_end);
    g_test_add_func("/certificate-limit/text-outside", test_text_outside);
    g_test_add_func("/certificate-limit/nothing", test_nothing);
    g_test_add_func("/certificate-limit/size", test_size);
    return g_test_run();
}
