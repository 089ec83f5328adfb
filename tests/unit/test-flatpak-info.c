/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which application a /.flatpak-info names, and that anything odd names none. */

#include "flatpak-info.h"

#include "row.h"

#include <string.h>

static const struct Case {
    const char *text;
    const char *id;
} cases[] = {
    { "[Application]\nname=org.example.Chat\n", "org.example.Chat" },
    { "# made by flatpak\n[Instance]\ninstance-id=1\n[Application]\nruntime=x\nname=org.example.Chat",
      "org.example.Chat" },
    { "[Application]\r\nname=org.example.Chat\r\n", "org.example.Chat" },
    { "[Runtime]\nruntime=runtime/org.example.Platform/x86_64/1\n", NULL },
    { "[Application]\n", NULL },
    { "[Application]\nname=\n", NULL },
    { "[Application]\nname=chat\n", NULL },
    { "[Application]\nname=org.example.Chat/../../x\n", NULL },
    { "[Application]\nname=org..Chat\n", NULL },
    { "[Application]\nname=org.example.Chat,user root\n", NULL },
    { "[Application]\nname=org.example.Chat\\nuser root\n", NULL },
    { "[Application]\nname=org.example.Ch\xc3\xa4t\n", NULL },
    { "[Application]\nname=org.example.Chat\xff\n", NULL },
    { "[Application\nname=org.example.Chat\n", NULL },
    { "name=org.example.Chat\n", NULL },
    { "[application]\nname=org.example.Chat\n", NULL },
    { "garbage", NULL },
    { "\n", NULL },
};

static void
test_parse(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *id = flatpak_info_parse(cases[i].text, strlen(cases[i].text));

        test_row(cases[i].text);
        g_assert_cmpstr(id, ==, cases[i].id);
    }
}

static void
test_length_counts(void)
{
    static const char text[] = "[Application]\nname=org.example.Chat\n\0[x]\n";
    g_autofree char *whole = flatpak_info_parse(text, strlen(text));

    g_assert_nonnull(whole);
    g_assert_null(flatpak_info_parse(text, strlen(text) + 1));
    g_assert_null(flatpak_info_parse(text, sizeof(text) - 1));
    g_assert_null(flatpak_info_parse(text, 0));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/flatpak-info/parse", test_parse);
    g_test_add_func("/flatpak-info/length-counts", test_length_counts);
    return g_test_run();
}
