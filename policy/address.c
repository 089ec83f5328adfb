/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The ranges of IANA's special-purpose registries as two tables, searched by the longest prefix. Two rules
 * keep it closed against what it does not know: IPv6 outside 2000::/3, the only range handed out for global
 * unicast, is reserved; and an IPv6 address that carries an IPv4 one is judged as the latter, because that is
 * where a packet ends up.
 */

#include "address.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

typedef struct Range {
    guint8 prefix[16];
    guint bits;
    AddressKind kind;
} Range;

static const Range ipv4_ranges[] = {
    { { 0 }, 8, ADDRESS_UNSPECIFIED },
    { { 10 }, 8, ADDRESS_PRIVATE },
    { { 100, 64 }, 10, ADDRESS_SHARED },
    { { 127 }, 8, ADDRESS_LOOPBACK },
    { { 169, 254 }, 16, ADDRESS_LINK_LOCAL },
    { { 172, 16 }, 12, ADDRESS_PRIVATE },
    { { 192, 0, 0 }, 24, ADDRESS_RESERVED },
    { { 192, 0, 2 }, 24, ADDRESS_DOCUMENTATION },
    { { 192, 88, 99 }, 24, ADDRESS_RESERVED }, /* 6to4 relays, RFC 7526 */
    { { 192, 168 }, 16, ADDRESS_PRIVATE },
    { { 198, 18 }, 15, ADDRESS_BENCHMARKING },
    { { 198, 51, 100 }, 24, ADDRESS_DOCUMENTATION },
    { { 203, 0, 113 }, 24, ADDRESS_DOCUMENTATION },
    { { 224 }, 4, ADDRESS_MULTICAST },
    { { 240 }, 4, ADDRESS_RESERVED },
    { { 255, 255, 255, 255 }, 32, ADDRESS_MULTICAST },
};

static const Range ipv6_ranges[] = {
    { { 0 }, 0, ADDRESS_RESERVED },
    { { 0 }, 128, ADDRESS_UNSPECIFIED },
    { { [15] = 1 }, 128, ADDRESS_LOOPBACK },
    { { 0x20 }, 3, ADDRESS_GLOBAL },
    { { 0x20, 0x01, 0x00, 0x00 }, 23, ADDRESS_RESERVED }, /* IETF protocols: Teredo, ORCHID and more */
    { { 0x20, 0x01, 0x00, 0x02 }, 48, ADDRESS_BENCHMARKING },
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_DOCUMENTATION },
    { { 0x3f, 0xff }, 20, ADDRESS_DOCUMENTATION },
    { { 0xfc }, 7, ADDRESS_UNIQUE_LOCAL },
    { { 0xfe, 0x80 }, 10, ADDRESS_LINK_LOCAL },
    { { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE },
    { { 0xff }, 8, ADDRESS_MULTICAST },
};

/* Where an IPv6 address of a certain prefix holds an IPv4 one. A translator within 64:ff9b:1::/48 (RFC
 * 8215) may use any of several places; only those with nothing between prefix and suffix leave no doubt,
 * so that the others stay reserved. */
