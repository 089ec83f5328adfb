/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The handed-out data plane. The socket's own buffer is the flow control both ways: what the application does not
 * read stays here and pauses the connection to the server, and while that has enough to write nothing is read here,
 * so that the application blocks.
 *
 * Invariants: a paused stream whose reader has nothing to wait for is not watched at all, as a descriptor that has been
 * hung up is reported however little is asked of it. The socket is never closed with bytes
 * unread, because the application would then get ECONNRESET in place of the end of file.
 */

#include "stream.h"

#include "source.h"
#include "stream-input.h"
#include "stream-output.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 * 1024, /* bytes read at a time, beside those that complete a long message */
    SOCKET_BUFFER =
        256 * 1024 /* each way, where the system allows it; it may be full for each WebSocket of a caller */
};

/* A watch hands this through, though GLib has no name for it. */
#define WATCH_HANG_UP ((GIOCondition)POLLRDHUP)

struct Stream {
    Lane *lane;
    int fd;
    LaneWatch *watch;
    StreamEvents events;
    gpointer user_data;

    StreamInput input;
    StreamOutput output;
    gboolean reading; /* messages are told, now or after a pause */
    gboolean paused;
    gboolean full;
    gboolean deaf; /* nobody takes what is written */
    gboolean over; /* the last event, `hung_up` or `ended`, has been told */
    gboolean finished;
    gboolean freed;

    gboolean catching_up;
    gsize left;     /* bytes to read until then */
    gint64 timeout; /* µs */
    GSource *timer; /* since the last of them */
};

static void
stream_update_watch(Stream *self)
{
    if (self->freed)
        return;
    lane_watch_want(self->watch, G_IO_IN, self->reading && !self->paused);
    lane_watch_want(self->watch, WATCH_HANG_UP, !self->reading && !self->finished && !self->over);
    lane_watch_want(self->watch, G_IO_OUT, stream_output_get_backlog(&self->output) > 0 && !self->deaf);
}

/* Catching up. */

static void
stream_stop_reading(Stream *self)
{
    self->reading = FALSE;
    self->catching_up = FALSE;
    source_clear(&self->timer);
}

static void
end_catching_up(Stream *self)
{
    stream_stop_reading(self);
    stream_update_watch(self);
    self->events.caught_up(self->user_data);
}

static gboolean
on_timeout(gpointer user_data)
{
    end_catching_up(user_data);
    return G_SOURCE_REMOVE;
}

static void
restart_timer(Stream *self)
{
    source_clear(&self->timer);
    self->timer = g_timeout_source_new((guint)(self->timeout / 1000));
    g_source_set_callback(self->timer, on_timeout, self, NULL);
    g_source_attach(self->timer, lane_get_context(self->lane));
}

/* Reading. */

static void
tell_last(Stream *self, void (*event)(gpointer user_data))
{
    if (self->over)
        return;
    stream_stop_reading(self);
    self->over = TRUE;
    stream_update_watch(self);
    event(self->user_data);
}

static gboolean
on_message(gboolean text, GBytes *data, gpointer user_data)
{
    Stream *self = user_data;

    self->events.message(text, data, self->user_data);
    return !self->freed && self->reading;
}

static void
limit(struct iovec *vector, gsize *left)
{
    vector->iov_len = MIN(vector->iov_len, *left);
    *left -= vector->iov_len;
}

static void
on_fault(Stream *self, FrameFault fault)
{
    stream_stop_reading(self);
    self->events.fault(fault, self->input.fault_text, self->user_data);
}

/* LENGTH bytes have been read, of which those that had no room in the input are at REST. */
static void
stream_take(Stream *self, const guint8 *rest, gsize length)
{
    FrameFault fault;

    self->events.batch(TRUE, self->user_data);
    fault = stream_input_feed(&self->input, rest, length);
    if (self->freed || self->finished || self->over)
        return;
    self->events.batch(FALSE, self->user_data);
    if (self->freed || !self->reading)
        return;
    if (fault != FRAME_FAULT_NONE) {
        on_fault(self, fault);
    } else if (self->catching_up) {
        self->left -= length;
        if (self->left == 0)
            end_catching_up(self);
        else
            restart_timer(self);
    }
}

