/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which files are in force: priority, masking, order, and what is no file to read. */

#include "files.h"

#include "scratch-folder.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Fixture {
    ScratchFolder *high;
    ScratchFolder *low;
    const char *folders[4];
    Problems *problems;
    GPtrArray *files;
} Fixture;

static void
set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    fixture->high = scratch_folder_new();
    fixture->low = scratch_folder_new();
    fixture->folders[0] = fixture->high->path;
    fixture->folders[1] = "/nonexistent/wsbroker";
    fixture->folders[2] = fixture->low->path;
    fixture->problems = problems_new();
    fixture->files = config_files_new();
}

static void
tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_ptr_array_unref(fixture->files);
    problems_free(fixture->problems);
    scratch_folder_free(fixture->low);
    scratch_folder_free(fixture->high);
}

/* "label=text label=text" of what was read. */
static char *
describe(const Fixture *fixture)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < fixture->files->len; i++) {
        const ConfigFile *file = g_ptr_array_index(fixture->files, i);

        g_assert_cmpuint(strlen(file->text), ==, file->length);
        g_string_append_printf(text, "%s%s=%s", i == 0 ? "" : " ", file->label, file->text);
    }
    return g_string_free(text, FALSE);
}

static void
assert_files(Fixture *fixture, const char *expected)
{
    g_autofree char *description = NULL;

    config_files_add_folder(fixture->files, fixture->folders, "d", fixture->problems);
    for (guint i = 0; i < problems_count(fixture->problems); i++)
        g_test_message("%s", problems_get(fixture->problems, i));
    g_assert_cmpuint(problems_count(fixture->problems), ==, 0);
    description = describe(fixture);
    g_assert_cmpstr(description, ==, expected);
}

static void
assert_problem(Fixture *fixture, const char *name, const char *what)
{
    g_autofree char *prefix = g_strdup_printf("%s/%s: ", fixture->high->path, name);

    config_files_add_folder(fixture->files, fixture->folders, "d", fixture->problems);
    g_assert_cmpuint(problems_count(fixture->problems), ==, 1);
    g_test_message("%s", problems_get(fixture->problems, 0));
    g_assert_true(g_str_has_prefix(problems_get(fixture->problems, 0), prefix));
    g_assert_nonnull(strstr(problems_get(fixture->problems, 0), what));
}

static void
test_none(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_files(fixture, "");
}

static void
test_order_is_by_name(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    scratch_folder_write(fixture->high, "d/20.conf", "b", -1);
    scratch_folder_write(fixture->low, "d/10.conf", "a", -1);
    scratch_folder_write(fixture->low, "d/30.conf", "c", -1);
    scratch_folder_write(fixture->low, "d/B.conf", "d", -1);
    scratch_folder_write(fixture->low, "d/a.conf", "e", -1);
    assert_files(fixture, "d/10.conf=a d/20.conf=b d/30.conf=c d/B.conf=d d/a.conf=e");
}

static void
test_higher_replaces(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *path = scratch_folder_path(fixture->high, "d/10.conf");
    const ConfigFile *file;

    scratch_folder_write(fixture->high, "d/10.conf", "high", -1);
    scratch_folder_write(fixture->low, "d/10.conf", "low", -1);
    assert_files(fixture, "d/10.conf=high");
    file = g_ptr_array_index(fixture->files, 0);
    g_assert_cmpstr(file->path, ==, path);
}

static void
test_masked(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *link = scratch_folder_path(fixture->high, "d/20.conf");

    scratch_folder_write(fixture->high, "d/10.conf", "", -1);
    g_assert_cmpint(symlink("/dev/null", link), ==, 0);
    scratch_folder_write(fixture->low, "d/10.conf", "a", -1);
    scratch_folder_write(fixture->low, "d/20.conf", "b", -1);
    scratch_folder_write(fixture->low, "d/30.conf", "c", -1);
    assert_files(fixture, "d/10.conf= d/20.conf= d/30.conf=c");
}

static void
test_other_names(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    scratch_folder_write(fixture->high, "d/README", "x", -1);
    scratch_folder_write(fixture->high, "d/10.conf.bak", "x", -1);
    scratch_folder_write(fixture->high, "d/10.conf~", "x", -1);
    scratch_folder_write(fixture->high, "d/.10.conf", "x", -1);
    scratch_folder_write(fixture->high, "d/10.CONF", "x", -1);
    assert_files(fixture, "");
}

static void
test_symbolic_link(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *link = scratch_folder_path(fixture->high, "d/10.conf");

    scratch_folder_write(fixture->high, "elsewhere", "x", -1);
    g_assert_cmpint(symlink("../elsewhere", link), ==, 0);
    assert_files(fixture, "d/10.conf=x");
}

