/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which files are in force, and their bytes. An administrator replaces or masks a vendor's file by its name,
 * as with systemd's drop-ins. What cannot be read is an error rather than skipped: a policy without the file
 * that denies would allow more. Files are opened without blocking and judged by what was opened, so that
 * neither a FIFO nor a device stops the service at its start.
 */

#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

void
config_folders_choose(const char *config_dir, const char *folders[CONFIG_FOLDERS_MAX + 1])
{
    static const char *const standard[] = { "/etc/wsbroker", "/run/wsbroker", "/usr/lib/wsbroker" };
    gsize n = 0;

    if (config_dir != NULL)
        folders[n++] = config_dir;
    for (gsize i = 0; config_dir == NULL && i < G_N_ELEMENTS(standard); i++)
        folders[n++] = standard[i];
    folders[n] = NULL;
}

void
config_folders_check(const char *config_dir, Problems *problems)
{
    if (config_dir && access(config_dir, F_OK) < 0)
        problems_add(problems, config_dir, 0, "the folder cannot be read: %s", g_strerror(errno));
}

static void
config_file_free(gpointer data)
{
    ConfigFile *file = data;

    g_free(file->path);
    g_free(file->label);
    g_free(file->text);
    g_free(file);
}

GPtrArray *
config_files_new(void)
{
    return g_ptr_array_new_with_free_func(config_file_free);
}

/* Reads up to the limit and one byte more, which tells a file that is too large or grows. FALSE with errno
 * set. */
static gboolean
read_all(int descriptor, GByteArray *content)
{
    guint8 block[16384];

    while (content->len <= CONFIG_FILE_MAX) {
        ssize_t count = read(descriptor, block, MIN(sizeof block, CONFIG_FILE_MAX + 1 - content->len));

        if (count == 0)
            return TRUE;
        if (count < 0 && errno != EINTR)
            return FALSE;
        if (count > 0)
            g_byte_array_append(content, block, (guint)count);
    }
    return TRUE;
}

/* Reads what DESCRIPTOR has open into CONTENT; NULL, or what is wrong (free with g_free()). */
static char *
read_regular(int descriptor, GByteArray *content)
{
    struct stat status;

    if (fstat(descriptor, &status) < 0)
        return g_strdup(g_strerror(errno));
    /* The null device masks: the file is there and empty. */
    if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3))
        return NULL;
    if (!S_ISREG(status.st_mode))
        return g_strdup("the file cannot be read: it is no regular file");
    if (!read_all(descriptor, content))
        return g_strdup_printf("the file cannot be read: %s", g_strerror(errno));
    if (content->len > CONFIG_FILE_MAX)
        return g_strdup("the file is larger than 1 MiB");
    return NULL;
}

/* Returns FALSE only if there is no such file. */
static gboolean
read_file(GPtrArray *files, const char *path, const char *label, gboolean may_be_missing, Problems *problems)
{
    g_autoptr(GByteArray) content = g_byte_array_new();
    g_autofree char *fault = NULL;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    ConfigFile *file;

    if (descriptor < 0 && errno == ENOENT && may_be_missing)
        return FALSE;
    if (descriptor < 0) {
        problems_add(problems, path, 0, "the file cannot be opened: %s", g_strerror(errno));
        return TRUE;
    }
    (void)problems_add_file(problems, path);
    fault = read_regular(descriptor, content);
    close(descriptor);
    if (fault != NULL) {
        problems_add(problems, path, 0, "%s", fault);
        return TRUE;
    }
    file = g_new(ConfigFile, 1);
    file->path = g_strdup(path);
    file->label = g_strdup(label);
    file->length = content->len;
    g_byte_array_append(content, (const guint8 *)"", 1);
    file->text = (char *)g_byte_array_free(g_steal_pointer(&content), FALSE);
    g_ptr_array_add(files, file);
    return TRUE;
}

void
config_files_add(GPtrArray *files, const char *const *folders, const char *name, Problems *problems)
{
    for (; *folders != NULL; folders++) {
        g_autofree char *path = g_build_filename(*folders, name, NULL);
        struct stat status;

        /* A dangling link is not missing: somebody meant a file to be there. */
        if (read_file(files, path, name, lstat(path, &status) < 0, problems))
            return;
    }
}

/* Adds the names in FOLDER that PATHS does not have yet: name to full path. */
static void
list_folder(GHashTable *paths, const char *folder, Problems *problems)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) directory = g_dir_open(folder, 0, &error);
    const char *name;

    if (directory == NULL) {
        if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            problems_add(problems, folder, 0, "the folder cannot be read: %s", error->message);
        return;
    }
    while ((name = g_dir_read_name(directory)) != NULL) {
        if (*name == '.' || !g_str_has_suffix(name, ".conf") || g_hash_table_contains(paths, name))
            continue;
        g_hash_table_insert(paths, g_strdup(name), g_build_filename(folder, name, NULL));
    }
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

void
config_files_add_folder(GPtrArray *files, const char *const *folders, const char *subfolder,
                        Problems *problems)
{
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GList) names = NULL;

    for (; *folders != NULL; folders++) {
        g_autofree char *folder = g_build_filename(*folders, subfolder, NULL);

        list_folder(paths, folder, problems);
    }
    names = g_list_sort(g_hash_table_get_keys(paths), compare_names);
    for (const GList *each = names; each != NULL; each = each->next) {
        const char *path = g_hash_table_lookup(paths, each->data);
        g_autofree char *label = g_build_filename(subfolder, each->data, NULL);

        if (!g_utf8_validate(label, -1, NULL))
            problems_add(problems, path, 0, "the file's name is no UTF-8");
        else
            read_file(files, path, label, FALSE, problems);
    }
}
