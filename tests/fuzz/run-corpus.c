/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * In the place of libFuzzer, so that every build runs the targets. With a folder: feeds a target with each file of that
 * corpus, with each beginning of it, and with it after one of its bytes was changed, the same in every run. With a file,
 * or standard input: feeds it with that alone, which is what AFL++ wants, and what tells whether a crash is mended.
 */

#include "fuzz.h"

#include <glib.h>
#include <unistd.h>

/* Of a longer file not every byte is changed and not every beginning is tried. */
enum { VARIED_BYTES_MAX = 2048 };

static const guint8 changes[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '\n', ' ', '*' };

/* From memory of exactly that size, so that a sanitizer sees a byte read too many. */
static void
feed(const guint8 *data, gsize length)
{
    g_autofree guint8 *copy = g_memdup2(data, length);

    (void)LLVMFuzzerTestOneInput(copy ? copy : (const guint8 *)"", length);
}

static void
feed_variants(guint8 *bytes, gsize length)
{
    gsize step = 1 + (length / VARIED_BYTES_MAX);

    for (gsize end = 0; end <= length; end += step)
        feed(bytes, end);
    for (gsize i = 0; i < length; i += step) {
        const guint8 original = bytes[i];

        for (gsize j = 0; j < G_N_ELEMENTS(changes); j++) {
            bytes[i] = changes[j];
            feed(bytes, length);
        }
        bytes[i] = original;
    }
    feed(bytes, length);
}

static void
feed_file(const char *path, gboolean variants)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &text, &length, &error))
        g_error("%s", error->message);
    if (variants)
        feed_variants((guint8 *)text, length);
    else
        feed((const guint8 *)text, length);
}

static guint
feed_folder(const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    const char *name = NULL;
    guint count = 0;

    if (!dir)
        g_error("%s", error->message);
    for (; (name = g_dir_read_name(dir)) != NULL; count++) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        feed_file(path, /* variants= */ TRUE);
    }
    return count;
}

static void
feed_standard_input(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 buffer[4096];
    gssize n;

    while ((n = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0)
        g_byte_array_append(bytes, buffer, (guint)n);
    feed(bytes->data, bytes->len);
}

int
main(int argc, char **argv)
{
    guint count = 1;

    if (argc != 2)
        feed_standard_input();
    else if (g_file_test(argv[1], G_FILE_TEST_IS_DIR))
        count = feed_folder(argv[1]);
    else
        feed_file(argv[1], /* variants= */ FALSE);
    g_print("%u files\n", count);
    return count > 0 ? 0 : 1;
}