static void
test_dangling_link(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *link = scratch_folder_path(fixture->high, "d/10.conf");

    g_assert_cmpint(symlink("missing", link), ==, 0);
    scratch_folder_write(fixture->low, "d/10.conf", "low", -1);
    assert_problem(fixture, "d/10.conf", "cannot be opened");
}

static void
test_fifo(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *path = scratch_folder_path(fixture->high, "d/10.conf");

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    assert_problem(fixture, "d/10.conf", "no regular file");
}

static void
test_folder_as_file(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    scratch_folder_write(fixture->high, "d/10.conf/x", "", -1);
    assert_problem(fixture, "d/10.conf", "no regular file");
}

static void
test_device(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *link = scratch_folder_path(fixture->high, "d/10.conf");

    g_assert_cmpint(symlink("/dev/zero", link), ==, 0);
    assert_problem(fixture, "d/10.conf", "no regular file");
}

static void
test_file_as_folder(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    scratch_folder_write(fixture->high, "d", "", -1);
    assert_problem(fixture, "d", "folder cannot be read");
}

static void
test_name_is_no_utf8(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    scratch_folder_write(fixture->high, "d/\xff.conf", "x", -1);
    assert_problem(fixture, "d/\xef\xbf\xbd.conf", "no UTF-8");
}

static void
test_size(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *text = g_strnfill(CONFIG_FILE_MAX + 1, '#');
    const ConfigFile *file;

    scratch_folder_write(fixture->low, "d/10.conf", text, CONFIG_FILE_MAX);
    config_files_add_folder(fixture->files, fixture->folders, "d", fixture->problems);
    g_assert_cmpuint(fixture->files->len, ==, 1);
    file = g_ptr_array_index(fixture->files, 0);
    g_assert_cmpuint(file->length, ==, CONFIG_FILE_MAX);
    scratch_folder_write(fixture->high, "d/20.conf", text, CONFIG_FILE_MAX + 1);
    assert_problem(fixture, "d/20.conf", "larger than 1 MiB");
}

/* Root reads anything, so this shows nothing for it. */
static void
test_unreadable(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *path = scratch_folder_path(fixture->high, "d/10.conf");

    if (geteuid() == 0) {
        g_test_skip("root may read every file");
        return;
    }
    scratch_folder_write(fixture->high, "d/10.conf", "x", -1);
    g_assert_cmpint(chmod(path, 0), ==, 0);
    assert_problem(fixture, "d/10.conf", "cannot be opened");
}

static void
test_single(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *description = NULL;

    config_files_add(fixture->files, fixture->folders, "f.conf", fixture->problems);
    g_assert_cmpuint(fixture->files->len, ==, 0);
    scratch_folder_write(fixture->low, "f.conf", "low", -1);
    config_files_add(fixture->files, fixture->folders, "f.conf", fixture->problems);
    scratch_folder_write(fixture->high, "f.conf", "high", -1);
    config_files_add(fixture->files, fixture->folders, "f.conf", fixture->problems);
    description = describe(fixture);
    g_assert_cmpstr(description, ==, "f.conf=low f.conf=high");
    g_assert_cmpuint(problems_count(fixture->problems), ==, 0);
}

static void
test_single_dangling(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *link = scratch_folder_path(fixture->high, "f.conf");

    g_assert_cmpint(symlink("missing", link), ==, 0);
    scratch_folder_write(fixture->low, "f.conf", "low", -1);
    config_files_add(fixture->files, fixture->folders, "f.conf", fixture->problems);
    g_assert_cmpuint(fixture->files->len, ==, 0);
    g_assert_cmpuint(problems_count(fixture->problems), ==, 1);
}

static const struct Test {
    const char *path;
    void (*function)(Fixture *fixture, gconstpointer data);
} tests[] = {
    { "/files/none", test_none },
    { "/files/order-is-by-name", test_order_is_by_name },
    { "/files/higher-replaces", test_higher_replaces },
    { "/files/masked", test_masked },
    { "/files/other-names", test_other_names },
    { "/files/symbolic-link", test_symbolic_link },
    { "/files/dangling-link", test_dangling_link },
    { "/files/fifo", test_fifo },
    { "/files/folder-as-file", test_folder_as_file },
    { "/files/device", test_device },
    { "/files/file-as-folder", test_file_as_folder },
    { "/files/name-is-no-utf8", test_name_is_no_utf8 },
    { "/files/size", test_size },
    { "/files/unreadable", test_unreadable },
    { "/files/single", test_single },
    { "/files/single-dangling", test_single_dangling },
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].function, tear_down);
    return g_test_run();
}
