/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Properties as text. The tool shows what the service says without knowing each name, so that one of a later
 * version is shown too.
 */

#include "value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of the variant's contents, a basic type. */
static int
format_basic(sd_bus_message *m, char type, char **ret)
{
    union {
        const char *string;
        uint64_t number; /* sd-bus writes the low bytes of a shorter one */
        uint32_t number32;
        uint16_t number16;
        int boolean;
    } value = { .number = 0 };
    int r = sd_bus_message_read_basic(m, type, &value);

    if (r < 0)
        return r;
    switch (type) {
    case 's':
    case 'o':
        r = asprintf(ret, "%s", value.string);
        break;
    case 'b':
        r = asprintf(ret, "%s", value.boolean ? "true" : "false");
        break;
    case 'q':
        r = asprintf(ret, "%" PRIu16, value.number16);
        break;
    case 'u':
        r = asprintf(ret, "%" PRIu32, value.number32);
        break;
    default:
        r = asprintf(ret, "%" PRIu64, value.number);
        break;
    }
    return r < 0 ? -ENOMEM : 0;
}

/* Returns 1 for a value, 0 for one that is passed over. */
static int
read_value(sd_bus_message *m, Value *value)
{
    const char *contents;
    int r;

    r = sd_bus_message_peek_type(m, NULL, &contents);
    if (r < 0)
        return r;
    if (strlen(contents) != 1 || !strchr("sobqut", contents[0])) {
        r = sd_bus_message_skip(m, "v");
        return r < 0 ? r : 0;
    }
    value->is_string = contents[0] == 's' || contents[0] == 'o';
    r = sd_bus_message_enter_container(m, 'v', contents);
    if (r >= 0)
        r = format_basic(m, contents[0], &value->text);
    if (r >= 0)
        r = sd_bus_message_exit_container(m);
    return r < 0 ? r : 1;
}

static int
read_entry(sd_bus_message *m, Dictionary *dictionary)
{
    Entry entry = { 0 }, *entries;
    const char *key;
    int r;

    r = sd_bus_message_read_basic(m, 's', &key);
    if (r < 0)
        return r;
    entries = reallocarray(dictionary->entries, dictionary->n + 1, sizeof(*entries));
    if (!entries)
        return -ENOMEM;
    dictionary->entries = entries;
    entry.key = strdup(key);
    r = entry.key ? read_value(m, &entry.value) : -ENOMEM;
    if (r > 0)
        entries[dictionary->n++] = entry;
    else {
        free(entry.key);
        free(entry.value.text);
    }
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

int
dictionary_read(sd_bus_message *m, Dictionary *ret)
{
    int r;

    *ret = (Dictionary){ 0 };
    r = sd_bus_message_enter_container(m, 'a', "{sv}");
    if (r < 0)
        return r;
    while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
        r = read_entry(m, ret);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

void
dictionary_clear(Dictionary *dictionary)
{
    for (size_t i = 0; i < dictionary->n; i++) {
        free(dictionary->entries[i].key);
        free(dictionary->entries[i].value.text);
    }
    free(dictionary->entries);
    *dictionary = (Dictionary){ 0 };
}

const char *
dictionary_get(const Dictionary *dictionary, const char *key)
{
    for (size_t i = 0; i < dictionary->n; i++)
        if (strcmp(dictionary->entries[i].key, key) == 0)
            return dictionary->entries[i].value.text;
    return "";
}

uint64_t
dictionary_get_number(const Dictionary *dictionary, const char *key)
{
    return strtoull(dictionary_get(dictionary, key), NULL, 10);
}

size_t
dictionary_key_width(const Dictionary *dictionary)
{
    size_t width = 0;

    for (size_t i = 0; i < dictionary->n; i++) {
        size_t length = strlen(dictionary->entries[i].key);

        width = length > width ? length : width;
    }
    return width;
}

void
value_print_line(const char *key, size_t width, const char *text, Colour colour)
{
    printf("%*s: ", (int)width, key);
    output_begin_colour(stdout, colour);
    output_escaped(stdout, text, strlen(text));
    output_end_colour(stdout, colour);
    putchar('\n');
}

void
dictionary_print_json(const Dictionary *dictionary)
{
    for (size_t i = 0; i < dictionary->n; i++) {
        const Entry *entry = &dictionary->entries[i];

        printf("%s", i > 0 ? "," : "");
        output_json_string(entry->key, strlen(entry->key));
        putchar(':');
        if (entry->value.is_string)
            output_json_string(entry->value.text, strlen(entry->value.text));
        else
            printf("%s", entry->value.text);
    }
}
