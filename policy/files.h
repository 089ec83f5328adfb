/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "problem.h"

#include <glib.h>

#define CONFIG_FILE_MAX ((gsize)1024 * 1024)

#define CONFIG_FOLDERS_MAX 3

/* Fills FOLDERS, as all loaders take it: CONFIG_DIR alone, which is borrowed, or, where it is NULL, the
 * folders of administrator, runtime and vendor in this order of priority. */
void config_folders_choose(const char *config_dir, const char *folders[CONFIG_FOLDERS_MAX + 1]);

/* Appends to PROBLEMS if CONFIG_DIR (NULL: none was named) is missing: to read nothing there would be a policy too. */
void config_folders_check(const char *config_dir, Problems *problems);

/* A configuration file, read. */
typedef struct ConfigFile {
    char *path;  /* in full, for administrators */
    char *label; /* within its configuration folder, "policy.d/50-chat.conf", for applications */
    char *text;  /* LENGTH bytes and a NUL */
    gsize length;
} ConfigFile;

/*
 * Reads NAME from the first of FOLDERS (highest priority first, NULL-terminated) that has it, and appends it
 * to FILES, which config_files_new() made. A missing file is no error; anything else is appended to PROBLEMS.
 */
void config_files_add(GPtrArray *files, const char *const *folders, const char *name, Problems *problems);

/*
 * Reads all files *.conf of the subfolder SUBFOLDER of FOLDERS and appends them to FILES, sorted by the bytes
 * of their names, whichever folder each is from. A file in a higher folder replaces the one of the same name
 * in a lower one; if it is empty or a symbolic link to /dev/null, that leaves none. Hidden files are left
 * out. Only regular files of at most CONFIG_FILE_MAX bytes are taken. A missing folder is no error; any other
 * folder or file that cannot be read is appended to PROBLEMS.
 */
void config_files_add_folder(GPtrArray *files, const char *const *folders, const char *subfolder,
                             Problems *problems);

/* An empty array of ConfigFile. Free with g_ptr_array_unref(). */
GPtrArray *config_files_new(void);
