/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every pattern becomes one or two keys, one for each scheme it takes, of scheme, port and either a name or a
 * masked network; a port of 0 stands for any. So a match is equality of keys and never a comparison of rules:
 * a host is looked up as itself, then as each ".suffix" of its labels, then as "" for "*"; an address masked
 * to each prefix length that some pattern has.
 */

#include "pattern-set.h"

#include "address.h"

#include <string.h>

#define IPV4_BITS 32
#define IPV6_BITS 128

/* All bytes count, so a key is zeroed before it is filled; the name follows in memory of its own. */
typedef struct Key {
    guint8 network[16];
    guint8 network_size; /* 4, 16, or 0 for a name */
    guint8 prefix_length;
    guint8 secure;
    guint16 port;     /* 0: any */
    const char *name; /* "example.com", ".example.com" for what is below, "" for any; NULL for a network */
} Key;

struct PatternSet {
    GPtrArray *rules;                             /* of PatternRule, in the order added */
    GHashTable *index;                            /* of Key, with its name, to the PatternRule */
    gboolean has_prefix_length[2][IPV6_BITS + 1]; /* of IPv4, of IPv6 */
};

static guint
key_hash(gconstpointer data)
{
    const Key *key = data;
    guint hash = key->port * 31u + key->secure;

    if (key->name != NULL)
        return hash * 33u ^ g_str_hash(key->name);
    for (gsize i = 0; i < key->network_size; i++)
        hash = hash * 33u + key->network[i];
    return hash * 33u + key->prefix_length;
}

static gboolean
key_equal(gconstpointer data_a, gconstpointer data_b)
{
    const Key *a = data_a;
    const Key *b = data_b;

    return a->port == b->port && a->secure == b->secure && a->network_size == b->network_size &&
           a->prefix_length == b->prefix_length && memcmp(a->network, b->network, sizeof a->network) == 0 &&
           g_strcmp0(a->name, b->name) == 0;
}

static void
key_free(gpointer data)
{
    Key *key = data;

    g_free((char *)key->name);
    g_free(key);
}

static void
rule_free(gpointer data)
{
    PatternRule *rule = data;

    g_free(rule->text);
    g_free(rule->rule);
    g_free(rule);
}

PatternSet *
pattern_set_new(void)
{
    PatternSet *set = g_new0(PatternSet, 1);

    set->rules = g_ptr_array_new_with_free_func(rule_free);
    set->index = g_hash_table_new_full(key_hash, key_equal, key_free, NULL);
    return set;
}

void
pattern_set_free(PatternSet *set)
{
    if (set == NULL)
        return;
    g_hash_table_unref(set->index);
    g_ptr_array_unref(set->rules);
    g_free(set);
}

void
pattern_set_clear(PatternSet *set)
{
    g_hash_table_remove_all(set->index);
    g_ptr_array_set_size(set->rules, 0);
    memset(set->has_prefix_length, 0, sizeof set->has_prefix_length);
}

static void
set_network(Key *key, GInetAddress *address, guint prefix_length)
{
    key->network_size = (guint8)g_inet_address_get_native_size(address);
    key->prefix_length = (guint8)prefix_length;
    memset(key->network, 0, sizeof key->network);
    memcpy(key->network, g_inet_address_to_bytes(address), (prefix_length + 7) / 8);
    if (prefix_length % 8 != 0)
        key->network[prefix_length / 8] &= (guint8)(0xff << (8 - prefix_length % 8));
}

static char *
pattern_key_name(const Pattern *pattern)
{
    switch (pattern->kind) {
    case PATTERN_ANY:
        return g_strdup("");
    case PATTERN_HOST:
        return g_strdup(pattern->host);
    case PATTERN_BELOW:
        return g_strconcat(".", pattern->host, NULL);
    case PATTERN_NETWORK:
        break;
    }
    return NULL;
}

static void
add_for_scheme(PatternSet *set, const Pattern *pattern, gboolean secure, PatternRule *rule)
{
    Key *key = g_new0(Key, 1);

    key->secure = secure ? 1 : 0;
    key->port = pattern->port;
    if (pattern->port_kind == PATTERN_PORT_DEFAULT)
        key->port = secure ? 443 : 80;
    key->name = pattern_key_name(pattern);
    if (pattern->kind == PATTERN_NETWORK)
        set_network(key, pattern->address, pattern->prefix_length);
    if (g_hash_table_contains(set->index, key))
        key_free(key);
    else
        g_hash_table_insert(set->index, key, rule);
}

void
pattern_set_add(PatternSet *set, const Pattern *pattern, const char *text, const char *rule)
{
    PatternRule *added = g_new(PatternRule, 1);

    added->text = g_strdup(text);
    added->rule = g_strdup(rule);
    g_ptr_array_add(set->rules, added);
    if (pattern->ws)
        add_for_scheme(set, pattern, FALSE, added);
    if (pattern->wss)
        add_for_scheme(set, pattern, TRUE, added);
    if (pattern->kind == PATTERN_NETWORK) {
        gboolean ipv6 = g_inet_address_get_family(pattern->address) == G_SOCKET_FAMILY_IPV6;

        set->has_prefix_length[ipv6][pattern->prefix_length] = TRUE;
    }
}

guint
pattern_set_count(const PatternSet *set)
{
    return set->rules->len;
}

const PatternRule *
pattern_set_get(const PatternSet *set, guint index)
{
    g_return_val_if_fail(index < set->rules->len, NULL);
    return g_ptr_array_index(set->rules, index);
}

static Key
key_for_url(const Url *url)
{
    Key key = { .secure = url->secure ? 1 : 0, .port = url->port };

    return key;
}

/* KEY as it is, then with any port. */
static const PatternRule *
find(const PatternSet *set, Key key)
{
    const PatternRule *rule = g_hash_table_lookup(set->index, &key);

    key.port = 0;
    return rule != NULL ? rule : g_hash_table_lookup(set->index, &key);
}

static const PatternRule *
find_name(const PatternSet *set, const Url *url, const char *name)
{
    Key key = key_for_url(url);

    key.name = name;
    return find(set, key);
}

const PatternRule *
pattern_set_find_url(const PatternSet *set, const Url *url)
{
    g_autoptr(GInetAddress) literal = g_inet_address_new_from_string(url->host);
    const PatternRule *rule;

    if (literal != NULL) {
        rule = pattern_set_find_address(set, url, literal);
        return rule != NULL ? rule : find_name(set, url, "");
    }
    rule = find_name(set, url, url->host);
    for (const char *dot = strchr(url->host, '.'); rule == NULL && dot != NULL; dot = strchr(dot + 1, '.'))
        rule = find_name(set, url, dot);
    return rule != NULL ? rule : find_name(set, url, "");
}

const PatternRule *
pattern_set_find_address(const PatternSet *set, const Url *url, GInetAddress *address)
{
    g_autoptr(GInetAddress) unmapped = address_unmap(address);
    gboolean ipv6 = g_inet_address_get_family(unmapped) == G_SOCKET_FAMILY_IPV6;

    for (int length = ipv6 ? IPV6_BITS : IPV4_BITS; length >= 0; length--) {
        Key key = key_for_url(url);
        const PatternRule *rule;

        if (!set->has_prefix_length[ipv6][length])
            continue;
        set_network(&key, unmapped, (guint)length);
        rule = find(set, key);
        if (rule != NULL)
            return rule;
    }
    return NULL;
}
