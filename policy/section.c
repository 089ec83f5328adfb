/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a section says, and the table of the keys that say it. Files are merged as they are read: each
 * assignment is applied to the section in the order of the files, so that "accumulate", "clear" and "the last
 * one" are what the assignments do and need no second pass. What was written is kept beside what it means, so
 * that the policy in force can be shown line by line.
 */

#include "section.h"

#include "config.h"
#include "value.h"

#include <string.h>

#define PERMISSION_INTERNET "INTERNET"

typedef struct KeySyntax KeySyntax;

typedef struct Assignment {
    const KeySyntax *key;
    const IniEntry *entry;
    const char *path;
    const char *rule; /* outlives the assignment as long as this is the key's last one */
    Problems *problems;
} Assignment;

struct KeySyntax {
    const char *name;
    void (*assign)(Section *section, const Assignment *assignment);
    gsize offset;         /* in Section */
    gboolean is_list;     /* a PatternSet */
    gboolean needs_proof; /* not in sections that anybody could match */
};

Section *
section_new(const SectionKind *kind, const char *heading, const char *rule, guint order)
{
    Section *section = g_new0(Section, 1);

    section->kind = kind;
    section->heading = g_strdup(heading);
    section->rule = g_strdup(rule);
    section->order = order;
    section->allow = pattern_set_new();
    section->deny = pattern_set_new();
    section->proxies = pattern_set_new();
    section->allow_direct = TRUE;
    return section;
}

void
section_free(Section *section)
{
    if (section == NULL)
        return;
    g_free(section->heading);
    g_free(section->rule);
    pattern_set_free(section->allow);
    pattern_set_free(section->deny);
    pattern_set_free(section->proxies);
    for (gsize i = 0; i < N_SECTION_KEYS; i++) {
        g_free(section->settings[i].value);
        g_free(section->settings[i].rule);
    }
    g_free(section);
}

G_GNUC_PRINTF(2, 3)
static void
add_problem(const Assignment *assignment, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list arguments;

    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    problems_add(assignment->problems, assignment->path, assignment->entry->line, "%s: %s",
                 assignment->entry->key, what);
}

/* NULL, and a problem, for a list with an empty item. */
static char **
split_list(const Assignment *assignment)
{
    char **items = value_split_list(assignment->entry->value);

    if (items == NULL)
        add_problem(assignment, "there is an empty item in the list");
    return items;
}

static void
assign_permissions(Section *section, const Assignment *assignment)
{
    g_auto(GStrv) items = split_list(assignment);

    if (items == NULL)
        return;
    for (char **item = items; *item != NULL; item++)
        if (strcmp(*item, PERMISSION_INTERNET) != 0)
            add_problem(assignment, "unknown permission \"%s\"; write INTERNET or nothing", *item);
    section->permission = *items == NULL ? PERMISSION_DENIED : PERMISSION_GRANTED;
}

static void
assign_list(Section *section, const Assignment *assignment, Pattern *(*parse)(const char *, GError **))
{
    PatternSet *set = G_STRUCT_MEMBER(PatternSet *, section, assignment->key->offset);
    g_auto(GStrv) items = split_list(assignment);

    if (items != NULL && *items == NULL)
        pattern_set_clear(set);
    for (char **item = items; item != NULL && *item != NULL; item++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Pattern) pattern = parse(*item, &error);

        if (pattern == NULL)
            add_problem(assignment, "\"%s\": %s", *item, error->message);
        else
            pattern_set_add(set, pattern, *item, assignment->rule);
    }
}

static void
assign_domains(Section *section, const Assignment *assignment)
{
    assign_list(section, assignment, pattern_parse);
}

static void
assign_proxies(Section *section, const Assignment *assignment)
{
    assign_list(section, assignment, pattern_parse_proxy);
}

static void
assign_boolean(Section *section, const Assignment *assignment)
{
    if (!value_parse_boolean(assignment->entry->value,
                             &G_STRUCT_MEMBER(gboolean, section, assignment->key->offset)))
        add_problem(assignment, "write yes or no");
}

static void
assign_limit(Section *section, const Assignment *assignment)
{
    PolicyLimit *limit = &G_STRUCT_MEMBER(PolicyLimit, section, assignment->key->offset);
    g_autofree char *syntax = NULL;

    limit->set = broker_config_parse_limit(assignment->key->name, assignment->entry->value, &limit->amount,
                                           &limit->interval, &syntax);
    limit->rule = assignment->rule;
    if (!limit->set)
        add_problem(assignment, "the value is wrong; it takes %s", syntax);
}

static void
assign_mode(Section *section, const Assignment *assignment)
{
    const char *value = assignment->entry->value;

    if (strcmp(value, "enforce") != 0 && strcmp(value, "report") != 0)
        add_problem(assignment, "write enforce or report");
    section->reports = strcmp(value, "report") == 0;
}

