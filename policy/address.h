/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* What an address is, by the IANA special-purpose registries (RFC 6890 and its successors). */
typedef enum {
    ADDRESS_GLOBAL,        /* may be dialled by name */
    ADDRESS_UNSPECIFIED,   /* 0.0.0.0/8, :: */
    ADDRESS_LOOPBACK,      /* 127/8, ::1 */
    ADDRESS_PRIVATE,       /* 10/8, 172.16/12, 192.168/16, fec0::/10 */
    ADDRESS_SHARED,        /* 100.64/10 (RFC 6598) */
    ADDRESS_LINK_LOCAL,    /* 169.254/16, fe80::/10 */
    ADDRESS_UNIQUE_LOCAL,  /* fc00::/7 (RFC 4193) */
    ADDRESS_MULTICAST,     /* 224/4, ff00::/8, and 255.255.255.255 */
    ADDRESS_DOCUMENTATION, /* 192.0.2/24, 198.51.100/24, 203.0.113/24, 2001:db8::/32, 3fff::/20 */
    ADDRESS_BENCHMARKING,  /* 198.18/15, 2001:2::/48 */
    ADDRESS_RESERVED,      /* 240/4, 192.0.0/24, 100::/64, Teredo, ORCHID and what else is no unicast */
    ADDRESS_OWN,           /* an address of one of this host's interfaces */
} AddressKind;

/*
 * Classifies ADDRESS. An IPv4 address inside an IPv6 one (see address_embedded_ipv4()) is judged as the IPv4
 * address that it leads to. IPv6 outside 2000::/3 is never global. Never ADDRESS_OWN: the host's own
 * addresses are the caller's to know (see address_is_own()).
 */
AddressKind address_classify(GInetAddress *address);

/* Whether ADDRESS, or the IPv4 address inside it, belongs to an interface of this host now; asks the
 * kernel each time. TRUE when the kernel cannot be asked: in doubt an address is local. */
gboolean address_is_own(GInetAddress *address);

/* The IPv4 address of an IPv4-mapped one, else ADDRESS itself: the form in which addresses are compared. A
 * new reference. */
GInetAddress *address_unmap(GInetAddress *address);

/*
 * The IPv4 address to which a packet for the IPv6 ADDRESS goes: mapped ::ffff:0:0/96, compatible ::/96, NAT64
 * 64:ff9b::/96 and 64:ff9b:1::/96, 6to4 2002::/16. In the rest of 64:ff9b:1::/48 (RFC 8215) its place is the
 * network's own choice, so none is found there and that range is reserved. NULL where there is none; else a
 * new reference.
 */
GInetAddress *address_embedded_ipv4(GInetAddress *address);

/* "loopback", "private", … for messages. */
const char *address_kind_to_string(AddressKind kind);
