/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Preloaded into a service, has the kernel answer as it does on a bad day, while it runs: what a test writes into the
 * file that FAULT_INJECTION names, which is mapped and shared, holds from then on.
 *
 * The realtime clock is set off by some seconds, as when an administrator or NTP sets it; the monotonic clock, which no
 * one can set, stays the kernel's. epoll_ctl(2) finds no room for another descriptor (ENOSPC), as when the user has
 * used up /proc/sys/fs/epoll/max_user_watches. The calls themselves are made past the C library, so that this works
 * below any sanitizer.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* As harness/fault_injection.py writes it. */
typedef struct Faults {
    int64_t clock_offset; /* seconds */
    int64_t no_watches;   /* whether epoll has no room */
    int64_t refused;      /* how many times it was asked meanwhile */
} Faults;

static const Faults no_faults;
static Faults *shared;

__attribute__((constructor)) static void
map_faults(void)
{
    const char *path = getenv("FAULT_INJECTION");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *mapped =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(Faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (mapped != MAP_FAILED)
        shared = mapped;
    if (fd >= 0)
        close(fd);
}

static int64_t
clock_offset(void)
{
    const Faults *faults = shared ? shared : &no_faults;

    return __atomic_load_n(&faults->clock_offset, __ATOMIC_SEQ_CST);
}

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
    if (syscall(SYS_clock_gettime, clock, ret) < 0)
        return -1;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        ret->tv_sec += clock_offset();
    return 0;
}

int
gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -1;
    *ret = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 };
    return 0;
}

time_t
time(time_t *ret)
{
    struct timespec now = { .tv_sec = -1 };

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}

int
epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    if (operation == EPOLL_CTL_ADD && shared && __atomic_load_n(&shared->no_watches, __ATOMIC_SEQ_CST) != 0) {
        __atomic_add_fetch(&shared->refused, 1, __ATOMIC_SEQ_CST);
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event);
}