#define MEMBER(name) G_STRUCT_OFFSET(Section, name)

/* clang-format off */
static const KeySyntax keys[N_SECTION_KEYS] = {
    [SECTION_KEY_PERMISSIONS] = { "Permissions", assign_permissions, 0, FALSE, FALSE },
    [SECTION_KEY_ALLOW_DOMAINS] = { "AllowDomains", assign_domains, MEMBER(allow), TRUE, FALSE },
    [SECTION_KEY_DENY_DOMAINS] = { "DenyDomains", assign_domains, MEMBER(deny), TRUE, FALSE },
    [SECTION_KEY_ALLOW_LOCAL_ADDRESSES] =
        { "AllowLocalAddresses", assign_boolean, MEMBER(allow_local), FALSE, FALSE },
    [SECTION_KEY_ALLOW_PROXIES] = { "AllowProxies", assign_proxies, MEMBER(proxies), TRUE, FALSE },
    [SECTION_KEY_ALLOW_DIRECT] = { "AllowDirect", assign_boolean, MEMBER(allow_direct), FALSE, FALSE },
    [SECTION_KEY_MAX_CONNECTIONS] =
        { "MaxConnections", assign_limit, MEMBER(limits.connections), FALSE, FALSE },
    [SECTION_KEY_MAX_CONNECT_RATE] =
        { "MaxConnectRate", assign_limit, MEMBER(limits.connect_rate), FALSE, FALSE },
    [SECTION_KEY_MAX_PENDING_HANDSHAKES] =
        { "MaxPendingHandshakes", assign_limit, MEMBER(limits.pending_handshakes), FALSE, FALSE },
    [SECTION_KEY_MAX_MESSAGE_SIZE] =
        { "MaxMessageSize", assign_limit, MEMBER(limits.message_size), FALSE, FALSE },
    [SECTION_KEY_MAX_BUFFERED_BYTES] =
        { "MaxBufferedBytes", assign_limit, MEMBER(limits.buffered_bytes), FALSE, FALSE },
    [SECTION_KEY_MODE] = { "Mode", assign_mode, 0, FALSE, FALSE },
    [SECTION_KEY_SKIP_CERTIFICATE_CHECK] =
        { "SkipCertificateCheck", assign_boolean, MEMBER(skip_certificate_check), FALSE, TRUE },
    [SECTION_KEY_ADMINISTRATOR] = { "Administrator", assign_boolean, MEMBER(administrator), FALSE, TRUE },
};
/* clang-format on */

static char *
list_keys(void)
{
    GString *names = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        g_string_append_printf(names, "%s%s", i == 0 ? "" : ", ", keys[i].name);
    return g_string_free(names, FALSE);
}

static const KeySyntax *
find_key(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

/* Keeps what was written; returns the copy of RULE. */
static const char *
remember(Setting *setting, const char *value, const char *rule)
{
    g_free(setting->value);
    g_free(setting->rule);
    setting->value = g_strdup(value);
    setting->rule = g_strdup(rule);
    return setting->rule;
}

void
section_assign(Section *section, const IniEntry *entry, const char *path, const char *rule,
               Problems *problems)
{
    const KeySyntax *key = find_key(entry->key);
    Assignment assignment = { .key = key, .entry = entry, .path = path, .rule = rule, .problems = problems };

    if (key == NULL) {
        g_autofree char *names = list_keys();

        add_problem(&assignment, "unknown key; known are %s", names);
        return;
    }
    if (key->needs_proof && section->kind != NULL && !section_kind_is_proof(section->kind))
        add_problem(&assignment, "[%s] cannot have this: whoever matches it has proved no more than a user",
                    section->heading);
    if (!key->is_list)
        assignment.rule = remember(&section->settings[key - keys], entry->value, rule);
    key->assign(section, &assignment);
}

const char *
section_rule(const Section *section, SectionKey key)
{
    return section->settings[key].rule;
}

static void
append_list(const Section *section, const KeySyntax *key, GArray *lines)
{
    const PatternSet *set = G_STRUCT_MEMBER(PatternSet *, section, key->offset);

    for (guint i = 0; i < pattern_set_count(set); i++) {
        const PatternRule *item = pattern_set_get(set, i);
        const PolicyLine line = { section->heading, key->name, item->text, item->rule };

        g_array_append_val(lines, line);
    }
}

void
section_append_lines(const Section *section, GArray *lines)
{
    const PolicyLine heading = { section->heading, NULL, NULL, section->rule };

    g_array_append_val(lines, heading);
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        const PolicyLine line = { section->heading, keys[i].name, section->settings[i].value,
                                  section->settings[i].rule };

        if (keys[i].is_list)
            append_list(section, &keys[i], lines);
        else if (line.rule != NULL)
            g_array_append_val(lines, line);
    }
}
