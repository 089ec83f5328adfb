/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The same authorities are one database while somebody uses it, and nothing is kept of those that nobody does. */

#include "trust-cache.h"

#include "trust.h"

static GTlsDatabase *
some_database(void)
{
    g_autoptr(GError) error = NULL;
    GTlsDatabase *database = trust_new_system(&error);

    g_assert_no_error(error);
    return database;
}

static void
test_shared_while_used(void)
{
    g_autoptr(TrustCache) cache = trust_cache_new();
    g_autoptr(GBytes) pem = g_bytes_new_static("one", 3), same = g_bytes_new("one", 3);
    g_autoptr(GBytes) other = g_bytes_new_static("two", 3);
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
        g_autoptr(GBytes) pem = g_bytes_new(&i, sizeof(i));
        GTlsDatabase *database = some_database();

        trust_cache_put(cache, pem, database);
        if (i % 100 == 0)
            g_ptr_array_add(kept, database);
        else
            g_object_unref(database);
    }
    for (guint i = 0; i < 1000; i++) {
        g_autoptr(GBytes) pem = g_bytes_new(&i, sizeof(i));
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
