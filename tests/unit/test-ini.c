/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ini syntax, and that every fault has its line. */

#include "ini.h"

#include <string.h>

/* Sections and entries as "[name]@line key=value@line". */
static char *
describe(const GPtrArray *sections)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < sections->len; i++) {
        const IniSection *section = g_ptr_array_index(sections, i);

        g_string_append_printf(text, "[%s]@%u ", section->name, section->line);
        for (guint j = 0; j < section->entries->len; j++) {
            const IniEntry *entry = g_ptr_array_index(section->entries, j);

            g_string_append_printf(text, "%s=%s@%u ", entry->key, entry->value, entry->line);
        }
    }
    return g_strchomp(g_string_free(text, FALSE));
}

#define NUL "\0"

static const struct Case {
    const char *text;
    gsize length; /* 0: up to NUL */
    const char *sections;
    const char *lines; /* of the problems */
} cases[] = {
    { "", 0, "", "" },
    { "\n\n", 0, "", "" },
    { "[a]\nk=v\n", 0, "[a]@1 k=v@2", "" },
    { "[a]\nk=v", 0, "[a]@1 k=v@2", "" },
    { "# c\n\n  # d\n[a]\n", 0, "[a]@4", "" },
    { "[a]\n  k  =  v w  \n", 0, "[a]@1 k=v w@2", "" },
    { "\t[a]\t\n", 0, "[a]@1", "" },
    { "[a]\nk=\n", 0, "[a]@1 k=@2", "" },
    { "[a]\nk=v=w\n", 0, "[a]@1 k=v=w@2", "" },
    { "[a]\nk=v # no comment\n", 0, "[a]@1 k=v # no comment@2", "" },
    { "[a]\nk=v\\n\\\nl=w\n", 0, "[a]@1 k=v\\n\\@2 l=w@3", "" },
    { "[a]\nk=\"v\"\n", 0, "[a]@1 k=\"v\"@2", "" },
    { "[a]\nk=ü\n", 0, "[a]@1 k=ü@2", "" },
    { "[a b *]\n", 0, "[a b *]@1", "" },
    { "[a]\nk=1\n[b]\nk=2\n[a]\nl=3\n", 0, "[a]@1 k=1@2 [b]@3 k=2@4 [a]@5 l=3@6", "" },

    { "k=v\n[a]\n", 0, "[a]@2", "1" },
    { "[a]\nk=1\nk=2\n", 0, "[a]@1 k=1@2", "3" },
    { "[a]\nk=1\n[b]\n[a]\nk=2\n", 0, "[a]@1 k=1@2 [b]@3 [a]@4", "5" },
    { "[a]\n=v\n", 0, "[a]@1", "2" },
    { "[a]\nk\n", 0, "[a]@1", "2" },
    { "; c\n[a]\n", 0, "[a]@2", "1" },
    { "[a]\n;k=v\n", 0, "[a]@1", "2" },
    { "[a\nk=v\n", 0, "", "1" },
    { "[a] # c\nk=v\n", 0, "", "1" },
    { "[]\nk=v\n", 0, "", "1" },
    { "[\nk=v\n", 0, "", "1" },
    { "[a]]\n", 0, "", "1" },
    { "[[a]\n", 0, "", "1" },
    { "[a\tb]\n", 0, "", "1" },
    { "[a]\nk=1\n[b\nk=2\nl=3\n[c]\n", 0, "[a]@1 k=1@2 [c]@6", "3" },
    { "x\ny\n[a]\nz\nk=v\n", 0, "[a]@3 k=v@5", "1 2 4" },
    { "\xef\xbb\xbf[a]\n", 0, "", "1" },
    { "[a]\r\nk=v\r\n", 0, "", "1" },
    { "[a]\nk=v\rl=w\n", 0, "", "2" },
    { "[a]\n\nk=\xff\n", 0, "", "3" },
    { "[a]\nk=\xc0\xaf\n", 0, "", "2" },
    { "[a]\nk=v" NUL "w\n", 11, "", "2" },
    { NUL, 1, "", "1" },
};

static void
test_parse(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Problems) problems = problems_new();
        gsize length = cases[i].length > 0 ? cases[i].length : strlen(cases[i].text);
        /* On the heap, so that a sanitizer sees a read past its end. */
        g_autofree char *text = g_memdup2(cases[i].text, length);
        g_autoptr(GPtrArray) sections = ini_parse("/f", text, length, problems);
        g_autofree char *description = describe(sections);
        g_auto(GStrv) lines = g_strsplit(cases[i].lines, " ", -1);

        g_test_message("case %" G_GSIZE_FORMAT ": %s", i, cases[i].sections);
        g_assert_cmpstr(description, ==, cases[i].sections);
        g_assert_cmpuint(problems_count(problems), ==, g_strv_length(lines));
        for (guint j = 0; j < problems_count(problems); j++) {
            g_autofree char *prefix = g_strdup_printf("/f:%s: ", lines[j]);

            g_assert_true(g_str_has_prefix(problems_get(problems, j), prefix));
        }
    }
}

static void
test_repetition_names_the_first(void)
{
    const char *text = "[a]\n\nKey=1\nKey=2\n";
    g_autoptr(Problems) problems = problems_new();
    g_autoptr(GPtrArray) sections = ini_parse("/f", text, strlen(text), problems);

    g_assert_cmpuint(sections->len, ==, 1);
    g_assert_cmpuint(problems_count(problems), ==, 1);
    g_assert_nonnull(strstr(problems_get(problems, 0), "Key is already set in line 3"));
}

static void
test_problems(void)
{
    g_autoptr(Problems) problems = problems_new();

    problems_add(problems, "/a", 7, "%s", "wrong");
    problems_add(problems, "/b\xff", 0, "unreadable");
    g_assert_cmpuint(problems_count(problems), ==, 2);
    g_assert_cmpstr(problems_get(problems, 0), ==, "/a:7: wrong");
    g_assert_cmpstr(problems_get(problems, 1), ==, "/b\xef\xbf\xbd: unreadable");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ini/parse", test_parse);
    g_test_add_func("/ini/repetition-names-the-first", test_repetition_names_the_first);
    g_test_add_func("/ini/problems", test_problems);
    return g_test_run();
}
