/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_CGROUP_MAX = 16 * 1024, PROCESS_FLATPAK_INFO_MAX = 64 * 1024 };

/*
 * What the kernel says of one process, as text and numbers, believed by nobody yet. The same bytes travel from the
 * helper that may read them to the service that judges them, so there is no pointer in here.
 */
typedef struct ProcessFacts {
    uint32_t uid, gid;            /* effective */
    uint32_t cgroup_length;       /* bytes in `texts` */
    uint32_t flatpak_info_length; /* bytes behind those; of no meaning without has_flatpak_info */
    uint32_t has_flatpak_info;    /* there is /.flatpak-info at the process's root */
    char texts[PROCESS_CGROUP_MAX + PROCESS_FLATPAK_INFO_MAX];
} ProcessFacts;

/*
 * Reads the facts of process PID; with PIDFD (else -1) only while that descriptor's process, whose number PID is said to
 * be, is still alive. All of it is about one and the same process. 0, or a negative errno when anything at all could
 * not be read: then nothing is known, not even what was read.
 */
int process_facts_read(pid_t pid, int pidfd, ProcessFacts *ret_facts);

/* The number of the process of PIDFD, as this process's namespace has it; or a negative errno. */
pid_t process_of_pidfd(int pidfd);
