/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An application that opens many connections brings the same certificates with each. Parsed they are immutable, so all
 * that brought the same bytes may share them, whoever they are: it saves the parsing, and tens of KiB a connection.
 *
 * The table holds digests and weak references only. The last reference may be dropped in a thread of GIO's, which is
 * why nothing is removed at that moment: what is dead goes when the table has doubled since it was last looked through.
 */

#include "trust-cache.h"

enum { SWEEP_MIN = 64 };

struct TrustCache {
    GHashTable *databases; /* SHA-256, in hexadecimal → GWeakRef, both owned here */
    guint sweep_at;        /* entries at which the dead are removed */
    GMutex mutex;          /* over both */
};

static void
weak_ref_free(gpointer weak)
{
    g_weak_ref_clear(weak);
    g_free(weak);
}

TrustCache *
trust_cache_new(void)
{
    TrustCache *cache = g_new0(TrustCache, 1);

    cache->databases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, weak_ref_free);
    cache->sweep_at = SWEEP_MIN;
    g_mutex_init(&cache->mutex);
    return cache;
}

void
trust_cache_free(TrustCache *cache)
{
    g_hash_table_unref(cache->databases);
    g_mutex_clear(&cache->mutex);
    g_free(cache);
}

char *
trust_cache_digest(GBytes *pem)
{
    return g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, pem);
}

GTlsDatabase *
trust_cache_get(TrustCache *cache, const char *digest)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&cache->mutex);
    GWeakRef *weak = g_hash_table_lookup(cache->databases, digest);

    return weak ? g_weak_ref_get(weak) : NULL;
}

static gboolean
is_dead(gpointer digest, gpointer weak, gpointer user_data)
{
    g_autoptr(GTlsDatabase) database = g_weak_ref_get(weak);

    (void)digest, (void)user_data;
    return database == NULL;
}

void
trust_cache_put(TrustCache *cache, const char *digest, GTlsDatabase *database)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&cache->mutex);
    GWeakRef *weak = g_new0(GWeakRef, 1);

    g_weak_ref_init(weak, database);
    g_hash_table_replace(cache->databases, g_strdup(digest), weak);
    if (g_hash_table_size(cache->databases) < cache->sweep_at)
        return;
    g_hash_table_foreach_remove(cache->databases, is_dead, NULL);
    cache->sweep_at = MAX((guint)SWEEP_MIN, 2 * g_hash_table_size(cache->databases));
}
