/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading /proc about a process that may be hostile. All files are opened below one descriptor of /proc/PID, which
 * names one process for good: when that ends, reading fails, whoever has its number next. What the process itself
 * arranges, the root of its mount namespace, is opened without following a link and without waiting, and only a
 * regular file of bounded size is read there; a file system that hangs is why whoever calls this has a deadline.
 *
 * No GLib: the helper that runs this with privileges is to be read in a sitting.
 */

#include "process-facts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATUS_MAX = 16 * 1024 };

/* The whole of FD, at most SIZE bytes: how many there were, or a negative errno (-EFBIG for more). */
static ssize_t
read_all(int fd, char *buffer, size_t size)
{
    size_t length = 0;

    for (;;) {
        char more;
        ssize_t n = length < size ? read(fd, buffer + length, size - length) : read(fd, &more, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return (ssize_t)length;
        if (length == size)
            return -EFBIG;
        length += (size_t)n;
    }
}

static ssize_t
read_file(int directory, const char *name, char *buffer, size_t size)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t length;

    if (fd < 0)
        return -errno;
    length = read_all(fd, buffer, size);
    close(fd);
    return length;
}

/* The effective id in a line "Uid:\treal\teffective\tsaved\tfile system" of the process's status. */
static int
parse_id(const char *status, const char *key, uint32_t *ret_id)
{
    const char *line = strstr(status, key);
    char *end = NULL;
    unsigned long effective;

    if (!line)
        return -EBADMSG;
    (void)strtoul(line + strlen(key), &end, 10);
    line = end;
    effective = strtoul(line, &end, 10);
    if (end == line || effective > UINT32_MAX)
        return -EBADMSG;
    *ret_id = (uint32_t)effective;
    return 0;
}

static int
read_status(int process, ProcessFacts *facts)
{
    char status[STATUS_MAX + 1];
    ssize_t length = read_file(process, "status", status, STATUS_MAX);
    int r;

    if (length < 0)
        return (int)length;
    status[length] = '\0';
    r = parse_id(status, "\nUid:", &facts->uid);
    return r < 0 ? r : parse_id(status, "\nGid:", &facts->gid);
}

static int
read_cgroup(int process, ProcessFacts *facts)
{
    ssize_t length = read_file(process, "cgroup", facts->texts, PROCESS_CGROUP_MAX);

    if (length < 0)
        return (int)length;
    facts->cgroup_length = (uint32_t)length;
    return 0;
}

static int
read_regular_file(int fd, ProcessFacts *facts)
{
    struct stat status;
    ssize_t length;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EBADMSG;
    length = read_all(fd, facts->texts + facts->cgroup_length, PROCESS_FLATPAK_INFO_MAX);
    if (length < 0)
        return (int)length;
    facts->flatpak_info_length = (uint32_t)length;
    facts->has_flatpak_info = 1;
    return 0;
}

/* That there is no file is a fact only when the root itself could be looked into. */
static int
read_flatpak_info(int process, ProcessFacts *facts)
{
    int root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC), fd, r;

    if (root < 0)
        return -errno;
    fd = openat(root, ".flatpak-info", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    r = fd < 0 ? -errno : 0;
    close(root);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    r = read_regular_file(fd, facts);
    close(fd);
    return r;
}

static int
read_facts(int process, ProcessFacts *facts)
{
    int r = read_cgroup(process, facts);

    if (r >= 0)
        r = read_flatpak_info(process, facts);
    /* The credentials last, so that they vouch for what was read before. */
    return r < 0 ? r : read_status(process, facts);
}

static int
check_alive(int pidfd)
{
    struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

    if (pidfd < 0)
        return 0;
    return poll(&poll_fd, 1, /* timeout= */ 0) == 0 ? 0 : -ESRCH;
}

int
process_facts_read(pid_t pid, int pidfd, ProcessFacts *ret_facts)
{
    char path[64];
    int process, r;

    ret_facts->cgroup_length = ret_facts->flatpak_info_length = ret_facts->has_flatpak_info = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d", pid);
    process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process < 0)
        return -errno;
    /* Alive now, with /proc/PID open: so that is the process of the descriptor. */
    r = check_alive(pidfd);
    if (r >= 0)
        r = read_facts(process, ret_facts);
    close(process);
    return r;
}

pid_t
process_of_pidfd(int pidfd)
{
    char path[64], text[1024 + 1];
    const char *line;
    ssize_t length;
    long pid;

    (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
    length = read_file(AT_FDCWD, path, text, sizeof(text) - 1);
    if (length < 0)
        return (pid_t)length;
    text[length] = '\0';
    line = strstr(text, "\nPid:");
    pid = line ? strtol(line + strlen("\nPid:"), NULL, 10) : 0;
    return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : -EBADMSG;
}
