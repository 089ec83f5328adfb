/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which unit a line of /proc/PID/cgroup stands for, in every layout of the tree. */

#include "cgroup.h"

#include "row.h"

#define USER "/user.slice/user-1000.slice/user@1000.service"

static const struct Case {
    const char *text;
    const char *unit;
    const char *user_unit;
} cases[] = {
    /* Version 2. */
    { "0::/system.slice/chat.service\n", "chat.service", NULL },
    { "0::/system.slice/chat.service", "chat.service", NULL },
    { "0::/chat.service\n", "chat.service", NULL },
    { "0::/system.slice/chat.service/payload/more.service\n", "chat.service", NULL },
    { "0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service", NULL },
    { "0::/a.slice/a-b.slice/a-b-c.slice/x.socket\n", "x.socket", NULL },
    { "0::/system.slice/boot.mount\n", "boot.mount", NULL },
    { "0::/init.scope\n", "init.scope", NULL },
    { "0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope", NULL },
    { "0::/machine.slice/machine-guest.scope/system.slice/chat.service\n", "machine-guest.scope", NULL },
    { "0::/\n", NULL, NULL },
    { "0::/system.slice\n", NULL, NULL },
    { "0::/docker/0123456789abcdef\n", NULL, NULL },
    { "0::/system.slice/docker/chat.service\n", NULL, NULL }, /* not systemd's */
    { "0::/system.slice/.service\n", NULL, NULL },
    { "0::/system.slice/chat.service.d\n", NULL, NULL },
    { "0::/system.slice/chat.timer\n", NULL, NULL },
    { "0::/system.slice/with:colon.service\n", "with:colon.service", NULL },

    /* A user's manager, one's own and another's. */
    { "0::" USER "/app.slice/app-chat.scope\n", "user@1000.service", "app-chat.scope" },
    { "0::" USER "/app.slice/chat.service/below\n", "user@1000.service", "chat.service" },
    { "0::" USER "/init.scope\n", "user@1000.service", "init.scope" },
    { "0::" USER "/app.slice\n", "user@1000.service", NULL },
    { "0::" USER "/app.slice/own/chat.service\n", "user@1000.service", NULL },
    { "0::" USER "\n", "user@1000.service", NULL },
    { "0::/user.slice/user-1001.slice/user@1001.service/app.slice/app-chat.scope\n", "user@1001.service",
      NULL },
    { "0::/user.slice/user-1000.slice/user@10000.service/app.slice/app-chat.scope\n", "user@10000.service",
      NULL },
    { "0::/system.slice/chat.service/user@1000.service/app-chat.scope\n", "chat.service", NULL },
    { "0::/user.slice/user-1000.slice/session-3.scope/user@1000.service/app-chat.scope\n", "session-3.scope",
      NULL },

    /* Escapes: a name that would collide with a control file has an underscore in front. */
    { "0::/system.slice/_cpu.service\n", "cpu.service", NULL },
    { "0::/system.slice/__tasks.service\n", "_tasks.service", NULL },
    { "0::" USER "/app.slice/_memory.scope\n", "user@1000.service", "memory.scope" },
    { "0::/_cpu.slice/chat.service\n", "chat.service", NULL },
    { "0::/system.slice/_.service\n", NULL, NULL },
    { "0::/system.slice/_\n", NULL, NULL },

    /* Version 1, and both. */
    { "3:cpu,cpuacct:/elsewhere\n2:memory:/elsewhere\n1:name=systemd:/system.slice/chat.service\n",
      "chat.service", NULL },
    { "1:name=systemd:" USER "/app.slice/app-chat.scope\n", "user@1000.service", "app-chat.scope" },
    { "2:cpu:/x.service\n1:name=systemd:/system.slice/one.service\n0::/system.slice/two.service\n",
      "one.service", NULL },
    { "0::/system.slice/two.service\n1:name=systemd:/system.slice/one.service\n", "one.service", NULL },
    { "2:cpu:/x.service\n0::/system.slice/two.service\n", "two.service", NULL },
    { "4:name=other:/system.slice/one.service\n0::/system.slice/two.service\n", "two.service", NULL },
    { "10::/system.slice/one.service\n0::/system.slice/two.service\n", "two.service", NULL },
};

static void
test_parse(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *unit = NULL, *user_unit = NULL;

        test_row(cases[i].text);
        g_assert_true(cgroup_parse(cases[i].text, FALSE, 1000, &unit, &user_unit));
        g_assert_cmpstr(unit, ==, cases[i].unit);
        g_assert_cmpstr(user_unit, ==, cases[i].user_unit);
    }
}

static void
test_other_uids(void)
{
    const char *text = "0::/user.slice/user-4294967294.slice/user@4294967294.service/app.slice/a.scope\n";
    static const uid_t uids[] = { 0, 1000, 4294967293u, 4294967294u, (uid_t)-1 };

    for (gsize i = 0; i < G_N_ELEMENTS(uids); i++) {
        g_autofree char *unit = NULL, *user_unit = NULL;

        g_assert_true(cgroup_parse(text, FALSE, uids[i], &unit, &user_unit));
        g_assert_cmpstr(unit, ==, "user@4294967294.service");
        g_assert_cmpstr(user_unit, ==, uids[i] == 4294967294u ? "a.scope" : NULL);
    }
}

static const char *const malformed[] = {
    "",
    "\n",
    "0",
    "0:",
    "0:\n0::/system.slice/chat.service\n",
    "garbage\n0::/system.slice/chat.service\n",
    "0::\n",
    "0::system.slice/chat.service\n",
    "0::/..\n",
    "0::/../chat.service\n",
    "0::/../../system.slice/chat.service\n",
    "0::/system.slice/../chat.service\n",
    "2:cpu:/system.slice/chat.service\n", /* neither of the two hierarchies that count */
    "1:name=systemd:relative\n0::/system.slice/chat.service\n",
};

static void
test_malformed(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(malformed); i++) {
        char *unit = NULL, *user_unit = NULL;

        test_row(malformed[i]);
        g_assert_false(cgroup_parse(malformed[i], FALSE, 1000, &unit, &user_unit));
        g_assert_null(unit);
        g_assert_null(user_unit);
    }
}

/* Inside a container of version 2 on a host of version 1. */
static void
test_unified_alone(void)
{
    static const char text[] = "4:name=systemd:/\n0::/system.slice/chat.service\n";
    g_autofree char *unit = NULL, *user_unit = NULL;
    g_autofree char *other = NULL, *other_user_unit = NULL;

    g_assert_true(cgroup_parse(text, TRUE, 1000, &unit, &user_unit));
    g_assert_cmpstr(unit, ==, "chat.service");
    g_assert_true(cgroup_parse(text, FALSE, 1000, &other, &other_user_unit));
    g_assert_null(other);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cgroup/unified-alone", test_unified_alone);
    g_test_add_func("/cgroup/parse", test_parse);
    g_test_add_func("/cgroup/other-uids", test_other_uids);
    g_test_add_func("/cgroup/malformed", test_malformed);
    return g_test_run();
}
