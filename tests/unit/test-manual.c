/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every example in the manual pages of the configuration files loads: administrators copy them. */

#include "config.h"
#include "policy.h"

#include "scratch-folder.h"

#include <string.h>

#define BLOCK ".. code-block:: ini\n"

/* The literal blocks of ini in a page of reStructuredText, without their indentation. */
static GPtrArray *
read_examples(const char *page)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "docs", "man", page, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    GPtrArray *examples = g_ptr_array_new_with_free_func(g_free);

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    for (const char *start = strstr(text, BLOCK); start != NULL; start = strstr(start, BLOCK)) {
        GString *example = g_string_new(NULL);

        start += strlen(BLOCK);
        while (*start == '\n' || *start == ' ') {
            gsize length = strcspn(start, "\n");

            g_string_append_len(example, start, (gssize)length);
            g_string_append_c(example, '\n');
            start += length + (start[length] == '\n');
        }
        g_ptr_array_add(examples, g_string_free(example, FALSE));
    }
    return examples;
}

static void
assert_no_problems(const Problems *problems)
{
    for (guint i = 0; i < problems_count(problems); i++)
        g_test_message("%s", problems_get(problems, i));
    g_assert_cmpuint(problems_count(problems), ==, 0);
}

static void
test_policy_page(void)
{
    g_autoptr(GPtrArray) examples = read_examples("wsbroker-policy.5.rst");

    g_assert_cmpuint(examples->len, >=, 3);
    for (guint i = 0; i < examples->len; i++) {
        g_autoptr(ScratchFolder) scratch = scratch_folder_new();
        g_autoptr(Problems) problems = problems_new();
        g_autoptr(Policy) policy = NULL;

        scratch_folder_write(scratch, "policy.d/50-example.conf", g_ptr_array_index(examples, i), -1);
        policy = policy_load(scratch->folders, problems);
        assert_no_problems(problems);
        g_assert_nonnull(policy);
    }
}

static void
test_config_page(void)
{
    g_autoptr(GPtrArray) examples = read_examples("wsbroker.conf.5.rst");

    g_assert_cmpuint(examples->len, >=, 1);
    for (guint i = 0; i < examples->len; i++) {
        g_autoptr(ScratchFolder) scratch = scratch_folder_new();
        g_autoptr(Problems) problems = problems_new();
        g_autoptr(BrokerConfig) config = NULL;

        scratch_folder_write(scratch, "wsbroker.conf", g_ptr_array_index(examples, i), -1);
        config = broker_config_load(scratch->folders, problems);
        assert_no_problems(problems);
        g_assert_nonnull(config);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manual/policy", test_policy_page);
    g_test_add_func("/manual/config", test_config_page);
    return g_test_run();
}
