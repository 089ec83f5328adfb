/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One more process between a client and the server, with nothing in it but the system calls that a hop cannot
 * do without: it waits, reads from one side and writes to the other. What a round trip through it costs more
 * than without it is the least that any broker costs.
 *
 * Run: bench-relay PATH PORT. Takes connections on the Unix socket PATH, one after the other, and makes one
 * to PORT of loopback for each. Prints "ready". Ends with its standard input.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER_SIZE = 64 * 1024 };

static int
listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
        return -1;
    return fd;
}

static int
connect_to(const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((in_port_t)atoi(port)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
}

static int
pass_on(int from, int to)
{
    static char buffer[BUFFER_SIZE];
    ssize_t n = read(from, buffer, sizeof(buffer));

    return n > 0 && send(to, buffer, (size_t)n, MSG_NOSIGNAL) == n;
}

/* Until one side ends. */
static void
relay(int left, int right)
{
    struct epoll_event events[] = { { .events = EPOLLIN, .data.fd = left },
                                    { .events = EPOLLIN, .data.fd = right } };
    int epoll = epoll_create1(EPOLL_CLOEXEC), n, going_on = 1;

    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, left, &events[0]);
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, right, &events[1]);
    while (going_on) {
        n = epoll_wait(epoll, events, 2, -1);
        for (int i = 0; i < n && going_on; i++)
            going_on = pass_on(events[i].data.fd, events[i].data.fd == left ? right : left);
    }
    (void)close(epoll);
}

int
main(int argc, char **argv)
{
    struct pollfd polled[2] = { { .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };

    if (argc != 3)
        return 2;
    polled[0].fd = listen_at(argv[1]);
    if (polled[0].fd < 0) {
        perror("bench-relay");
        return 1;
    }
    printf("ready\n");
    (void)fflush(stdout);
    while (poll(polled, 2, -1) > 0 && polled[1].revents == 0) {
        int left = accept(polled[0].fd, NULL, NULL), right = connect_to(argv[2]);

        if (left >= 0 && right >= 0)
            relay(left, right);
        (void)close(left);
        (void)close(right);
    }
    return 0;
}
