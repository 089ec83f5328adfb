/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A configuration folder of the test's own, which is removed with all that is in it. */
typedef struct ScratchFolder {
    char *path;
    const char *folders[2]; /* PATH and NULL, as the loaders take it */
} ScratchFolder;

ScratchFolder *scratch_folder_new(void);
void scratch_folder_free(ScratchFolder *scratch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScratchFolder, scratch_folder_free)

/* Writes TEXT, of LENGTH bytes or to its NUL if -1, to NAME, such as "policy.d/50-chat.conf", within it. */
void scratch_folder_write(const ScratchFolder *scratch, const char *name, const char *text, gssize length);

/* The full path of NAME, whose folder is made. Free with g_free(). */
char *scratch_folder_path(const ScratchFolder *scratch, const char *name);
