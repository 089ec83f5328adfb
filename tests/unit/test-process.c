/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What becomes of the facts about a process, and which of them spoil all. */

#include "process.h"

#include "row.h"

#include <string.h>

enum { UID = 4711, GID = 4712, OTHER = 4713 };

#define SESSION "1:name=systemd:/user.slice/user-4711.slice/session-3.scope\n"
#define MANAGER "1:name=systemd:/user.slice/user-4711.slice/user@4711.service/app.slice/app-chat.scope\n"
#define ANOTHERS "1:name=systemd:/user.slice/user-4713.slice/user@4713.service/app.slice/app-chat.scope\n"
#define SYSTEM "1:name=systemd:/system.slice/chat.service\n"
#define NO_UNIT "1:name=systemd:/\n"
#define CHAT "[Application]\nname=org.example.Chat\n"

/* Where this machine has version 2 alone, the line that counts is another. */
static char *
as_here(const char *cgroup)
{
    g_autofree char *second = g_strconcat("0::", strchr(cgroup, '/'), cgroup, NULL);

    return g_steal_pointer(&second);
}

static void
fill(ProcessFacts *facts, const char *cgroup, const char *info)
{
    facts->uid = UID;
    facts->gid = GID;
    facts->cgroup_length = (uint32_t)strlen(cgroup);
    facts->has_flatpak_info = info != NULL;
    facts->flatpak_info_length = info ? (uint32_t)strlen(info) : 0;
    memcpy(facts->texts, cgroup, facts->cgroup_length);
    if (info)
        memcpy(facts->texts + facts->cgroup_length, info, facts->flatpak_info_length);
}

static Subject *
subject_of_bus(void)
{
    const gid_t gids[] = { OTHER, GID };
    Subject *subject = subject_new_for_uid(UID);

    g_array_append_vals(subject->groups, gids, G_N_ELEMENTS(gids));
    return subject;
}

static const struct Case {
    const char *cgroup;
    const char *info;
    const char *unit, *user_unit, *flatpak;
} cases[] = {
    { NO_UNIT, NULL, NULL, NULL, NULL },
    { SYSTEM, NULL, "chat.service", NULL, NULL },
    { MANAGER, NULL, "user@4711.service", "app-chat.scope", NULL },
    { MANAGER, CHAT, "user@4711.service", "app-chat.scope", "org.example.Chat" },
    { SESSION, CHAT, "session-3.scope", NULL, "org.example.Chat" },
    /* A sandbox outside the user's session is nobody's word. */
    { SYSTEM, CHAT, "chat.service", NULL, NULL },
    { ANOTHERS, CHAT, "user@4713.service", NULL, NULL },
    { NO_UNIT, CHAT, NULL, NULL, NULL },
};

static void
test_believed(void)
{
    g_autofree ProcessFacts *facts = g_new0(ProcessFacts, 1);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Subject) subject = subject_of_bus();
        g_autofree char *cgroup = as_here(cases[i].cgroup);

        test_row(cases[i].cgroup);
        fill(facts, cgroup, cases[i].info);
        g_assert_true(process_complete_subject(facts, subject));
        g_assert_cmpstr(subject->unit, ==, cases[i].unit);
        g_assert_cmpstr(subject->user_unit, ==, cases[i].user_unit);
        g_assert_cmpstr(subject->flatpak, ==, cases[i].flatpak);
    }
}

static gboolean
is_believed(const ProcessFacts *facts)
{
    g_autoptr(Subject) subject = subject_of_bus();

    return process_complete_subject(facts, subject);
}

static void
test_another_process(void)
{
    g_autofree ProcessFacts *facts = g_new0(ProcessFacts, 1);

    fill(facts, NO_UNIT, NULL);
    g_assert_true(is_believed(facts));
    facts->uid = OTHER;
    g_assert_false(is_believed(facts));
    facts->uid = UID;
    facts->gid = UID;
    g_assert_false(is_believed(facts));
    facts->gid = OTHER;
    g_assert_true(is_believed(facts));
}

static void
test_malformed(void)
{
    static const char *const infos[] = { "", "[Application]\n", "[Application\n", "name=x\n" };
    g_autofree ProcessFacts *facts = g_new0(ProcessFacts, 1);

    /* Also where a sandbox would count for nothing. */
    for (gsize i = 0; i < G_N_ELEMENTS(infos); i++) {
        test_row(infos[i]);
        fill(facts, MANAGER, infos[i]);
        g_assert_false(is_believed(facts));
        fill(facts, SYSTEM, infos[i]);
        g_assert_false(is_believed(facts));
    }
    fill(facts, "", NULL);
    g_assert_false(is_believed(facts));
    fill(facts, "garbage", NULL);
    g_assert_false(is_believed(facts));
    fill(facts, SYSTEM, NULL);
    facts->texts[5] = '\0';
    g_assert_false(is_believed(facts));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/process/believed", test_believed);
    g_test_add_func("/process/another-process", test_another_process);
    g_test_add_func("/process/malformed", test_malformed);
    return g_test_run();
}
