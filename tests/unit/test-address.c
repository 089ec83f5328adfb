/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every range of the special-purpose registries, at its first and last address and beside them. */

#include "address.h"

#include "row.h"

static const struct Case {
    const char *text;
    AddressKind kind;
} cases[] = {
    { "0.0.0.0", ADDRESS_UNSPECIFIED },
    { "0.255.255.255", ADDRESS_UNSPECIFIED },
    { "1.0.0.0", ADDRESS_GLOBAL },
    { "8.8.8.8", ADDRESS_GLOBAL },
    { "9.255.255.255", ADDRESS_GLOBAL },
    { "10.0.0.0", ADDRESS_PRIVATE },
    { "10.255.255.255", ADDRESS_PRIVATE },
    { "11.0.0.0", ADDRESS_GLOBAL },
    { "100.63.255.255", ADDRESS_GLOBAL },
    { "100.64.0.0", ADDRESS_SHARED },
    { "100.127.255.255", ADDRESS_SHARED },
    { "100.128.0.0", ADDRESS_GLOBAL },
    { "126.255.255.255", ADDRESS_GLOBAL },
    { "127.0.0.0", ADDRESS_LOOPBACK },
    { "127.0.0.1", ADDRESS_LOOPBACK },
    { "127.255.255.255", ADDRESS_LOOPBACK },
    { "128.0.0.0", ADDRESS_GLOBAL },
    { "169.253.255.255", ADDRESS_GLOBAL },
    { "169.254.0.0", ADDRESS_LINK_LOCAL },
    { "169.254.169.254", ADDRESS_LINK_LOCAL },
    { "169.254.255.255", ADDRESS_LINK_LOCAL },
    { "169.255.0.0", ADDRESS_GLOBAL },
    { "172.15.255.255", ADDRESS_GLOBAL },
    { "172.16.0.0", ADDRESS_PRIVATE },
    { "172.31.255.255", ADDRESS_PRIVATE },
    { "172.32.0.0", ADDRESS_GLOBAL },
    { "191.255.255.255", ADDRESS_GLOBAL },
    { "192.0.0.0", ADDRESS_RESERVED },
    { "192.0.0.255", ADDRESS_RESERVED },
    { "192.0.1.0", ADDRESS_GLOBAL },
    { "192.0.2.0", ADDRESS_DOCUMENTATION },
    { "192.0.2.255", ADDRESS_DOCUMENTATION },
    { "192.0.3.0", ADDRESS_GLOBAL },
    { "192.88.98.255", ADDRESS_GLOBAL },
    { "192.88.99.1", ADDRESS_RESERVED },
    { "192.88.100.0", ADDRESS_GLOBAL },
    { "192.167.255.255", ADDRESS_GLOBAL },
    { "192.168.0.0", ADDRESS_PRIVATE },
    { "192.168.255.255", ADDRESS_PRIVATE },
    { "192.169.0.0", ADDRESS_GLOBAL },
    { "198.17.255.255", ADDRESS_GLOBAL },
    { "198.18.0.0", ADDRESS_BENCHMARKING },
    { "198.19.255.255", ADDRESS_BENCHMARKING },
    { "198.20.0.0", ADDRESS_GLOBAL },
    { "198.51.99.255", ADDRESS_GLOBAL },
    { "198.51.100.0", ADDRESS_DOCUMENTATION },
    { "198.51.100.255", ADDRESS_DOCUMENTATION },
    { "198.51.101.0", ADDRESS_GLOBAL },
    { "203.0.112.255", ADDRESS_GLOBAL },
    { "203.0.113.0", ADDRESS_DOCUMENTATION },
    { "203.0.113.255", ADDRESS_DOCUMENTATION },
    { "203.0.114.0", ADDRESS_GLOBAL },
    { "223.255.255.255", ADDRESS_GLOBAL },
    { "224.0.0.0", ADDRESS_MULTICAST },
    { "239.255.255.255", ADDRESS_MULTICAST },
    { "240.0.0.0", ADDRESS_RESERVED },
    { "255.255.255.254", ADDRESS_RESERVED },
    { "255.255.255.255", ADDRESS_MULTICAST },

    { "::", ADDRESS_UNSPECIFIED },
    { "::1", ADDRESS_LOOPBACK },
    { "100::", ADDRESS_RESERVED },
    { "100::ffff:ffff:ffff:ffff", ADDRESS_RESERVED },
    { "200::1", ADDRESS_RESERVED },
    { "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_RESERVED },
    { "2001::", ADDRESS_RESERVED },
    { "2001:0:808:808::1", ADDRESS_RESERVED },
    { "2001:1::1", ADDRESS_RESERVED },
    { "2001:2::", ADDRESS_BENCHMARKING },
    { "2001:2:0:ffff:ffff:ffff:ffff:ffff", ADDRESS_BENCHMARKING },
    { "2001:2:1::", ADDRESS_RESERVED },
    { "2001:10::1", ADDRESS_RESERVED },
    { "2001:20::1", ADDRESS_RESERVED },
    { "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_RESERVED },
    { "2001:200::", ADDRESS_GLOBAL },
    { "2001:4860:4860::8888", ADDRESS_GLOBAL },
    { "2001:db7:ffff::", ADDRESS_GLOBAL },
    { "2001:db8::", ADDRESS_DOCUMENTATION },
    { "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_DOCUMENTATION },
    { "2001:db9::", ADDRESS_GLOBAL },
    { "2606:4700::1111", ADDRESS_GLOBAL },
    { "3ffe:ffff::", ADDRESS_GLOBAL },
    { "3fff::", ADDRESS_DOCUMENTATION },
    { "3fff:fff:ffff::1", ADDRESS_DOCUMENTATION },
    { "3fff:1000::", ADDRESS_GLOBAL },
    { "4000::", ADDRESS_RESERVED },
    { "5f00::1", ADDRESS_RESERVED },
    { "fbff:ffff::", ADDRESS_RESERVED },
    { "fc00::", ADDRESS_UNIQUE_LOCAL },
    { "fd12:3456::1", ADDRESS_UNIQUE_LOCAL },
    { "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_UNIQUE_LOCAL },
    { "fe00::1", ADDRESS_RESERVED },
    { "fe7f:ffff::", ADDRESS_RESERVED },
    { "fe80::1", ADDRESS_LINK_LOCAL },
    { "febf:ffff::1", ADDRESS_LINK_LOCAL },
    { "fec0::1", ADDRESS_PRIVATE },
    { "feff:ffff::1", ADDRESS_PRIVATE },
    { "ff00::", ADDRESS_MULTICAST },
    { "ff02::1", ADDRESS_MULTICAST },
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_MULTICAST },

    /* IPv4 inside IPv6. */
    { "::ffff:8.8.8.8", ADDRESS_GLOBAL },
    { "::ffff:127.0.0.1", ADDRESS_LOOPBACK },
    { "::ffff:10.0.0.1", ADDRESS_PRIVATE },
    { "::ffff:0.0.0.0", ADDRESS_UNSPECIFIED },
    { "::ffff:169.254.169.254", ADDRESS_LINK_LOCAL },
    { "::fffe:8.8.8.8", ADDRESS_RESERVED },
    { "::ffff:0:8.8.8.8", ADDRESS_RESERVED },
    { "::8.8.8.8", ADDRESS_GLOBAL },
    { "::127.0.0.1", ADDRESS_LOOPBACK },
    { "::2", ADDRESS_UNSPECIFIED },
    { "64:ff9b::8.8.8.8", ADDRESS_GLOBAL },
    { "64:ff9b::192.168.1.1", ADDRESS_PRIVATE },
    { "64:ff9b::1:8.8.8.8", ADDRESS_RESERVED },
    { "64:ff9b:1::8.8.8.8", ADDRESS_GLOBAL },
    { "64:ff9b:1::100.64.0.1", ADDRESS_SHARED },
    { "64:ff9b:1:a00:0:100:808:808", ADDRESS_RESERVED },
    { "64:ff9b:1:fffe::8.8.8.8", ADDRESS_RESERVED },
    { "64:ff9b:2::8.8.8.8", ADDRESS_RESERVED },
    { "2002:808:808::1", ADDRESS_GLOBAL },
    { "2002:7f00:1::1", ADDRESS_LOOPBACK },
    { "2002:a00:1::", ADDRESS_PRIVATE },
    { "2002:e000:1::", ADDRESS_MULTICAST },
    { "2003::1", ADDRESS_GLOBAL },
};

static void
test_classify(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GInetAddress) address = g_inet_address_new_from_string(cases[i].text);

        test_row(cases[i].text);
        g_assert_nonnull(address);
        g_assert_cmpstr(address_kind_to_string(address_classify(address)), ==,
                        address_kind_to_string(cases[i].kind));
    }
}

static const struct Unmapping {
    const char *text;
    const char *unmapped;
    const char *embedded;
} unmappings[] = {
    { "192.0.2.1", "192.0.2.1", NULL },
    { "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1" },
    { "64:ff9b::c000:201", "64:ff9b::c000:201", "192.0.2.1" },
    { "2002:c000:201::5", "2002:c000:201::5", "192.0.2.1" },
    { "2001:db8::c000:201", "2001:db8::c000:201", NULL },
    { "::1", "::1", NULL },
    { "::", "::", NULL },
};

static void
test_unmap(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(unmappings); i++) {
        g_autoptr(GInetAddress) address = g_inet_address_new_from_string(unmappings[i].text);
        g_autoptr(GInetAddress) unmapped = address_unmap(address);
        g_autoptr(GInetAddress) embedded = address_embedded_ipv4(address);
        g_autofree char *unmapped_text = g_inet_address_to_string(unmapped);
        g_autofree char *embedded_text = embedded == NULL ? NULL : g_inet_address_to_string(embedded);

        test_row(unmappings[i].text);
        g_assert_cmpstr(unmapped_text, ==, unmappings[i].unmapped);
        g_assert_cmpstr(embedded_text, ==, unmappings[i].embedded);
    }
}

static const struct Own {
    const char *text;
    gboolean own;
} owns[] = {
    { "127.0.0.1", TRUE },   { "::ffff:127.0.0.1", TRUE }, { "64:ff9b::127.0.0.1", TRUE },
    { "192.0.2.77", FALSE }, { "2001:db8::77", FALSE },
};

/* The one address of this host that a test can know is its loopback's. */
static void
test_own(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(owns); i++) {
        g_autoptr(GInetAddress) address = g_inet_address_new_from_string(owns[i].text);

        test_row(owns[i].text);
        g_assert_cmpint(address_is_own(address), ==, owns[i].own);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address/classify", test_classify);
    g_test_add_func("/address/unmap", test_unmap);
    g_test_add_func("/address/own", test_own);
    return g_test_run();
}
