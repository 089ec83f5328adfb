/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaders are tested on real files, since half of what they promise is about what a file is. */

#include "scratch-folder.h"

#include <ftw.h>
#include <glib/gstdio.h>

ScratchFolder *
scratch_folder_new(void)
{
    ScratchFolder *scratch = g_new0(ScratchFolder, 1);
    g_autoptr(GError) error = NULL;

    scratch->path = g_dir_make_tmp("wsbroker-test-XXXXXX", &error);
    g_assert_no_error(error);
    scratch->folders[0] = scratch->path;
    return scratch;
}

static int
remove_entry(const char *path, G_GNUC_UNUSED const struct stat *status, G_GNUC_UNUSED int type,
             G_GNUC_UNUSED struct FTW *position)
{
    return g_remove(path);
}

void
scratch_folder_free(ScratchFolder *scratch)
{
    g_assert_cmpint(nftw(scratch->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS), ==, 0);
    g_free(scratch->path);
    g_free(scratch);
}

char *
scratch_folder_path(const ScratchFolder *scratch, const char *name)
{
    char *path = g_build_filename(scratch->path, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    return path;
}

void
scratch_folder_write(const ScratchFolder *scratch, const char *name, const char *text, gssize length)
{
    g_autofree char *path = scratch_folder_path(scratch, name);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(path, text, length, &error));
    g_assert_no_error(error);
}
