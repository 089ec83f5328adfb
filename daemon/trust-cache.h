/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The applications' own authorities, each list of them once however many connections trust it. */
typedef struct TrustCache TrustCache;

TrustCache *trust_cache_new(void);
/* What was got from it lives on. */
void trust_cache_free(TrustCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrustCache, trust_cache_free)

/* What stands for PEM below. Free with g_free(). */
char *trust_cache_digest(GBytes *pem);

/* Both may be called in any thread. */

/* A reference to the database of what has DIGEST, if a connection still uses one that was put in; else NULL. */
GTlsDatabase *trust_cache_get(TrustCache *cache, const char *digest);

/* DATABASE verifies against what has DIGEST alone. No reference is held to it. */
void trust_cache_put(TrustCache *cache, const char *digest, GTlsDatabase *database);
