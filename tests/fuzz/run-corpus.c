/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * In the place of libFuzzer, so that every build runs the targets: feeds one with each file of a corpus, with each
 * beginning of it, and with it after one of its bytes was changed. The same in every run.
 */

#include "fuzz.h"

#include <glib.h>

static const guint8 changes[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '\n', ' ', '*' };

/* From memory of exactly that size, so that a sanitizer sees a byte read too many. */
static void
feed(const guint8 *data, gsize length)
{
    g_autofree guint8 *copy = g_memdup2(data, length);

    (void)LLVMFuzzerTestOneInput(copy ? copy : (const guint8 *)"", length);
}

static void
feed_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &text, &length, &error))
        g_error("%s", error->message);
    for (gsize end = 0; end <= length; end++)
        feed((const guint8 *)text, end);
    for (gsize i = 0; i < length; i++) {
        const char original = text[i];

        for (gsize j = 0; j < G_N_ELEMENTS(changes); j++) {
            text[i] = (char)changes[j];
            feed((const guint8 *)text, length);
        }
        text[i] = original;
    }
}

int
main(int argc, char **argv)
{
    const char *folder = argc == 2 ? argv[1] : "";
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    const char *name = NULL;
    guint count = 0;

    if (!dir)
        g_error("%s", error->message);
    for (; (name = g_dir_read_name(dir)) != NULL; count++) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        feed_file(path);
    }
    g_print("%u files\n", count);
    return count > 0 ? 0 : 1;
}
