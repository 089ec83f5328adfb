/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When the name service is asked. This program has a group database of its own in the C library's place,
 * which counts, and in which a group can be made between load and decision. */

#include "loaded-policy.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#define LATE_GID 4711
#define LATE_NAME "late-group"

static struct {
    gboolean group_exists;
    int error; /* what the C library would say of the system's trouble, or 0 */
    guint n_asked_by_name;
    guint n_asked_by_id;
} database;

static int
find(gboolean matches, struct group *entry, struct group **ret_found)
{
    static char name[] = LATE_NAME;
    static char *no_members[] = { NULL };

    *ret_found = NULL;
    if (database.error != 0 || !database.group_exists || !matches)
        return database.error;
    *entry = (struct group){ .gr_name = name, .gr_gid = LATE_GID, .gr_mem = no_members };
    *ret_found = entry;
    return 0;
}

int
getgrnam_r(const char *name, struct group *entry, G_GNUC_UNUSED char *buffer, G_GNUC_UNUSED size_t size,
           struct group **ret_found)
{
    database.n_asked_by_name++;
    return find(strcmp(name, LATE_NAME) == 0, entry, ret_found);
}

int
getgrgid_r(gid_t gid, struct group *entry, G_GNUC_UNUSED char *buffer, G_GNUC_UNUSED size_t size,
           struct group **ret_found)
{
    database.n_asked_by_id++;
    return find(gid == LATE_GID, entry, ret_found);
}

int
getpwuid_r(G_GNUC_UNUSED uid_t uid, G_GNUC_UNUSED struct passwd *entry, G_GNUC_UNUSED char *buffer,
           G_GNUC_UNUSED size_t size, struct passwd **ret_found)
{
    *ret_found = NULL;
    return database.error;
}

static PolicyAccess *
access_new(Policy *policy)
{
    static const gid_t groups[] = { 1, 2, LATE_GID };
    g_autoptr(Subject) subject = subject_new_for_uid(0);

    g_array_append_vals(subject->groups, groups, G_N_ELEMENTS(groups));
    policy_read_names(policy, subject);
    return policy_access_new(policy, subject);
}

static void
reset(gboolean group_exists)
{
    memset(&database, 0, sizeof database);
    database.group_exists = group_exists;
}

static void
test_never(void)
{
    g_autoptr(Policy) policy = NULL;
    g_autoptr(PolicyAccess) access = NULL;

    reset(/* group_exists= */ TRUE);
    policy = loaded_policy_new("[group 4712]\n[user no-such-user-here]\n[flatpak org.example.Chat]\n");
    access = access_new(policy);
    g_assert_false(policy_asks_names(policy));
    g_assert_cmpuint(database.n_asked_by_name + database.n_asked_by_id, ==, 0);
    g_assert_cmpstr(policy_access_section(access), ==, "none");
}

static void
test_at_load_alone(void)
{
    g_autoptr(Policy) policy = NULL;
    g_autoptr(PolicyAccess) access = NULL;

    reset(/* group_exists= */ TRUE);
    policy = loaded_policy_new("[group " LATE_NAME "]\n");
    g_assert_cmpuint(database.n_asked_by_name, ==, 1);
    access = access_new(policy);
    g_assert_false(policy_asks_names(policy));
    g_assert_cmpuint(database.n_asked_by_name, ==, 1);
    g_assert_cmpuint(database.n_asked_by_id, ==, 0);
    g_assert_cmpstr(policy_access_section(access), ==, "group " LATE_NAME);
}

/* Who was not identified is no member of anything, and nobody is asked. */
static void
test_unidentified(void)
{
    g_autoptr(Policy) policy = NULL;
    g_autoptr(PolicyAccess) access = NULL;
    g_autoptr(Subject) subject = subject_new_unidentified();

    reset(/* group_exists= */ FALSE);
    policy = loaded_policy_new("[group " LATE_NAME "]\n[unidentified]\n");
    g_assert_true(policy_asks_names(policy));
    policy_read_names(policy, subject);
    g_assert_cmpuint(database.n_asked_by_id, ==, 0);
    access = policy_access_new(policy, subject);
    g_assert_cmpstr(policy_access_section(access), ==, "unidentified");
}

static void
test_group_made_later(void)
{
    g_autoptr(Policy) policy = NULL;
    g_autoptr(Policy) reloaded = NULL;
    g_autoptr(PolicyAccess) before = NULL;
    g_autoptr(PolicyAccess) after = NULL;

    reset(/* group_exists= */ FALSE);
    policy = loaded_policy_new("[group " LATE_NAME "]\n");
    g_assert_true(policy_asks_names(policy));
    before = access_new(policy);
    g_assert_cmpuint(database.n_asked_by_id, ==, 3);
    g_assert_cmpstr(policy_access_section(before), ==, "none");

    reset(/* group_exists= */ TRUE);
    after = access_new(policy);
    g_assert_cmpuint(database.n_asked_by_id, ==, 3);
    g_assert_cmpstr(policy_access_section(after), ==, "group " LATE_NAME);
    reloaded = loaded_policy_new("[group " LATE_NAME "]\n");
    g_assert_false(policy_asks_names(reloaded));
}

/* As when descriptors have run out: that is not to have no name. */
static void
test_not_told(void)
{
    static const gid_t group = LATE_GID;
    g_autoptr(Subject) subject = subject_new_for_uid(0);

    reset(/* group_exists= */ TRUE);
    g_array_append_val(subject->groups, group);
    g_assert_true(subject_read_group_names(subject));
    g_assert_cmpuint(subject->group_names->len, ==, 1);
    database.error = EMFILE;
    g_assert_false(subject_read_group_names(subject));
    g_assert_cmpuint(subject->group_names->len, ==, 0);
    g_assert_null(subject_new_for_uid(0));
    database.error = ENOENT;
    g_assert_true(subject_read_group_names(subject));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy-names/never", test_never);
    g_test_add_func("/policy-names/at-load-alone", test_at_load_alone);
    g_test_add_func("/policy-names/unidentified", test_unidentified);
    g_test_add_func("/policy-names/group-made-later", test_group_made_later);
    g_test_add_func("/policy-names/not-told", test_not_told);
    return g_test_run();
}
