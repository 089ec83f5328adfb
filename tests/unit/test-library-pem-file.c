/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whatever a path of the application's names: read whole, or refused at once. */

#include "pem-file.h"

#include "bytes.h"
#include "scratch-folder.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
assert_read(const char *path, gconstpointer bytes, gsize length)
{
    void *read_bytes = NULL;
    size_t read_length = 0;

    g_assert_cmpint(pem_file_read(path, &read_bytes, &read_length), ==, 0);
    assert_bytes(read_bytes, read_length, bytes, length);
    free(read_bytes);
}

static void
assert_refused(const char *path, int error)
{
    void *bytes = NULL;
    size_t length = 17;

    g_assert_cmpint(pem_file_read(path, &bytes, &length), ==, error);
    g_assert_null(bytes);
    g_assert_cmpuint(length, ==, 17);
}

static void
test_sizes(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autofree char *path = scratch_folder_path(scratch, "file.pem");
    g_autofree char *bytes = g_strnfill(PEM_FILE_MAX + 1, 'x');
    static const gsize sizes[] = { 0, 1, PEM_FILE_MAX };

    bytes[0] = '\0';
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        scratch_folder_write(scratch, "file.pem", bytes, (gssize)sizes[i]);
        assert_read(path, bytes, sizes[i]);
    }
    scratch_folder_write(scratch, "file.pem", bytes, (gssize)PEM_FILE_MAX + 1);
    assert_refused(path, -EFBIG);
}

/* A file of the kernel's says that it is empty, whatever there is to read. */
static void
test_size_is_not_believed(void)
{
    static const char endless[] = "/proc/kallsyms";
    g_autofree char *text = NULL;
    gsize length = 0;

    g_assert_true(g_file_get_contents("/proc/self/cmdline", &text, &length, NULL));
    assert_read("/proc/self/cmdline", text, length);
    g_clear_pointer(&text, g_free);
    if (!g_file_get_contents(endless, &text, &length, NULL) || length <= PEM_FILE_MAX)
        g_test_skip("no large file of the kernel's to read");
    else
        assert_refused(endless, -EFBIG);
}

static void
test_no_file(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autofree char *path = scratch_folder_path(scratch, "fifo");

    assert_refused("", -ENOENT);
    assert_refused(path, -ENOENT);
    assert_refused(scratch->path, -EBADF);
    assert_refused("/dev/zero", -EBADF);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    assert_refused(path, -EBADF);
}

static void
test_link(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autofree char *path = scratch_folder_path(scratch, "link");

    g_assert_cmpint(symlink("file.pem", path), ==, 0);
    assert_refused(path, -ENOENT);
    scratch_folder_write(scratch, "file.pem", "pem", -1);
    assert_read(path, "pem", 3);
}

static void
test_unreadable(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autofree char *path = scratch_folder_path(scratch, "file.pem");

    if (geteuid() == 0) {
        g_test_skip("root reads everything");
        return;
    }
    scratch_folder_write(scratch, "file.pem", "pem", -1);
    g_assert_cmpint(g_chmod(path, 0), ==, 0);
    assert_refused(path, -EACCES);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/pem-file/sizes", test_sizes);
    g_test_add_func("/library/pem-file/size-is-not-believed", test_size_is_not_believed);
    g_test_add_func("/library/pem-file/no-file", test_no_file);
    g_test_add_func("/library/pem-file/link", test_link);
    g_test_add_func("/library/pem-file/unreadable", test_unreadable);
    return g_test_run();
}
