/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * "There is no such account" and "I could not find out" are kept apart: a rule for the first can wait for the
 * account to be made, a rule for the second must not be passed over.
 */

#include "name.h"

#include <gio/gio.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#define UNIT_NAME_MAX 255
#define ACCOUNT_NAME_MAX 256
#define SNAP_NAME_MAX 40
#define SNAP_INSTANCE_KEY_MAX 10
#define ENTRY_MIN ((gsize)1024)
#define ENTRY_MAX ((gsize)1024 * 1024)

/* The types of units that have processes in a cgroup of their own. */
static const char *const unit_suffixes[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

const char *
name_unit_fault(const char *name)
{
    gsize length = strlen(name);

    if (length == 0 || length > UNIT_NAME_MAX)
        return "a unit's name has 1 to 255 bytes";
    for (const char *each = name; *each != '\0'; each++)
        if (!g_ascii_isalnum(*each) && strchr(":-_.\\@", *each) == NULL)
            return "a unit's name has ASCII letters, digits and :-_.\\@ only";
    for (gsize i = 0; i < G_N_ELEMENTS(unit_suffixes); i++) {
        gsize suffix_length = strlen(unit_suffixes[i]);

        if (!g_str_has_suffix(name, unit_suffixes[i]) || length == suffix_length)
            continue;
        if (name[length - suffix_length - 1] == '@')
            return "a template has no processes; name an instance of it";
        return NULL;
    }
    return "a unit's name is given in full, such as chat.service";
}

const char *
name_flatpak_fault(const char *id)
{
    const char *dot = strchr(id, '.');

    if (!g_dbus_is_name(id) || g_dbus_is_unique_name(id))
        return "an application's ID is dotted words of letters, digits, _ and -, such as org.example.Chat";
    if (strchr(dot + 1, '.') == NULL)
        return "an application's ID has at least two dots, such as org.example.Chat";
    return NULL;
}

/* Letters and digits, with single hyphens between them. */
static gboolean
is_hyphenated(const char *text, gsize length)
{
    if (length == 0 || text[0] == '-' || text[length - 1] == '-')
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && (text[i] != '-' || text[i + 1] == '-'))
            return FALSE;
    return TRUE;
}

static gboolean
has_upper(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (g_ascii_isupper(text[i]))
            return TRUE;
    return FALSE;
}

const char *
name_snap_fault(const char *name)
{
    gsize length = strcspn(name, "_.");
    const char *rest = name + length;

    if (!is_hyphenated(name, length) || has_upper(name, length) || length > SNAP_NAME_MAX ||
        strspn(name, "0123456789-") == length)
        return "a Snap's name has 1 to 40 lower-case letters, digits and single hyphens, and a letter";
    if (*rest == '_') {
        gsize key_length = strspn(rest + 1, "abcdefghijklmnopqrstuvwxyz0123456789");

        rest += 1 + key_length;
        if (key_length == 0 || key_length > SNAP_INSTANCE_KEY_MAX || (*rest != '\0' && *rest != '.'))
            return "a Snap's instance key has 1 to 10 lower-case letters and digits";
    }
    if (*rest == '.' && !is_hyphenated(rest + 1, strlen(rest + 1)))
        return "an application's name in a Snap has letters, digits and single hyphens";
    return NULL;
}

gboolean
name_is_account(const char *name)
{
    gsize length = strlen(name);

    if (length == 0 || length > ACCOUNT_NAME_MAX || !g_utf8_validate(name, -1, NULL))
        return FALSE;
    if (strchr("+-", name[0]) != NULL || g_ascii_isspace(name[0]) || g_ascii_isspace(name[length - 1]) ||
        strpbrk(name, ",:*/") != NULL)
        return FALSE;
    for (const char *each = name; *each != '\0'; each = g_utf8_next_char(each))
        if (g_unichar_iscntrl(g_utf8_get_char(each)))
            return FALSE;
    return TRUE;
}

gboolean
name_parse_id(const char *text, guint32 *ret_id)
{
    guint64 id;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &id, NULL))
        return FALSE;
    *ret_id = (guint32)id;
    return TRUE;
}

/* A question to the name service: one of both is known, the other is to be found. */
typedef struct Account {
    const char *name;
    guint32 id;
    char *found_name; /* owned */
} Account;

/* One of getpwnam_r() and its like; returns what that returns. */
typedef int (*ReadFunction)(Account *account, char *buffer, gsize size, gboolean *ret_found);

static int
read_user_by_name(Account *account, char *buffer, gsize size, gboolean *ret_found)
{
    struct passwd entry;
    struct passwd *found = NULL;
    int error = getpwnam_r(account->name, &entry, buffer, size, &found);

    *ret_found = error == 0 && found != NULL;
    if (*ret_found)
        account->id = entry.pw_uid;
    return error;
}

static int
read_group_by_name(Account *account, char *buffer, gsize size, gboolean *ret_found)
{
    struct group entry;
    struct group *found = NULL;
    int error = getgrnam_r(account->name, &entry, buffer, size, &found);

    *ret_found = error == 0 && found != NULL;
    if (*ret_found)
        account->id = entry.gr_gid;
    return error;
}

static int
read_user_by_id(Account *account, char *buffer, gsize size, gboolean *ret_found)
{
    struct passwd entry;
    struct passwd *found = NULL;
    int error = getpwuid_r(account->id, &entry, buffer, size, &found);

    *ret_found = error == 0 && found != NULL;
    if (*ret_found)
        account->found_name = g_utf8_make_valid(entry.pw_name, -1);
    return error;
}

static int
read_group_by_id(Account *account, char *buffer, gsize size, gboolean *ret_found)
{
    struct group entry;
    struct group *found = NULL;
    int error = getgrgid_r(account->id, &entry, buffer, size, &found);

    *ret_found = error == 0 && found != NULL;
    if (*ret_found)
        account->found_name = g_utf8_make_valid(entry.gr_name, -1);
    return error;
}

/* Asks with a buffer that grows until the entry, of a group with many members say, fits. */
static NameLookup
look_up(ReadFunction read, Account *account)
{
    gboolean found = FALSE;
    int error = ERANGE;

    for (gsize size = ENTRY_MIN; error == ERANGE && size <= ENTRY_MAX; size *= 2) {
        g_autofree char *buffer = g_malloc(size);

        error = read(account, buffer, size, &found);
    }
    if (found)
        return NAME_FOUND;
    /* What says that there is no entry differs by name service. */
    return error == 0 || error == ENOENT || error == ESRCH ? NAME_UNKNOWN : NAME_FAILED;
}

NameLookup
name_find_user(const char *name, uid_t *ret_uid)
{
    Account account = { .name = name };
    NameLookup lookup = look_up(read_user_by_name, &account);

    if (lookup == NAME_FOUND)
        *ret_uid = account.id;
    return lookup;
}

NameLookup
name_find_group(const char *name, gid_t *ret_gid)
{
    Account account = { .name = name };
    NameLookup lookup = look_up(read_group_by_name, &account);

    if (lookup == NAME_FOUND)
        *ret_gid = account.id;
    return lookup;
}

NameLookup
name_of_user(uid_t uid, char **ret_name)
{
    Account account = { .id = uid };
    NameLookup lookup = look_up(read_user_by_id, &account);

    *ret_name = account.found_name;
    return lookup;
}

NameLookup
name_of_group(gid_t gid, char **ret_name)
{
    Account account = { .id = gid };
    NameLookup lookup = look_up(read_group_by_id, &account);

    *ret_name = account.found_name;
    return lookup;
}
