/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbroker-identify: the one process that may look into other users' processes (CAP_SYS_PTRACE, and
 * CAP_DAC_READ_SEARCH as Flatpak makes /.flatpak-info 0600). It has no network, parses nothing that a caller wrote, and
 * answers one question: see process-facts.h.
 *
 * A question is answered by a child of its own, which an alarm ends when the process in question has a file system
 * that hangs. Children are few for one user and not many in all, so that nobody else's question has to wait for that;
 * a question that finds no place is answered with -EBUSY, and its caller stays unidentified.
 */

#include "identify-protocol.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum {
    CHILDREN_MAX = 32,
    CHILDREN_PER_USER = 4,
    CLIENTS_MAX = 4 /* the service has one connection; a restarted one has another for a moment */
};

typedef struct Child {
    pid_t pid; /* 0: free */
    uint32_t uid;
} Child;

typedef struct Helper {
    int listener;
    int signals;              /* signalfd of SIGCHLD and SIGTERM */
    int clients[CLIENTS_MAX]; /* -1: free */
    Child children[CHILDREN_MAX];
} Helper;

static void
send_answer(int client, uint32_t cookie, int result, ProcessFacts *facts)
{
    static IdentifyAnswer answer;
    size_t length = offsetof(IdentifyAnswer, facts);

    answer = (IdentifyAnswer){ .cookie = cookie, .result = result };
    if (result == 0) {
        answer.facts = *facts;
        length += offsetof(ProcessFacts, texts) + facts->cgroup_length + facts->flatpak_info_length;
    }
    (void)send(client, &answer, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* In the child. */
static void
answer_question(int client, const IdentifyQuestion *question, int pidfd)
{
    static ProcessFacts facts;
    pid_t pid = pidfd >= 0 ? process_of_pidfd(pidfd) : question->pid;
    int result = pid > 0 ? process_facts_read(pid, pidfd, &facts) : pid < 0 ? (int)pid : -ESRCH;

    send_answer(client, question->cookie, result, &facts);
}

static Child *
find_place(Helper *helper, uint32_t uid)
{
    Child *free_place = NULL;
    int of_user = 0;

    for (int i = 0; i < CHILDREN_MAX; i++) {
        Child *child = &helper->children[i];

        if (child->pid == 0)
            free_place = child;
        else if (child->uid == uid)
            of_user++;
    }
    return of_user < CHILDREN_PER_USER ? free_place : NULL;
}

static void
start_child(Helper *helper, int client, const IdentifyQuestion *question, int pidfd)
{
    Child *place = find_place(helper, question->uid);
    pid_t pid = place ? fork() : -1;

    if (pid == 0) {
        /* SIGALRM's default ends the child, also out of a read that hangs. */
        (void)alarm(IDENTIFY_DEADLINE_SECONDS);
        answer_question(client, question, pidfd);
        _exit(EXIT_SUCCESS);
    }
    if (pid < 0) {
        send_answer(client, question->cookie, -EBUSY, NULL);
        return;
    }
    *place = (Child){ .pid = pid, .uid = question->uid };
}

/* The descriptor that came with a packet, or -1; any more are closed. */
static int
take_descriptor(struct msghdr *message)
{
    int taken = -1;

    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        size_t n = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
            if (taken < 0)
                taken = fd;
            else
                close(fd);
        }
    }
    return taken;
}

/* One packet. 0 when the client has gone or does not keep to the protocol. */
static int
serve_client(Helper *helper, int client)
{
    IdentifyQuestion question;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec part = { .iov_base = &question, .iov_len = sizeof(question) };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    ssize_t length = recvmsg(client, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    /* An empty packet may carry descriptors as well. */
    int pidfd = length >= 0 ? take_descriptor(&message) : -1;

    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return 1;
    if (length == sizeof(question) && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
        (question.has_pidfd != 0) == (pidfd >= 0)) {
        start_child(helper, client, &question, pidfd);
        if (pidfd >= 0)
            close(pidfd);
        return 1;
    }
    if (pidfd >= 0)
        close(pidfd);
    return 0;
}

static void
accept_client(Helper *helper)
{
    int client = accept4(helper->listener, NULL, NULL, SOCK_CLOEXEC);

    for (int i = 0; client >= 0 && i < CLIENTS_MAX; i++) {
        if (helper->clients[i] < 0) {
            helper->clients[i] = client;
            return;
        }
    }
    if (client >= 0)
        close(client);
}

static void
reap_children(Helper *helper)
{
    pid_t pid;

    /* Several deaths may be one signal. */
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        for (int i = 0; i < CHILDREN_MAX; i++) {
            if (helper->children[i].pid == pid)
                helper->children[i].pid = 0;
        }
    }
}

/* Whether it is to end. */
static bool
take_signals(Helper *helper)
{
    struct signalfd_siginfo signal;
    bool ends = false;

    while (read(helper->signals, &signal, sizeof(signal)) == sizeof(signal))
        ends = ends || signal.ssi_signo == SIGTERM;
    reap_children(helper);
    return ends;
}

/* 0 when it was told to end, or a negative errno. */
static int
run(Helper *helper)
{
    for (;;) {
        struct pollfd fds[2 + CLIENTS_MAX] = { { .fd = helper->listener, .events = POLLIN },
                                               { .fd = helper->signals, .events = POLLIN } };

        for (int i = 0; i < CLIENTS_MAX; i++)
            fds[2 + i] = (struct pollfd){ .fd = helper->clients[i], .events = POLLIN };
        if (poll(fds, 2 + CLIENTS_MAX, /* timeout= */ -1) < 0 && errno != EINTR)
            return -errno;
        if (fds[1].revents && take_signals(helper))
            return 0;
        for (int i = 0; i < CLIENTS_MAX; i++) {
            if (fds[2 + i].revents && !serve_client(helper, helper->clients[i])) {
                close(helper->clients[i]);
                helper->clients[i] = -1;
            }
        }
        if (fds[0].revents)
            accept_client(helper);
    }
}

int
main(void)
{
    Helper helper = { .listener = SD_LISTEN_FDS_START };
    sigset_t signals;
    int r;

    if (sd_listen_fds(/* unset_environment= */ 1) != 1 ||
        sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, /* listening= */ 1, NULL, 0) <= 0) {
        (void)fprintf(stderr, "wsbroker-identify is started by systemd, with the socket that it serves\n");
        return 2;
    }
    for (int i = 0; i < CLIENTS_MAX; i++)
        helper.clients[i] = -1;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGCHLD);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    helper.signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (helper.signals < 0) {
        perror("signalfd");
        return EXIT_FAILURE;
    }
    r = run(&helper);
    if (r < 0)
        (void)fprintf(stderr, "poll: %s\n", strerror(-r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
