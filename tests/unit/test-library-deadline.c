/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is to happen at a time: in order of time, once, and not after it was taken back. */

#include "deadline.h"

#include <glib.h>

typedef struct Entry {
    Deadline deadline;
    DeadlineList *list;
    GString *heard;
    const char *name;
} Entry;

static void
on_passed(void *userdata)
{
    Entry *entry = userdata;

    g_assert_false(deadline_is_set(&entry->deadline));
    g_string_append(entry->heard, entry->name);
    /* A turn has an end, whatever is set anew in it. */
    if (g_str_equal(entry->name, "again "))
        deadline_set(entry->list, &entry->deadline, G_USEC_PER_SEC);
}

static void
test_order(void)
{
    static const struct {
        const char *name;
        guint64 timeout_usec;
    } rows[] = {
        { "third ", 3000 },   { "first ", 1000 },  { "never ", UINT64_MAX },
        { "cleared ", 1500 }, { "second ", 2000 }, { "again ", 4000 },
    };
    DeadlineList list = TAILQ_HEAD_INITIALIZER(list);
    g_autoptr(GString) heard = g_string_new(NULL);
    Entry entries[G_N_ELEMENTS(rows)];

    g_assert_cmpuint(deadlines_next(&list), ==, UINT64_MAX);
    g_assert_cmpint(deadlines_run(&list), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        entries[i] = (Entry){ .list = &list, .heard = heard, .name = rows[i].name };
        deadline_init(&entries[i].deadline, on_passed, &entries[i]);
        deadline_set(&list, &entries[i].deadline, G_USEC_PER_SEC);
        deadline_set(&list, &entries[i].deadline, rows[i].timeout_usec);
    }
    deadline_clear(&list, &entries[3].deadline);
    deadline_clear(&list, &entries[3].deadline);
    g_assert_cmpuint(deadlines_next(&list), ==, entries[1].deadline.usec);
    while (!g_str_has_suffix(heard->str, "again "))
        (void)deadlines_run(&list);
    g_assert_cmpstr(heard->str, ==, "first second third again ");
    g_assert_cmpuint(deadlines_next(&list), ==, entries[5].deadline.usec);
    deadline_clear(&list, &entries[5].deadline);
    g_assert_cmpuint(deadlines_next(&list), ==, UINT64_MAX);
}

static void
test_after(void)
{
    g_assert_cmpuint(deadline_after(UINT64_MAX), ==, UINT64_MAX);
    g_assert_cmpuint(deadline_after(UINT64_MAX - 1), ==, UINT64_MAX);
    g_assert_cmpuint(deadline_after(0), <=, now_usec());
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/deadline/order", test_order);
    g_test_add_func("/library/deadline/after", test_after);
    return g_test_run();
}
