/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is read of /.flatpak-info at the root of another process, which may have put anything there. */

#include "process-facts.h"

#include "scratch-folder.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INFO "[Application]\nname=org.example.Chat\n"

static ProcessFacts facts;

/* A process whose root is FOLDER; it has reached there when this returns. 0 when that is not allowed here. */
static pid_t
start_in_root(const char *folder)
{
    int ready[2];
    char said = 'n';
    pid_t pid;

    g_assert_cmpint(pipe(ready), ==, 0);
    pid = fork();
    if (pid == 0) {
        /* Whoever is not root may still be root of a namespace of its own. */
        if (geteuid() != 0)
            (void)unshare(CLONE_NEWUSER);
        said = chroot(folder) == 0 ? 'y' : 'n';
        if (write(ready[1], &said, 1) == 1)
            pause();
        _exit(0);
    }
    g_assert_cmpint(read(ready[0], &said, 1), ==, 1);
    close(ready[0]);
    close(ready[1]);
    if (said == 'y')
        return pid;
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    return 0;
}

static void
make_nothing(G_GNUC_UNUSED const ScratchFolder *scratch)
{
}

static void
make_file(const ScratchFolder *scratch)
{
    scratch_folder_write(scratch, ".flatpak-info", INFO, -1);
}

static void
make_empty_file(const ScratchFolder *scratch)
{
    scratch_folder_write(scratch, ".flatpak-info", "", 0);
}

static void
make_full_file(const ScratchFolder *scratch)
{
    g_autofree char *text = g_strnfill(PROCESS_FLATPAK_INFO_MAX, 'x');

    scratch_folder_write(scratch, ".flatpak-info", text, -1);
}

static void
make_too_large_file(const ScratchFolder *scratch)
{
    g_autofree char *text = g_strnfill(PROCESS_FLATPAK_INFO_MAX + 1, 'x');

    scratch_folder_write(scratch, ".flatpak-info", text, -1);
}

static void
make_fifo(const ScratchFolder *scratch)
{
    g_autofree char *path = scratch_folder_path(scratch, ".flatpak-info");

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
}

static void
make_folder(const ScratchFolder *scratch)
{
    g_autofree char *path = scratch_folder_path(scratch, ".flatpak-info");

    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
}

/* To a file that would do if it were there itself. */
static void
make_link(const ScratchFolder *scratch)
{
    g_autofree char *path = scratch_folder_path(scratch, ".flatpak-info");

    scratch_folder_write(scratch, "other", INFO, -1);
    g_assert_cmpint(symlink("other", path), ==, 0);
}

typedef struct Case {
    const char *name;
    void (*make)(const ScratchFolder *scratch);
    int result;
    gboolean has_info;
    guint length;
} Case;

static const Case cases[] = {
    { "/process-root/nothing", make_nothing, 0, FALSE, 0 },
    { "/process-root/file", make_file, 0, TRUE, sizeof(INFO) - 1 },
    { "/process-root/empty-file", make_empty_file, 0, TRUE, 0 },
    { "/process-root/full-file", make_full_file, 0, TRUE, PROCESS_FLATPAK_INFO_MAX },
    { "/process-root/too-large-file", make_too_large_file, -EFBIG, FALSE, 0 },
    { "/process-root/fifo", make_fifo, -EBADMSG, FALSE, 0 },
    { "/process-root/folder", make_folder, -EBADMSG, FALSE, 0 },
    { "/process-root/link", make_link, -ELOOP, FALSE, 0 },
};

static void
test_root(gconstpointer data)
{
    const Case *expected = data;
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    pid_t pid = start_in_root(scratch->path);

    if (pid == 0) {
        g_test_skip("not allowed to give a process another root");
        return;
    }
    expected->make(scratch);
    g_assert_cmpint(process_facts_read(pid, -1, &facts), ==, expected->result);
    if (expected->result == 0) {
        g_assert_cmpuint(facts.has_flatpak_info, ==, expected->has_info);
        g_assert_cmpuint(facts.flatpak_info_length, ==, expected->length);
        g_assert_cmpuint(facts.uid, ==, geteuid());
    }
    if (expected->make == make_file)
        g_assert_cmpmem(facts.texts + facts.cgroup_length, facts.flatpak_info_length, INFO, sizeof(INFO) - 1);
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add_data_func(cases[i].name, &cases[i], test_root);
    return g_test_run();
}
