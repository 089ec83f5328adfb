/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * A database for TLS connections that verifies against the system's trusted certificates, which are loaded once for
 * the whole process. NULL and an error when they cannot be loaded. Free with g_object_unref().
 */
GTlsDatabase *trust_new_system(GError **error);

/* Likewise, against the certificates in PEM text alone. G_FILE_ERROR, of which MFILE and NFILE say that there is no
 * descriptor left, or an error of GIO. */
GTlsDatabase *trust_new_from_pem(const char *pem, gsize length, GError **error);