static void
stream_read(Stream *self)
{
    guint8 rest[READ_SIZE];
    struct iovec vector[2] = { stream_input_get_room(&self->input),
                               { .iov_base = rest, .iov_len = sizeof(rest) } };
    gsize left = self->catching_up ? self->left : G_MAXSSIZE;
    ssize_t n;

    limit(&vector[0], &left);
    limit(&vector[1], &left);
    n = readv(self->fd, vector, 2);
    if (n > 0)
        stream_take(self, rest, (gsize)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        tell_last(self, self->events.hung_up);
}

/* Writing. */

void
stream_append(Stream *self, gboolean text, GBytes *data)
{
    if (!self->deaf)
        stream_output_append(&self->output, text, data);
}

void
stream_flush(Stream *self)
{
    gboolean full;

    if (!self->deaf && !stream_output_flush(&self->output, self->fd)) {
        self->deaf = TRUE;
        stream_output_clear(&self->output);
    }
    full = stream_is_full(self);
    stream_update_watch(self);
    if (self->finished && !full) {
        tell_last(self, self->events.ended);
    } else if (full != self->full) {
        self->full = full;
        self->events.full(full, self->user_data);
    }
}

gboolean
stream_is_full(const Stream *self)
{
    return stream_output_get_backlog(&self->output) > 0;
}

/* The watch. */

static void
stream_on_hang_up(Stream *self)
{
    /* What was written before is still to be read, after the pause or now. */
    self->deaf = TRUE;
    stream_output_clear(&self->output);
    if (self->finished)
        tell_last(self, self->events.ended);
    else if (!self->reading)
        tell_last(self, self->events.hung_up);
    else
        stream_update_watch(self);
}

static void
on_ready(GIOCondition ready, gpointer user_data)
{
    Stream *self = g_rc_box_acquire(user_data);

    if (ready & G_IO_OUT)
        stream_flush(self);
    if (!self->freed && (ready & G_IO_IN))
        stream_read(self);
    else if (!self->freed && (ready & (G_IO_HUP | G_IO_ERR | WATCH_HANG_UP)))
        stream_on_hang_up(self);
    g_rc_box_release(self);
}

static gboolean
make_pair(int pair[2], GError **error)
{
    /* The application's end blocks, as most programs expect of a descriptor. */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0) {
        (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){ SOCKET_BUFFER }, sizeof(int));
        (void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &(int){ SOCKET_BUFFER }, sizeof(int));
        (void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
        return TRUE;
    }
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "socketpair: %s", g_strerror(errno));
    return FALSE;
}

Stream *
stream_new(Lane *lane, const StreamEvents *events, gpointer user_data, int *ret_fd, GError **error)
{
    Stream *self;
    int pair[2];

    if (!make_pair(pair, error))
        return NULL;
    self = g_rc_box_new0(Stream);
    self->lane = lane_ref(lane);
    self->fd = pair[0];
    self->events = *events;
    self->user_data = user_data;
    self->watch = lane_watch_new(lane, self->fd, on_ready, self);
    stream_update_watch(self);
    *ret_fd = pair[1];
    return self;
}

/* Reads what nobody wants any more, which may bring descriptors with it: read() discards them. */
static void
discard_input(int fd)
{
    guint8 rest[READ_SIZE];

    (void)shutdown(fd, SHUT_RD);
    while (read(fd, rest, sizeof(rest)) > 0)
        ;
}

void
stream_free(Stream *self)
{
    Lane *lane = self->lane;

    self->freed = TRUE;
    lane_enter(lane);
    stream_stop_reading(self);
    lane_watch_free(self->watch);
    discard_input(self->fd);
    close(self->fd);
    lane_leave(lane);
    stream_input_clear(&self->input);
    stream_output_clear(&self->output);
    g_rc_box_release(self);
    lane_unref(lane);
}

Lane *
stream_get_lane(const Stream *self)
{
    return self->lane;
}

void
stream_start(Stream *self, gsize max_message_size)
{
    stream_input_init(&self->input, max_message_size, on_message, self);
    self->reading = TRUE;
    stream_update_watch(self);
}

void
stream_set_paused(Stream *self, gboolean paused)
{
    self->paused = paused;
    stream_update_watch(self);
}

/* Bytes in the socket's buffer. */
static gsize
readable(const Stream *self)
{
    int n = 0;

    return ioctl(self->fd, SIOCINQ, &n) < 0 || n < 0 ? 0 : (gsize)n;
}

gsize
stream_get_unread(const Stream *self)
{
    return readable(self) + self->input.payload.length;
}

gboolean
stream_catch_up(Stream *self, gint64 timeout)
{
    self->left = readable(self);
    if (!self->reading || self->left == 0) {
        stream_stop_reading(self);
        stream_update_watch(self);
        return FALSE;
    }
    self->catching_up = TRUE;
    self->timeout = timeout;
    restart_timer(self);
    return TRUE;
}

void
stream_finish(Stream *self)
{
    stream_stop_reading(self);
    self->finished = TRUE;
    discard_input(self->fd);
    stream_flush(self);
}