static const struct Embedding {
    guint8 prefix[16];
    guint bits;
    guint offset;
} embeddings[] = {
    { { [10] = 0xff, [11] = 0xff }, 96, 12 },           /* mapped */
    { { 0 }, 96, 12 },                                  /* compatible */
    { { 0x00, 0x64, 0xff, 0x9b }, 96, 12 },             /* NAT64, RFC 6052 */
    { { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 96, 12 }, /* NAT64 for local use */
    { { 0x20, 0x02 }, 16, 2 },                          /* 6to4, RFC 3056 */
};

static const char *const kind_names[] = {
    [ADDRESS_GLOBAL] = "global",
    [ADDRESS_UNSPECIFIED] = "unspecified",
    [ADDRESS_LOOPBACK] = "loopback",
    [ADDRESS_PRIVATE] = "private",
    [ADDRESS_SHARED] = "shared",
    [ADDRESS_LINK_LOCAL] = "link-local",
    [ADDRESS_UNIQUE_LOCAL] = "unique-local",
    [ADDRESS_MULTICAST] = "multicast",
    [ADDRESS_DOCUMENTATION] = "documentation",
    [ADDRESS_BENCHMARKING] = "benchmarking",
    [ADDRESS_RESERVED] = "reserved",
    [ADDRESS_OWN] = "this host's own",
};

static gboolean
prefix_equal(const guint8 *a, const guint8 *b, guint bits)
{
    guint rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return FALSE;
    return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

static AddressKind
find_kind(const guint8 *bytes, const Range *ranges, gsize n_ranges)
{
    const Range *best = NULL;

    for (gsize i = 0; i < n_ranges; i++)
        if (prefix_equal(bytes, ranges[i].prefix, ranges[i].bits) &&
            (best == NULL || ranges[i].bits > best->bits))
            best = &ranges[i];
    return best == NULL ? ADDRESS_GLOBAL : best->kind;
}

GInetAddress *
address_unmap(GInetAddress *address)
{
    const guint8 *bytes = g_inet_address_to_bytes(address);

    if (g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6 &&
        prefix_equal(bytes, embeddings[0].prefix, embeddings[0].bits))
        return g_inet_address_new_from_bytes(bytes + embeddings[0].offset, G_SOCKET_FAMILY_IPV4);
    return g_object_ref(address);
}

GInetAddress *
address_embedded_ipv4(GInetAddress *address)
{
    const guint8 *bytes = g_inet_address_to_bytes(address);

    if (g_inet_address_get_family(address) != G_SOCKET_FAMILY_IPV6 || g_inet_address_get_is_any(address) ||
        g_inet_address_get_is_loopback(address))
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(embeddings); i++)
        if (prefix_equal(bytes, embeddings[i].prefix, embeddings[i].bits))
            return g_inet_address_new_from_bytes(bytes + embeddings[i].offset, G_SOCKET_FAMILY_IPV4);
    return NULL;
}

AddressKind
address_classify(GInetAddress *address)
{
    g_autoptr(GInetAddress) embedded = address_embedded_ipv4(address);

    if (embedded != NULL)
        address = embedded;
    if (g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV4)
        return find_kind(g_inet_address_to_bytes(address), ipv4_ranges, G_N_ELEMENTS(ipv4_ranges));
    return find_kind(g_inet_address_to_bytes(address), ipv6_ranges, G_N_ELEMENTS(ipv6_ranges));
}

/* Whether SOCKADDR, which may be NULL, is ADDRESS. */
static gboolean
sockaddr_has_address(const struct sockaddr *sockaddr, GInetAddress *address)
{
    const guint8 *bytes = g_inet_address_to_bytes(address);

    if (sockaddr == NULL || (int)sockaddr->sa_family != (int)g_inet_address_get_family(address))
        return FALSE;
    if (sockaddr->sa_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)(const void *)sockaddr)->sin_addr, bytes, 4) == 0;
    return memcmp(&((const struct sockaddr_in6 *)(const void *)sockaddr)->sin6_addr, bytes, 16) == 0;
}

gboolean
address_is_own(GInetAddress *address)
{
    g_autoptr(GInetAddress) embedded = address_embedded_ipv4(address);
    struct ifaddrs *interfaces = NULL;
    gboolean own = FALSE;

    if (getifaddrs(&interfaces) < 0)
        return TRUE;
    for (const struct ifaddrs *each = interfaces; each != NULL && !own; each = each->ifa_next)
        own = sockaddr_has_address(each->ifa_addr, address) ||
              (embedded != NULL && sockaddr_has_address(each->ifa_addr, embedded));
    freeifaddrs(interfaces);
    return own;
}

const char *
address_kind_to_string(AddressKind kind)
{
    g_return_val_if_fail((gsize)kind < G_N_ELEMENTS(kind_names), NULL);
    return kind_names[kind];
}
