/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The ini syntax of systemd and GLib, less what would make a line mean something else than it says: no
 * escapes, no continuation, no comment after a value. A line is blank, a comment that begins with #, a
 * [section], or a key=value; anything else is an error with its line, which is why this is not GKeyFile.
 * Parsing goes on after an error, but lines below a broken heading belong to no section, never to the one
 * before it.
 */

#include "ini.h"

#include <string.h>

typedef struct Parser {
    const char *path;
    Problems *problems;
    GPtrArray *sections;
    IniSection *section;  /* NULL before the first heading and below a broken one */
    gboolean has_heading; /* a heading was seen, broken or not */
    GHashTable *seen;     /* see ini_claim_key() */
    guint line;
} Parser;

static void
entry_free(gpointer data)
{
    IniEntry *entry = data;

    g_free(entry->key);
    g_free(entry->value);
    g_free(entry);
}

static void
section_free(gpointer data)
{
    IniSection *section = data;

    g_free(section->name);
    g_ptr_array_unref(section->entries);
    g_free(section);
}

static gboolean
name_has_control(const char *name)
{
    for (const char *each = name; *each != '\0'; each = g_utf8_next_char(each))
        if (g_unichar_iscntrl(g_utf8_get_char(each)))
            return TRUE;
    return FALSE;
}

static void
parse_heading(Parser *parser, const char *line)
{
    gsize length = strlen(line);
    g_autofree char *name = NULL;

    parser->section = NULL;
    parser->has_heading = TRUE;
    if (line[length - 1] != ']') {
        problems_add(parser->problems, parser->path, parser->line, "the section has no closing bracket: %s",
                     line);
        return;
    }
    name = g_strndup(line + 1, length - 2);
    if (*name == '\0' || strpbrk(name, "[]") != NULL || name_has_control(name)) {
        problems_add(parser->problems, parser->path, parser->line,
                     "the section has no name, or a bracket or control character in it: %s", line);
        return;
    }
    parser->section = g_new0(IniSection, 1);
    parser->section->name = g_steal_pointer(&name);
    parser->section->line = parser->line;
    parser->section->entries = g_ptr_array_new_with_free_func(entry_free);
    g_ptr_array_add(parser->sections, parser->section);
}

static IniEntry *
entry_new(const char *key, const char *value, guint line)
{
    IniEntry *entry = g_new(IniEntry, 1);

    entry->key = g_strdup(key);
    entry->value = g_strstrip(g_strdup(value));
    entry->line = line;
    return entry;
}

GHashTable *
ini_seen_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

gboolean
ini_claim_key(GHashTable *seen, const char *section, const IniEntry *entry, const char *path,
              Problems *problems)
{
    g_autofree char *id = g_strconcat(section, "\n", entry->key, NULL);
    guint first = GPOINTER_TO_UINT(g_hash_table_lookup(seen, id));

    if (first != 0) {
        problems_add(
            problems, path, entry->line,
            "%s is already set in line %u for this section; write one list separated by ;, or one value",
            entry->key, first);
        return FALSE;
    }
    g_hash_table_insert(seen, g_steal_pointer(&id), GUINT_TO_POINTER(entry->line));
    return TRUE;
}

/* Two headings of one name in a file are one section: what counts is the name. */
static void
add_entry(Parser *parser, const char *key, const char *value)
{
    IniEntry *entry = entry_new(key, value, parser->line);

    if (ini_claim_key(parser->seen, parser->section->name, entry, parser->path, parser->problems))
        g_ptr_array_add(parser->section->entries, entry);
    else
        entry_free(entry);
}

static void
parse_assignment(Parser *parser, const char *line, const char *equals)
{
    g_autofree char *key = g_strchomp(g_strndup(line, (gsize)(equals - line)));

    if (*key == '\0')
        problems_add(parser->problems, parser->path, parser->line, "there is no key before the =");
    else if (!parser->has_heading)
        problems_add(parser->problems, parser->path, parser->line, "%s is set before any [section]", key);
    else if (parser->section != NULL)
        add_entry(parser, key, equals + 1);
}

/* LINE has no blanks at its ends. */
static void
parse_line(Parser *parser, const char *line)
{
    const char *equals = strchr(line, '=');

    if (*line == '\0' || *line == '#')
        return;
    if (*line == '[')
        parse_heading(parser, line);
    else if (*line == ';')
        problems_add(parser->problems, parser->path, parser->line, "a comment begins with #, not with ;");
    else if (equals != NULL)
        parse_assignment(parser, line, equals);
    else
        problems_add(parser->problems, parser->path, parser->line,
                     "the line is no [section], no key=value and no # comment: %s", line);
}

static guint
line_of(const char *text, const char *position)
{
    guint line = 1;

    for (const char *each = text; each < position; each++)
        line += *each == '\n';
    return line;
}

/* A file with bytes that are no text is not looked at further: its lines may not be what they seem. */
static gboolean
check_encoding(const char *path, const char *text, gsize length, Problems *problems)
{
    const char *carriage_return = memchr(text, '\r', length);
    const char *invalid;

    if (memchr(text, '\0', length) != NULL) {
        problems_add(problems, path, line_of(text, memchr(text, '\0', length)),
                     "there is a NUL byte in the line");
        return FALSE;
    }
    if (!g_utf8_validate_len(text, length, &invalid)) {
        problems_add(problems, path, line_of(text, invalid), "the line is no UTF-8");
        return FALSE;
    }
    if (carriage_return != NULL) {
        problems_add(problems, path, line_of(text, carriage_return),
                     "there is a carriage return in the line; lines end with a line feed alone");
        return FALSE;
    }
    return TRUE;
}

GPtrArray *
ini_parse(const char *path, const char *text, gsize length, Problems *problems)
{
    g_autoptr(GHashTable) seen = ini_seen_new();
    Parser parser = {
        .path = path,
        .problems = problems,
        .sections = g_ptr_array_new_with_free_func(section_free),
        .seen = seen,
    };
    const char *end;

    if (length == 0 || !check_encoding(path, text, length, problems))
        return parser.sections;
    end = text + length;
    for (const char *each = text; each < end;) {
        const char *newline = memchr(each, '\n', (gsize)(end - each));
        const char *line_end = newline == NULL ? end : newline;
        g_autofree char *line = g_strstrip(g_strndup(each, (gsize)(line_end - each)));

        parser.line++;
        parse_line(&parser, line);
        each = line_end + 1;
    }
    return parser.sections;
}
