/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * GLib 2.74 runs lookups and TLS handshakes in one pool of threads; with 64 stalled handshakes a lookup took a
 * second. So lookups have a pool of their own, and getaddrinfo() does the work, with the system's hosts file and
 * name services. getaddrinfo() cannot be interrupted: a cancelled lookup answers its caller at once and its thread
 * finds nobody to tell. It still counts against its group, which waits for its own threads alone.
 *
 * A group is in the table while it has lookups, running or waiting. The table and what is in it are guarded by the
 * resolver's mutex, a lookup's task by its own.
 */

#include "resolver.h"

#include <netdb.h>

enum {
    MAX_THREADS = 64,
    MAX_THREADS_PER_GROUP = 4,
    MAX_ADDRESSES = 32 /* more than any honest name has */
};

struct Resolver {
    gatomicrefcount references; /* one for each lookup in a thread, beside the owner's */
    GThreadPool *pool;
    GMutex mutex;
    GHashTable *groups; /* name → Group, owned here */
};

/* On whose behalf names are looked up. */
typedef struct Group {
    char *name;
    guint running;
    GQueue waiting; /* of Lookup, referenced */
} Group;

/* Shared by the thread and the caller; whoever takes `task` first returns it. */
typedef struct Lookup {
    char *group;
    char *host;
    GMutex mutex;
    GTask *task;               /* NULL once returned; guarded by mutex */
    GCancellable *cancellable; /* or NULL */
    GSource *cancelled_source; /* or NULL; touched by the caller's thread alone */
} Lookup;

static void
lookup_clear(Lookup *lookup)
{
    g_mutex_clear(&lookup->mutex);
    g_clear_object(&lookup->cancellable);
    g_free(lookup->group);
    g_free(lookup->host);
}

static void
lookup_unref(gpointer lookup)
{
    g_atomic_rc_box_release_full(lookup, (GDestroyNotify)lookup_clear);
}

static GTask *
lookup_take_task(Lookup *lookup)
{
    GTask *task;

    g_mutex_lock(&lookup->mutex);
    task = g_steal_pointer(&lookup->task);
    g_mutex_unlock(&lookup->mutex);
    return task;
}

static GInetAddress *
address_from_sockaddr(const struct sockaddr *native, socklen_t length)
{
    g_autoptr(GSocketAddress) address = g_socket_address_new_from_native((gpointer)native, length);

    if (!G_IS_INET_SOCKET_ADDRESS(address))
        return NULL;
    return g_object_ref(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)));
}

static GPtrArray *
lookup_addresses(const char *host, GError **error)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *found = NULL;
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_object_unref);
    int r = getaddrinfo(host, NULL, &hints, &found);

    if (r != 0) {
        g_set_error(error, G_RESOLVER_ERROR,
                    r == EAI_AGAIN ? G_RESOLVER_ERROR_TEMPORARY_FAILURE : G_RESOLVER_ERROR_NOT_FOUND,
                    "The name %s could not be resolved: %s", host, gai_strerror(r));
        return NULL;
    }
    for (struct addrinfo *at = found; at && addresses->len < MAX_ADDRESSES; at = at->ai_next) {
        GInetAddress *address = address_from_sockaddr(at->ai_addr, at->ai_addrlen);
        if (address)
            g_ptr_array_add(addresses, address);
    }
    freeaddrinfo(found);
    if (addresses->len == 0) {
        g_set_error(error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "The name %s has no address", host);
        return NULL;
    }
    return g_steal_pointer(&addresses);
}

static void
group_free(Group *group)
{
    g_queue_clear_full(&group->waiting, lookup_unref);
    g_free(group->name);
    g_free(group);
}

static void
resolver_unref(Resolver *resolver)
{
    if (!g_atomic_ref_count_dec(&resolver->references))
        return;
    g_hash_table_unref(resolver->groups);
    g_mutex_clear(&resolver->mutex);
    g_free(resolver);
}

/* With the mutex held. LOOKUP is taken. */
static void
start_lookup(Resolver *resolver, Group *group, Lookup *lookup)
{
    group->running++;
    g_atomic_ref_count_inc(&resolver->references);
    g_thread_pool_push(resolver->pool, lookup, NULL);
}

/* A thread is done with a lookup of GROUP. */
static void
finish_lookup(Resolver *resolver, const char *name)
{
    Group *group;

    g_mutex_lock(&resolver->mutex);
    group = g_hash_table_lookup(resolver->groups, name);
    group->running--;
    if (group->waiting.length > 0 && resolver->pool)
        start_lookup(resolver, group, g_queue_pop_head(&group->waiting));
    if (group->running == 0 && group->waiting.length == 0)
        g_hash_table_remove(resolver->groups, name);
    g_mutex_unlock(&resolver->mutex);
}

