/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The applications' own authorities, each list of them once however many connections trust it. */
typedef struct TrustCache TrustCache;

TrustCache *trust_cache_new(void);
/* What was got from it lives on. */
void trust_cache_free(TrustCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrustCache, trust_cache_free)

/* A reference to the database of PEM, if a connection still uses one that was put in; else NULL. */
GTlsDatabase *trust_cache_get(TrustCache *cache, GBytes *pem);

/* DATABASE verifies against PEM alone. No reference is held to it. */
void trust_cache_put(TrustCache *cache, GBytes *pem, GTlsDatabase *database);
