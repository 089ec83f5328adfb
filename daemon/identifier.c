/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The service itself holds no capability, so it cannot look into another user's process; wsbroker-identify can, and is
 * asked over its socket. Without a helper (a service on a user's own bus, or in a test) the same reading is done in a
 * thread, because the process in question may have a file system that hangs. Either way there is a deadline, after
 * which nothing was learned: no answer is never taken for a good one.
 *
 * A question is in `pending` under its cookie until it is answered, late or taken back. A thread's result is handed
 * over through its own reference to the question's Reading, so whichever of the two ends first, the other is safe.
 */

#define G_LOG_DOMAIN "wsbroker"

#include "identifier.h"

#include "identify-protocol.h"
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    DEADLINE_MS = (IDENTIFY_DEADLINE_SECONDS * 1000) + 500,
    AGAIN_MS = 20 /* after which the helper may have a place for a question that had none */
};

struct Identifier {
    char *socket_path;   /* NULL: no helper */
    int socket;          /* -1: not connected */
    GSource *source;     /* of the socket */
    GHashTable *pending; /* cookie → Identification, not owned */
    guint32 last_cookie;
    UserNames *user_names;
    IdentifyAnswer packet; /* the one being received */
};

struct Identification {
    Identifier *identifier;
    guint32 cookie;
    pid_t pid;
    gboolean has_pidfd;
    int pidfd; /* of its own, or -1 */
    uid_t uid;
    IdentifierAnswer answer;
    gpointer user_data;
    GSource *deadline; /* or, for a question that failed at once, its idle source */
    GSource *again;    /* while it waits to be asked again, or NULL */
};

/* What a thread reads, shared with nobody: it comes back by an idle source of the main context. */
typedef struct Reading {
    GHashTable *pending; /* the identifier's, which may be gone by then; touched in the main context alone */
    guint32 cookie;
    pid_t pid;
    int pidfd;
    int result;
    ProcessFacts facts;
} Reading;

static void
conclude(Identification *identification, const ProcessFacts *facts)
{
    g_hash_table_remove(identification->identifier->pending, GUINT_TO_POINTER(identification->cookie));
    g_source_destroy(identification->deadline);
    source_clear(&identification->again);
    identification->answer(facts, identification->user_data);
}

static gboolean
on_deadline(gpointer user_data)
{
    conclude(user_data, NULL);
    return G_SOURCE_REMOVE;
}

static Identification *
find_pending(GHashTable *pending, guint32 cookie)
{
    return g_hash_table_lookup(pending, GUINT_TO_POINTER(cookie));
}

/* The helper. */

/* What was asked can no longer be answered: it is over as soon as this turn is. */
static void
fail_pending(Identifier *self)
{
    GHashTableIter iter;
    gpointer identification;

    g_hash_table_iter_init(&iter, self->pending);
    while (g_hash_table_iter_next(&iter, NULL, &identification))
        g_source_set_ready_time(((Identification *)identification)->deadline, 0);
}

static void
disconnect(Identifier *self)
{
    fail_pending(self);
    if (self->source)
        g_source_destroy(self->source);
    g_clear_pointer(&self->source, g_source_unref);
    if (self->socket >= 0)
        close(self->socket);
    self->socket = -1;
}

static void ask_again_later(Identification *identification);

static gboolean
on_packet(int fd, GIOCondition condition, gpointer user_data)
{
    Identifier *self = user_data;
    gssize length = recv(fd, &self->packet, sizeof(self->packet), MSG_DONTWAIT);
    Identification *identification;

    (void)condition;
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (length <= 0 || !identify_answer_is_valid(&self->packet, (gsize)length)) {
        /* The next question connects again. */
        g_warning("The identity helper is gone");
        disconnect(self);
        return G_SOURCE_REMOVE;
    }
    identification = find_pending(self->pending, self->packet.cookie);
    if (identification && self->packet.result == -EBUSY)
        ask_again_later(identification);
    else if (identification)
        conclude(identification, self->packet.result == 0 ? &self->packet.facts : NULL);
    return G_SOURCE_CONTINUE;
}

static gboolean
connect_helper(Identifier *self)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (self->socket >= 0)
        return TRUE;
    if (strlen(self->socket_path) >= sizeof(address.sun_path))
        return FALSE;
    g_strlcpy(address.sun_path, self->socket_path, sizeof(address.sun_path));
    self->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self->socket < 0 || connect(self->socket, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        g_warning("The identity helper cannot be reached: %s", g_strerror(errno));
        disconnect(self);
        return FALSE;
    }
    self->source = g_unix_fd_source_new(self->socket, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(self->source, G_SOURCE_FUNC(on_packet), self, NULL);
    g_source_attach(self->source, /* context= */ NULL);
    return TRUE;
}

static gboolean
send_question(Identifier *self, const IdentifyQuestion *question, int pidfd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec part = { .iov_base = (gpointer)question, .iov_len = sizeof(*question) };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

    if (pidfd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                           .cmsg_type = SCM_RIGHTS,
                                           .cmsg_len = CMSG_LEN(sizeof(int)) };
        memcpy(CMSG_DATA(&control.header), &pidfd, sizeof(int));
    }
    return sendmsg(self->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(*question);
}

