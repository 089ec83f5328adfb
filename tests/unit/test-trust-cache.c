/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The same authorities are one database while somebody uses it, and nothing is kept of those that nobody does. */

#include "trust-cache.h"

#include "trust.h"

#include <string.h>

static GTlsDatabase *
some_database(void)
{
    g_autoptr(GError) error = NULL;
    GTlsDatabase *database = trust_new_system(&error);

    g_assert_no_error(error);
    return database;
}

static char *
digest_of(const char *text)
{
    g_autoptr(GBytes) pem = g_bytes_new(text, strlen(text));

    return trust_cache_digest(pem);
}

static void
test_shared_while_used(void)
{
    g_autoptr(TrustCache) cache = trust_cache_new();
    g_autofree char *pem = digest_of("one"), *same = digest_of("one"), *other = digest_of("two");
    GTlsDatabase *database = some_database(), *again;

    g_assert_null(trust_cache_get(cache, pem));
    trust_cache_put(cache, pem, database);
    again = trust_cache_get(cache, same);
    g_assert_true(again == database);
    g_assert_null(trust_cache_get(cache, other));
    g_object_unref(again);
    g_object_unref(database);
    g_assert_null(trust_cache_get(cache, pem));
    database = some_database();
    trust_cache_put(cache, same, database);
    again = trust_cache_get(cache, pem);
    g_assert_true(again == database);
    g_object_unref(again);
    g_object_unref(database);
}

/* However many come and go, and whichever of them stay. */
static void
test_many(void)
{
    g_autoptr(TrustCache) cache = trust_cache_new();
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_object_unref);

    for (guint i = 0; i < 1000; i++) {
        g_autofree char *pem = g_strdup_printf("%u", i);
        GTlsDatabase *database = some_database();

        trust_cache_put(cache, pem, database);
        if (i % 100 == 0)
            g_ptr_array_add(kept, database);
        else
            g_object_unref(database);
    }
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *pem = g_strdup_printf("%u", i);
        g_autoptr(GTlsDatabase) database = trust_cache_get(cache, pem);

        g_assert_true(database == (i % 100 == 0 ? g_ptr_array_index(kept, i / 100) : NULL));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trust-cache/shared-while-used", test_shared_while_used);
    g_test_add_func("/trust-cache/many", test_many);
    return g_test_run();
}
