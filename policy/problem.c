/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Configuration is read to its end before it is judged, so that an administrator sees every error at once.
 * The list is text only: whoever reads it prints it or counts it, and nothing decides by what an error says.
 */

#include "problem.h"

struct Problems {
    GPtrArray *texts;
};

Problems *
problems_new(void)
{
    Problems *problems = g_new(Problems, 1);

    problems->texts = g_ptr_array_new_with_free_func(g_free);
    return problems;
}

void
problems_free(Problems *problems)
{
    if (problems == NULL)
        return;
    g_ptr_array_unref(problems->texts);
    g_free(problems);
}

void
problems_add(Problems *problems, const char *path, guint line, const char *format, ...)
{
    g_autofree char *what = NULL;
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    text = line == 0 ? g_strdup_printf("%s: %s", path, what) : g_strdup_printf("%s:%u: %s", path, line, what);
    /* Names of files need not be UTF-8, and these texts travel over D-Bus. */
    g_ptr_array_add(problems->texts, g_utf8_make_valid(text, -1));
}

guint
problems_count(const Problems *problems)
{
    return problems->texts->len;
}

const char *
problems_get(const Problems *problems, guint index)
{
    g_return_val_if_fail(index < problems->texts->len, NULL);
    return g_ptr_array_index(problems->texts, index);
}