static gboolean
ask_helper(Identifier *self, guint32 cookie, pid_t pid, int pidfd, uid_t uid)
{
    IdentifyQuestion question = { .cookie = cookie, .uid = uid, .pid = pid, .has_pidfd = pidfd >= 0 };

    if (!connect_helper(self))
        return FALSE;
    if (send_question(self, &question, pidfd))
        return TRUE;
    /* It may have been started anew since the last question. */
    disconnect(self);
    return connect_helper(self) && send_question(self, &question, pidfd);
}

static gboolean
on_again(gpointer user_data)
{
    Identification *identification = user_data;

    source_clear(&identification->again);
    if (!ask_helper(identification->identifier, identification->cookie, identification->pid,
                    identification->pidfd, identification->uid))
        conclude(identification, NULL);
    return G_SOURCE_REMOVE;
}

/* A user's callers may come many at a time, as when a session starts. The deadline is over all of it. */
static void
ask_again_later(Identification *identification)
{
    if (identification->again)
        return;
    /* A process is never asked for with less than before. */
    if (identification->has_pidfd && identification->pidfd < 0) {
        conclude(identification, NULL);
        return;
    }
    identification->again = g_timeout_source_new(AGAIN_MS);
    g_source_set_callback(identification->again, on_again, identification, NULL);
    g_source_attach(identification->again, /* context= */ NULL);
}

/* Without a helper. */

static void
reading_free(gpointer data)
{
    Reading *reading = data;

    if (reading->pidfd >= 0)
        close(reading->pidfd);
    g_hash_table_unref(reading->pending);
    g_free(reading);
}

static gboolean
on_read(gpointer user_data)
{
    Reading *reading = user_data;
    Identification *identification = find_pending(reading->pending, reading->cookie);

    if (identification)
        conclude(identification, reading->result == 0 ? &reading->facts : NULL);
    return G_SOURCE_REMOVE;
}

static gpointer
run_reading(gpointer user_data)
{
    Reading *reading = user_data;
    pid_t pid = reading->pidfd >= 0 ? process_of_pidfd(reading->pidfd) : reading->pid;

    reading->result = pid > 0 ? process_facts_read(pid, reading->pidfd, &reading->facts) : -ESRCH;
    g_idle_add_full(G_PRIORITY_DEFAULT, on_read, reading, reading_free);
    return NULL;
}

static gboolean
read_in_thread(Identifier *self, guint32 cookie, pid_t pid, int pidfd)
{
    Reading *reading = g_new0(Reading, 1);
    GThread *thread;

    reading->pending = g_hash_table_ref(self->pending);
    reading->cookie = cookie;
    reading->pid = pid;
    reading->pidfd = pidfd >= 0 ? fcntl(pidfd, F_DUPFD_CLOEXEC, 0) : -1;
    thread = g_thread_try_new("identify", run_reading, reading, NULL);
    if (!thread) {
        reading_free(reading);
        return FALSE;
    }
    g_thread_unref(thread);
    return TRUE;
}

/* Questions. */

Identifier *
identifier_new(const char *socket_path)
{
    Identifier *self = g_new0(Identifier, 1);

    self->socket_path = g_strdup(socket_path);
    self->socket = -1;
    self->pending = g_hash_table_new(NULL, NULL);
    self->user_names = user_names_new();
    return self;
}

void
identifier_free(Identifier *self)
{
    g_assert(g_hash_table_size(self->pending) == 0);
    disconnect(self);
    g_hash_table_unref(self->pending);
    user_names_free(self->user_names);
    g_free(self->socket_path);
    g_free(self);
}

UserNames *
identifier_get_user_names(Identifier *self)
{
    return self->user_names;
}

Identification *
identifier_ask(Identifier *self, pid_t pid, int pidfd, uid_t uid, IdentifierAnswer answer, gpointer user_data)
{
    Identification *identification = g_new0(Identification, 1);
    guint32 cookie = ++self->last_cookie;
    gboolean asked = self->socket_path ? ask_helper(self, cookie, pid, pidfd, uid)
                                       : read_in_thread(self, cookie, pid, pidfd);

    identification->identifier = self;
    identification->cookie = cookie;
    identification->pid = pid;
    identification->has_pidfd = pidfd >= 0;
    identification->pidfd = pidfd >= 0 ? fcntl(pidfd, F_DUPFD_CLOEXEC, 0) : -1;
    identification->uid = uid;
    identification->answer = answer;
    identification->user_data = user_data;
    identification->deadline = g_timeout_source_new(asked ? DEADLINE_MS : 0);
    g_source_set_callback(identification->deadline, on_deadline, identification, NULL);
    g_source_attach(identification->deadline, /* context= */ NULL);
    g_hash_table_insert(self->pending, GUINT_TO_POINTER(cookie), identification);
    return identification;
}

void
identification_free(Identification *identification)
{
    g_hash_table_remove(identification->identifier->pending, GUINT_TO_POINTER(identification->cookie));
    if (identification->pidfd >= 0)
        close(identification->pidfd);
    source_clear(&identification->again);
    g_source_destroy(identification->deadline);
    g_source_unref(identification->deadline);
    g_free(identification);
}
