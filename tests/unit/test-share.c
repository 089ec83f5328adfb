/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* That what is scarce is never used up: however many have taken all they may, the next finds something. */

#include "share.h"

enum { USERS = 8, APPLICATIONS = 4, CONNECTIONS = 30 };

typedef struct Fixture {
    Share *whole;
    GPtrArray *shares; /* owned here */
} Fixture;

static void
set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    fixture->whole = share_new();
    fixture->shares = g_ptr_array_new_with_free_func((GDestroyNotify)share_unref);
}

/* Each share asserts that it has nothing left when it goes. */
static void
tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    for (guint i = 0; i < fixture->shares->len; i++) {
        Share *share = g_ptr_array_index(fixture->shares, i);

        for (int kind = 0; kind < SHARE_KINDS; kind++)
            share_return(share, kind, share_used(share, kind));
    }
    g_ptr_array_unref(fixture->shares);
    share_unref(fixture->whole);
}

static Share *
add_share(Fixture *fixture, uid_t uid, const char *section)
{
    Share *share = share_new_connection(fixture->whole, uid, section);

    g_ptr_array_add(fixture->shares, share);
    return share;
}

static gsize
take_all(Share *share, ShareKind kind)
{
    gsize limit = share_limit(share, kind), used = share_used(share, kind);

    if (limit > used)
        share_take(share, kind, limit - used);
    return limit;
}

static void
test_parts(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    gsize whole = share_limit(fixture->whole, SHARE_UNREAD);
    Share *first = add_share(fixture, 1, "a"), *second = add_share(fixture, 1, "a");
    Share *of_another_application = add_share(fixture, 1, "b"), *of_another_user = add_share(fixture, 2, "a");

    g_assert_cmpuint(take_all(first, SHARE_UNREAD), ==, whole / 3 / 2 / 4);
    g_assert_cmpuint(share_limit(first, SHARE_UNREAD), ==, whole / 3 / 2 / 4);
    g_assert_cmpuint(share_limit(second, SHARE_UNREAD), ==, (whole / 6 - whole / 24) / 4);
    g_assert_cmpuint(share_limit(of_another_application, SHARE_UNREAD), ==, (whole / 3 - whole / 24) / 8);
    g_assert_cmpuint(share_limit(of_another_user, SHARE_UNREAD), ==, (whole - whole / 24 + 23) / 24);
    g_assert_cmpuint(share_limit(of_another_user, SHARE_HELD), ==,
                     (share_limit(fixture->whole, SHARE_HELD) + 23) / 24);
}

static void
test_whoever_comes_late(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    for (uid_t user = 1; user <= USERS; user++)
        for (guint application = 0; application < APPLICATIONS; application++)
            for (guint i = 0; i < CONNECTIONS; i++) {
                g_autofree char *section = g_strdup_printf("flatpak %u", application);

                g_assert_cmpuint(take_all(add_share(fixture, user, section), SHARE_UNREAD), >, 0);
            }
    g_assert_cmpuint(share_used(fixture->whole, SHARE_UNREAD), <=, share_limit(fixture->whole, SHARE_UNREAD));
    g_assert_cmpuint(share_limit(add_share(fixture, 0, "user *"), SHARE_UNREAD), >, 64 * 1024);
}

/* More may be taken than there is, by one message that is larger; the others then find nothing, not a number that has
 * wrapped. */
static void
test_too_much(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Share *large = add_share(fixture, 1, "a"), *other = add_share(fixture, 2, "a");

    share_take(large, SHARE_UNREAD, 2 * share_limit(fixture->whole, SHARE_UNREAD));
    g_assert_cmpuint(share_limit(other, SHARE_UNREAD), ==, 0);
    share_return(large, SHARE_UNREAD, share_used(large, SHARE_UNREAD));
    g_assert_cmpuint(share_limit(other, SHARE_UNREAD), >, 0);
}

static void
test_last_place(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    Share *hog = add_share(fixture, 1, "a"), *other = add_share(fixture, 2, "a");

    share_take(hog, SHARE_QUESTIONS, share_limit(fixture->whole, SHARE_QUESTIONS) - 1);
    g_assert_cmpuint(share_limit(other, SHARE_QUESTIONS), ==, 1);
}

#define ADD(name, test) g_test_add("/share/" name, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("parts", test_parts);
    ADD("whoever-comes-late", test_whoever_comes_late);
    ADD("too-much", test_too_much);
    ADD("last-place", test_last_place);
    return g_test_run();
}
