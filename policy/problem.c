/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Configuration is read to its end before it is judged, so that an administrator sees every error at once.
 * The list is text only: whoever reads it prints it or counts it, and nothing decides by what an error says.
 * A file is gone through more than once, first for its syntax, so errors are found in another order than that of the
 * lines, in which they are wanted.
 */

#include "problem.h"

typedef struct Problem {
    guint file; /* its number, in the order in which files were named */
    guint line;
    guint order; /* in which problems were found */
    char *text;
} Problem;

struct Problems {
    GHashTable *files;   /* of char *path to its number, from 1 */
    GSequence *sequence; /* of Problem, sorted */
};

static void
problem_free(gpointer data)
{
    Problem *problem = data;

    g_free(problem->text);
    g_free(problem);
}

static int
problem_compare(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Problem *problem_a = a;
    const Problem *problem_b = b;

    (void)user_data;
    if (problem_a->file != problem_b->file)
        return problem_a->file < problem_b->file ? -1 : 1;
    if (problem_a->line != problem_b->line)
        return problem_a->line < problem_b->line ? -1 : 1;
    return (problem_a->order > problem_b->order) - (problem_a->order < problem_b->order);
}

Problems *
problems_new(void)
{
    Problems *problems = g_new(Problems, 1);

    problems->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    problems->sequence = g_sequence_new(problem_free);
    return problems;
}

void
problems_free(Problems *problems)
{
    if (problems == NULL)
        return;
    g_hash_table_unref(problems->files);
    g_sequence_free(problems->sequence);
    g_free(problems);
}

guint
problems_add_file(Problems *problems, const char *path)
{
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(problems->files, path));

    if (number != 0)
        return number;
    number = g_hash_table_size(problems->files) + 1;
    g_hash_table_insert(problems->files, g_strdup(path), GUINT_TO_POINTER(number));
    return number;
}

void
problems_add(Problems *problems, const char *path, guint line, const char *format, ...)
{
    g_autofree char *what = NULL;
    g_autofree char *text = NULL;
    Problem *problem = g_new(Problem, 1);
    va_list arguments;

    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    text = line == 0 ? g_strdup_printf("%s: %s", path, what) : g_strdup_printf("%s:%u: %s", path, line, what);
    *problem = (Problem){
        .file = problems_add_file(problems, path),
        .line = line,
        .order = problems_count(problems),
        /* Names of files need not be UTF-8, and these texts travel over D-Bus. */
        .text = g_utf8_make_valid(text, -1),
    };
    g_sequence_insert_sorted(problems->sequence, problem, problem_compare, /* cmp_data= */ NULL);
}

guint
problems_count(const Problems *problems)
{
    return (guint)g_sequence_get_length(problems->sequence);
}

const char *
problems_get(const Problems *problems, guint index)
{
    const Problem *problem;

    g_return_val_if_fail(index < problems_count(problems), NULL);
    problem = g_sequence_get(g_sequence_get_iter_at_pos(problems->sequence, (int)index));
    return problem->text;
}
