/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What may be believed of a process. In any doubt the answer is no. */

#include "process.h"

#include "cgroup.h"
#include "flatpak-info.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

static gboolean
groups_contain(const Subject *subject, gid_t gid)
{
    for (guint i = 0; i < subject->groups->len; i++) {
        if (g_array_index(subject->groups, gid_t, i) == gid)
            return TRUE;
    }
    return FALSE;
}

/* As systemd tells: a container may have version 2 where its host, whose entries it sees, has version 1. */
static gboolean
cgroups_are_unified(void)
{
    struct statfs filesystem;

    return statfs("/sys/fs/cgroup", &filesystem) == 0 && filesystem.f_type == CGROUP2_SUPER_MAGIC;
}

static gboolean
read_units(const ProcessFacts *facts, Subject *subject)
{
    g_autofree char *text = g_strndup(facts->texts, facts->cgroup_length);

    return strlen(text) == facts->cgroup_length &&
           cgroup_parse(text, cgroups_are_unified(), subject->uid, &subject->unit, &subject->user_unit);
}

/*
 * A sandbox of Flatpak's is what a user made, so it proves no more than the user: it counts inside that user's own
 * manager or session only. Elsewhere (a system service's process that wears a forged /.flatpak-info) it counts for
 * nothing, neither for nor against.
 */
static gboolean
is_of_user_session(const Subject *subject)
{
    g_autofree char *manager = g_strdup_printf("user@%u.service", subject->uid);

    return subject->unit &&
           (strcmp(subject->unit, manager) == 0 ||
            (g_str_has_prefix(subject->unit, "session-") && g_str_has_suffix(subject->unit, ".scope")));
}

static gboolean
read_flatpak(const ProcessFacts *facts, Subject *subject)
{
    g_autofree char *id = NULL;

    if (!facts->has_flatpak_info)
        return TRUE;
    id = flatpak_info_parse(facts->texts + facts->cgroup_length, facts->flatpak_info_length);
    if (!id)
        return FALSE;
    if (is_of_user_session(subject))
        subject->flatpak = g_steal_pointer(&id);
    return TRUE;
}

gboolean
process_complete_subject(const ProcessFacts *facts, Subject *subject)
{
    return facts->uid == subject->uid && groups_contain(subject, facts->gid) && read_units(facts, subject) &&
           read_flatpak(facts, subject);
}
