/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signs of life as the service manager receives them: from a loop that turns, and from no other. */

#include "watchdog.h"

#include "scratch-folder.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define INTERVAL_MS 20
#define INTERVAL "20000" /* µs */

typedef struct Manager {
    ScratchFolder *scratch;
    GMainContext *context;
    int socket;
} Manager;

static void
set_up(Manager *manager, G_GNUC_UNUSED gconstpointer data)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *path = NULL;

    manager->scratch = scratch_folder_new();
    manager->context = g_main_context_new();
    path = scratch_folder_path(manager->scratch, "notify");
    g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof(address.sun_path)), <,
                     sizeof(address.sun_path));
    manager->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(manager->socket, >=, 0);
    g_assert_cmpint(bind(manager->socket, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_setenv("NOTIFY_SOCKET", path, TRUE);
    g_setenv("WATCHDOG_USEC", INTERVAL, TRUE);
    g_unsetenv("WATCHDOG_PID");
}

static void
tear_down(Manager *manager, G_GNUC_UNUSED gconstpointer data)
{
    g_unsetenv("NOTIFY_SOCKET");
    g_unsetenv("WATCHDOG_USEC");
    g_unsetenv("WATCHDOG_PID");
    close(manager->socket);
    g_main_context_unref(manager->context);
    scratch_folder_free(manager->scratch);
}

static void
destroy(GSource *source)
{
    g_source_destroy(source);
    g_source_unref(source);
}

/* Whether a message came within TIMEOUT milliseconds; if so, it was a sign of life. */
static gboolean
heard(const Manager *manager, int timeout)
{
    struct pollfd readable = { .fd = manager->socket, .events = POLLIN };
    char message[64] = "";

    if (poll(&readable, 1, timeout) == 0)
        return FALSE;
    g_assert_cmpint(recv(manager->socket, message, sizeof(message) - 1, 0), >, 0);
    g_assert_cmpstr(message, ==, "WATCHDOG=1");
    return TRUE;
}

static void
test_turning_loop(Manager *manager, G_GNUC_UNUSED gconstpointer data)
{
    GSource *watchdog = watchdog_source_new(manager->context);

    g_assert_nonnull(watchdog);
    for (guint signs = 0; signs < 3; signs += heard(manager, 0))
        g_main_context_iteration(manager->context, TRUE);
    destroy(watchdog);
    g_assert_false(g_main_context_pending(manager->context));
}

/* Each turn that is made gives one sign at most, however long it took. */
static void
test_hung_loop(Manager *manager, G_GNUC_UNUSED gconstpointer data)
{
    GSource *watchdog = watchdog_source_new(manager->context);

    g_assert_false(heard(manager, 5 * INTERVAL_MS));
    g_main_context_iteration(manager->context, TRUE);
    g_assert_true(heard(manager, 0));
    g_assert_false(heard(manager, 5 * INTERVAL_MS));
    destroy(watchdog);
}

/* Nobody watches; another process is watched, which this one was started by; nonsense. */
static void
test_unwatched(Manager *manager, G_GNUC_UNUSED gconstpointer data)
{
    g_setenv("WATCHDOG_PID", "1", TRUE);
    g_assert_null(watchdog_source_new(manager->context));
    g_unsetenv("WATCHDOG_PID");
    g_setenv("WATCHDOG_USEC", "soon", TRUE);
    g_test_expect_message("wsbroker", G_LOG_LEVEL_WARNING, "*watchdog*not understood*");
    g_assert_null(watchdog_source_new(manager->context));
    g_test_assert_expected_messages();
    g_unsetenv("WATCHDOG_USEC");
    g_assert_null(watchdog_source_new(manager->context));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/watchdog/turning-loop", Manager, NULL, set_up, test_turning_loop, tear_down);
    g_test_add("/watchdog/hung-loop", Manager, NULL, set_up, test_hung_loop, tear_down);
    g_test_add("/watchdog/unwatched", Manager, NULL, set_up, test_unwatched, tear_down);
    return g_test_run();
}