static void
run_lookup(gpointer data, gpointer user_data)
{
    Lookup *lookup = data;
    Resolver *resolver = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) addresses = NULL;
    g_autoptr(GTask) task = NULL;

    if (!g_cancellable_is_cancelled(lookup->cancellable))
        addresses = lookup_addresses(lookup->host, &error);
    finish_lookup(resolver, lookup->group);
    task = lookup_take_task(lookup);
    if (task && addresses)
        g_task_return_pointer(task, g_steal_pointer(&addresses), (GDestroyNotify)g_ptr_array_unref);
    else if (task && error)
        g_task_return_error(task, g_steal_pointer(&error));
    else if (task)
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
    lookup_unref(lookup);
    resolver_unref(resolver);
}

static gboolean
on_cancelled(GCancellable *cancellable, gpointer user_data)
{
    g_autoptr(GTask) task = lookup_take_task(user_data);

    (void)cancellable;
    if (task)
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The lookup was cancelled");
    return G_SOURCE_REMOVE;
}

/* Attached to the caller's context and destroyed with the task, in the same thread. */
static void
lookup_watch_cancellable(Lookup *lookup, GTask *task)
{
    GSource *source = g_cancellable_source_new(lookup->cancellable);

    g_source_set_callback(source, G_SOURCE_FUNC(on_cancelled), g_atomic_rc_box_acquire(lookup), lookup_unref);
    g_source_attach(source, g_task_get_context(task));
    lookup->cancelled_source = source;
}

Resolver *
resolver_new(void)
{
    Resolver *resolver = g_new0(Resolver, 1);

    g_atomic_ref_count_init(&resolver->references);
    g_mutex_init(&resolver->mutex);
    resolver->groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)group_free);
    resolver->pool = g_thread_pool_new(run_lookup, resolver, MAX_THREADS, /* exclusive= */ FALSE, NULL);
    return resolver;
}

void
resolver_free(Resolver *resolver)
{
    GThreadPool *pool;

    g_mutex_lock(&resolver->mutex);
    pool = g_steal_pointer(&resolver->pool);
    g_mutex_unlock(&resolver->mutex);
    g_thread_pool_free(pool, /* immediate= */ FALSE, /* wait_= */ FALSE);
    resolver_unref(resolver);
}

/* LOOKUP is taken. */
static void
queue_lookup(Resolver *resolver, Lookup *lookup)
{
    Group *group;

    g_mutex_lock(&resolver->mutex);
    group = g_hash_table_lookup(resolver->groups, lookup->group);
    if (!group) {
        group = g_new0(Group, 1);
        group->name = g_strdup(lookup->group);
        g_hash_table_insert(resolver->groups, group->name, group);
    }
    if (group->running < MAX_THREADS_PER_GROUP)
        start_lookup(resolver, group, lookup);
    else
        g_queue_push_tail(&group->waiting, lookup);
    g_mutex_unlock(&resolver->mutex);
}

void
resolver_lookup_async(Resolver *resolver, const char *group, const char *host, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, /* cancellable= */ NULL, callback, user_data);
    g_autoptr(GInetAddress) literal = g_inet_address_new_from_string(host);
    Lookup *lookup;

    if (literal) {
        GPtrArray *addresses = g_ptr_array_new_with_free_func(g_object_unref);

        g_ptr_array_add(addresses, g_steal_pointer(&literal));
        g_task_return_pointer(task, addresses, (GDestroyNotify)g_ptr_array_unref);
        return;
    }
    lookup = g_atomic_rc_box_new0(Lookup);
    g_mutex_init(&lookup->mutex);
    lookup->group = g_strdup(group);
    lookup->host = g_strdup(host);
    lookup->cancellable = cancellable ? g_object_ref(cancellable) : NULL;
    lookup->task = g_object_ref(task);
    g_task_set_task_data(task, g_atomic_rc_box_acquire(lookup), lookup_unref);
    if (cancellable)
        lookup_watch_cancellable(lookup, task);
    queue_lookup(resolver, lookup);
}

GPtrArray *
resolver_lookup_finish(GAsyncResult *result, GError **error)
{
    Lookup *lookup = g_task_get_task_data(G_TASK(result));

    if (lookup && lookup->cancelled_source) {
        g_source_destroy(lookup->cancelled_source);
        g_clear_pointer(&lookup->cancelled_source, g_source_unref);
    }
    return g_task_propagate_pointer(G_TASK(result), error);
}
