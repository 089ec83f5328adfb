/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * glib-networking gives a connection whose database is one of its own, or none, credentials of its own with the
 * system's certificates parsed anew: 3.9 MiB and 13 ms each. A database of a foreign type it asks to verify instead,
 * so this one hands the question to a single shared instance, which is immutable. GIO asks it in the lane, not in the
 * thread of the handshake: what takes long to verify must not come so far (certificate-limit.c). It would compute with
 * keys of any size, so those of the chain are looked at first: an authority that the application brings may vouch for
 * any.
 */

#include "trust.h"

#include "key-limit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GNUTLS_DESCRIPTORS = 2 /* to read a file of certificates */ };

#define TRUST_TYPE_DATABASE (trust_database_get_type())
G_DECLARE_FINAL_TYPE(TrustDatabase, trust_database, TRUST, DATABASE, GTlsDatabase)

struct _TrustDatabase {
    GTlsDatabase parent;
    GTlsDatabase *shared;
};

G_DEFINE_FINAL_TYPE(TrustDatabase, trust_database, G_TYPE_TLS_DATABASE)

static gboolean
key_is_allowed(GTlsCertificate *certificate)
{
    g_autoptr(GByteArray) der = NULL;

    g_object_get(certificate, "certificate", &der, NULL);
    return der && key_limit_allows_der(&(gnutls_datum_t){ .data = der->data, .size = der->len });
}

static GTlsCertificateFlags
trust_database_verify_chain(GTlsDatabase *database, GTlsCertificate *chain, const char *purpose,
                            GSocketConnectable *identity, GTlsInteraction *interaction,
                            GTlsDatabaseVerifyFlags flags, GCancellable *cancellable, GError **error)
{
    for (GTlsCertificate *each = chain; each; each = g_tls_certificate_get_issuer(each))
        if (!key_is_allowed(each))
            return G_TLS_CERTIFICATE_GENERIC_ERROR;
    return g_tls_database_verify_chain(TRUST_DATABASE(database)->shared, chain, purpose, identity,
                                       interaction, flags, cancellable, error);
}

static void
trust_database_finalize(GObject *object)
{
    g_clear_object(&TRUST_DATABASE(object)->shared);
    G_OBJECT_CLASS(trust_database_parent_class)->finalize(object);
}

static void
trust_database_class_init(TrustDatabaseClass *class)
{
    G_OBJECT_CLASS(class)->finalize = trust_database_finalize;
    G_TLS_DATABASE_CLASS(class)->verify_chain = trust_database_verify_chain;
}

static void
trust_database_init(TrustDatabase *self)
{
    (void)self;
}

/* SHARED is taken. */
static GTlsDatabase *
trust_new(GTlsDatabase *shared)
{
    TrustDatabase *self = g_object_new(TRUST_TYPE_DATABASE, NULL);

    self->shared = shared;
    return G_TLS_DATABASE(self);
}

GTlsDatabase *
trust_new_system(GError **error)
{
    GTlsDatabase *shared = g_tls_backend_get_default_database(g_tls_backend_get_default());

    if (!shared) {
        g_set_error_literal(error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
                            "no TLS support: is glib-networking installed?");
        return NULL;
    }
    return trust_new(shared);
}

static void
set_error(GError **error, int number)
{
    g_set_error_literal(error, G_FILE_ERROR, g_file_error_from_errno(number), g_strerror(number));
}

/* GnuTLS does not tell that it could have no descriptor, so it is seen to that there are as many as it takes. */
static gboolean
check_descriptors(int fd, GError **error)
{
    int copies[GNUTLS_DESCRIPTORS];
    int number = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(copies); i++) {
        copies[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copies[i] < 0)
            number = errno;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(copies); i++)
        if (copies[i] >= 0)
            close(copies[i]);
    if (number != 0)
        set_error(error, number);
    return number == 0;
}

static int
memory_file(const char *text, gsize length, GError **error)
{
    int fd = memfd_create("certificates", MFD_CLOEXEC);

    for (gsize at = 0; fd >= 0 && at < length;) {
        gssize n = write(fd, text + at, length - at);

        if (n < 0) {
            close(fd);
            fd = -1;
        } else {
            at += (gsize)n;
        }
    }
    if (fd < 0)
        set_error(error, errno);
    return fd;
}

/* GTlsFileDatabase reads a file only, by an absolute path. */
GTlsDatabase *
trust_new_from_pem(const char *pem, gsize length, GError **error)
{
    int fd = memory_file(pem, length, error);
    g_autofree char *path = NULL;
    GTlsDatabase *shared;

    if (fd < 0)
        return NULL;
    path = g_strdup_printf("/proc/self/fd/%d", fd);
    shared = check_descriptors(fd, error) ? g_tls_file_database_new(path, error) : NULL;
    close(fd);
    return shared ? trust_new(shared) : NULL;
}
