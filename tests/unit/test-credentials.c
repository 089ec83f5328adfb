/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The dictionary of GetConnectionCredentials, complete, sparse and wrong. */

#include "credentials.h"

#include "local-bus.h"
#include "scratch-message.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Fixture {
    sd_bus *bus;
    sd_bus_message *message;
    Credentials credentials;
} Fixture;

static void
set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    fixture->bus = local_bus_new();
    fixture->message = scratch_message_new(fixture->bus);
    fixture->credentials = CREDENTIALS_INIT;
}

static void
tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    credentials_clear(&fixture->credentials);
    sd_bus_message_unref(fixture->message);
    sd_bus_unref(fixture->bus);
}

static int
read_back(Fixture *fixture)
{
    scratch_message_turn(fixture->message);
    return credentials_read(fixture->message, &fixture->credentials);
}

static void
test_complete(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Credentials *credentials = &fixture->credentials;
    int fd = open("/", O_PATH | O_CLOEXEC);
    struct stat expected, actual;

    g_assert_cmpint(fstat(fd, &expected), ==, 0);
    g_assert_cmpint(sd_bus_message_append(fixture->message, "a{sv}", 6, "UnixUserID", "u", 1000, "ProcessID",
                                          "u", 4711, "UnixGroupIDs", "au", 2, 1000, 27, "LinuxSecurityLabel",
                                          "ay", 2, 'x', 0, "ProcessFD", "h", fd, "Tomorrows", "a{sv}", 0),
                    >=, 0);
    close(fd);
    g_assert_cmpint(read_back(fixture), >=, 0);
    g_assert_true(credentials->has_uid && credentials->has_pid && credentials->has_groups);
    g_assert_cmpuint(credentials->uid, ==, 1000);
    g_assert_cmpint(credentials->pid, ==, 4711);
    g_assert_cmpuint(credentials->groups->len, ==, 2);
    g_assert_cmpuint(g_array_index(credentials->groups, gid_t, 1), ==, 27);
    g_assert_cmpstr(credentials->label, ==, "x");
    /* A descriptor of its own, of the same thing. */
    g_assert_cmpint(fstat(credentials->pidfd, &actual), ==, 0);
    g_assert_cmpuint(actual.st_ino, ==, expected.st_ino);
    g_assert_cmpint(fcntl(credentials->pidfd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
}

static void
test_sparse(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_cmpint(sd_bus_message_append(fixture->message, "a{sv}", 1, "UnixUserID", "u", 0), >=, 0);
    g_assert_cmpint(read_back(fixture), >=, 0);
    g_assert_true(fixture->credentials.has_uid);
    g_assert_false(fixture->credentials.has_pid || fixture->credentials.has_groups);
    g_assert_null(fixture->credentials.label);
    g_assert_cmpint(fixture->credentials.pidfd, ==, -1);
}

/* Each key with a value of another type. */
static void
test_wrong_type(Fixture *fixture, gconstpointer data)
{
    const char *key = data;

    g_assert_cmpint(sd_bus_message_append(fixture->message, "a{sv}", 1, key, "s", "1"), >=, 0);
    g_assert_cmpint(read_back(fixture), <, 0);
}

static void
test_label(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GBytes) bytes = (gpointer)data;
    gsize length = 0;
    const void *label = g_bytes_get_data(bytes, &length);

    g_assert_cmpint(sd_bus_message_open_container(fixture->message, 'a', "{sv}"), >=, 0);
    g_assert_cmpint(sd_bus_message_open_container(fixture->message, 'e', "sv"), >=, 0);
    g_assert_cmpint(sd_bus_message_append(fixture->message, "s", "LinuxSecurityLabel"), >=, 0);
    g_assert_cmpint(sd_bus_message_open_container(fixture->message, 'v', "ay"), >=, 0);
    g_assert_cmpint(sd_bus_message_append_array(fixture->message, 'y', label, length), >=, 0);
    for (guint i = 0; i < 3; i++)
        g_assert_cmpint(sd_bus_message_close_container(fixture->message), >=, 0);
    g_assert_cmpint(read_back(fixture), <, 0);
    g_assert_null(fixture->credentials.label);
}

static void
test_no_dictionary(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_cmpint(sd_bus_message_append(fixture->message, "as", 1, "UnixUserID"), >=, 0);
    g_assert_cmpint(read_back(fixture), <, 0);
}

static void
add_labels(void)
{
    g_autofree char *large = g_strnfill(4096, 'x');
    GBytes *labels[] = { g_bytes_new("", 0), g_bytes_new("x", 1), g_bytes_new("x\0y\0", 4),
                         g_bytes_new(large, 4097) };

    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
        g_autofree char *name = g_strdup_printf("/credentials/label/%" G_GSIZE_FORMAT, i);

        g_test_add_vtable(name, sizeof(Fixture), labels[i], (GTestFixtureFunc)set_up,
                          (GTestFixtureFunc)test_label, (GTestFixtureFunc)tear_down);
    }
}

int
main(int argc, char **argv)
{
    static const char *const keys[] = { "UnixUserID", "ProcessID", "UnixGroupIDs", "LinuxSecurityLabel",
                                        "ProcessFD" };

    g_test_init(&argc, &argv, NULL);
    g_test_add("/credentials/complete", Fixture, NULL, set_up, test_complete, tear_down);
    g_test_add("/credentials/sparse", Fixture, NULL, set_up, test_sparse, tear_down);
    g_test_add("/credentials/no-dictionary", Fixture, NULL, set_up, test_no_dictionary, tear_down);
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *name = g_strconcat("/credentials/wrong-type/", keys[i], NULL);

        g_test_add(name, Fixture, keys[i], set_up, test_wrong_type, tear_down);
    }
    add_labels();
    return g_test_run();
}
