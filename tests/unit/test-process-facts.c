/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading about processes of the test's own, living and gone. */

#include "process-facts.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static ProcessFacts facts;

static int
open_pidfd(pid_t pid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    g_assert_cmpint(pidfd, >=, 0);
    return pidfd;
}

static pid_t
start_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        pause();
        _exit(0);
    }
    g_assert_cmpint(pid, >, 0);
    return pid;
}

static void
end_child(pid_t pid)
{
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void
assert_own_facts(void)
{
    g_assert_cmpuint(facts.uid, ==, geteuid());
    g_assert_cmpuint(facts.gid, ==, getegid());
    g_assert_cmpuint(facts.cgroup_length, >, 0);
    g_assert_nonnull(memchr(facts.texts, '/', facts.cgroup_length));
}

static void
test_own(void)
{
    int pidfd = open_pidfd(getpid());

    g_assert_cmpint(process_facts_read(getpid(), -1, &facts), ==, 0);
    assert_own_facts();
    memset(&facts, 0, sizeof(facts));
    g_assert_cmpint(process_facts_read(getpid(), pidfd, &facts), ==, 0);
    assert_own_facts();
    g_assert_cmpint(process_of_pidfd(pidfd), ==, getpid());
    close(pidfd);
}

static void
test_gone(void)
{
    pid_t pid = start_child();
    int pidfd = open_pidfd(pid);

    g_assert_cmpint(process_facts_read(pid, pidfd, &facts), ==, 0);
    end_child(pid);
    g_assert_cmpint(process_facts_read(pid, -1, &facts), <, 0);
    g_assert_cmpint(process_of_pidfd(pidfd), <, 0);
    /* As after its id has gone to another process: what has the number is not what the descriptor stands for. */
    g_assert_cmpint(process_facts_read(getpid(), pidfd, &facts), ==, -ESRCH);
    close(pidfd);
}

/* A process that has ended but is still in the table has no root to look into. */
static void
test_zombie(void)
{
    pid_t pid = start_child();
    int pidfd = open_pidfd(pid);
    siginfo_t info;

    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), ==, 0);
    g_assert_cmpint(process_facts_read(pid, -1, &facts), <, 0);
    g_assert_cmpint(process_facts_read(pid, pidfd, &facts), ==, -ESRCH);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    close(pidfd);
}

static void
test_nobody(void)
{
    static const pid_t pids[] = { 0, -1, G_MAXINT, G_MININT };
    int not_a_pidfd[2];

    for (gsize i = 0; i < G_N_ELEMENTS(pids); i++)
        g_assert_cmpint(process_facts_read(pids[i], -1, &facts), <, 0);
    g_assert_cmpint(pipe(not_a_pidfd), ==, 0);
    g_assert_cmpint(process_of_pidfd(not_a_pidfd[0]), <, 0);
    close(not_a_pidfd[0]);
    close(not_a_pidfd[1]);
    g_assert_cmpint(process_of_pidfd(not_a_pidfd[0]), <, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/process-facts/own", test_own);
    g_test_add_func("/process-facts/gone", test_gone);
    g_test_add_func("/process-facts/zombie", test_zombie);
    g_test_add_func("/process-facts/nobody", test_nobody);
    return g_test_run();
}
