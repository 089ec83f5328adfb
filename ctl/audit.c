/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerctl audit: what the service wrote to the journal of its decisions. Entries are found by their
 * message identifiers and by the service's unit: any process can write an entry with such an identifier, but
 * the unit is journald's own word. Whoever may read the journal (root, the groups adm and systemd-journal)
 * may read this.
 */

#include "ctl.h"
#include "moment.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define SERVICE_UNIT "_SYSTEMD_UNIT=wsbroker.service"

enum { LINES_BEFORE_FOLLOWING = 10 };

/* The messages of the service, as in its catalogue. */
static const struct Kind {
    const char *id;
    const char *name;
    bool refusals; /* is shown by --refused, a decision only if it has a code */
} kinds[] = {
    { "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a001", "decision", true },
    { "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a002", "policy", false },
    { "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a003", "no-certificate-check", false },
    { "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a004", "suppressed", true },
    { "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a005", "suppressed-allowed", false },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The fields of the service's messages, and what they are in JSON. */
static const struct {
    const char *field;
    const char *member;
    bool is_number;
} members[] = {
    { "WSBROKER_OUTCOME", "outcome", false },
    { "WSBROKER_SUBJECT", "subject", false },
    { "WSBROKER_UID", "uid", true },
    { "WSBROKER_HOST", "host", false },
    { "WSBROKER_PORT", "port", true },
    { "WSBROKER_CODE", "code", true },
    { "WSBROKER_RULE", "rule", false },
    { "WSBROKER_GENERATION", "generation", true },
    { "WSBROKER_SUPPRESSED", "suppressed", true },
    { "MESSAGE", "message", false },
};

/* The value of FIELD of the entry that JOURNAL is at, or NULL. It lasts until the next call. */
static const char *
get_field(sd_journal *journal, const char *field, size_t *ret_length)
{
    size_t name_length = strlen(field) + 1; /* with the "=" */
    const void *data;
    size_t length;

    if (sd_journal_get_data(journal, field, &data, &length) < 0 || length < name_length)
        return NULL;
    *ret_length = length - name_length;
    return (const char *)data + name_length;
}

static bool
field_is(sd_journal *journal, const char *field, const char *expected)
{
    size_t length;
    const char *value = get_field(journal, field, &length);

    return value && length == strlen(expected) && memcmp(value, expected, length) == 0;
}

static const struct Kind *
find_kind(sd_journal *journal)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (field_is(journal, "MESSAGE_ID", kinds[i].id))
            return &kinds[i];
    return NULL;
}

static bool
is_wanted(sd_journal *journal, const Arguments *arguments, const struct Kind *kind)
{
    return kind && (!arguments->refused || (kind->refusals && !field_is(journal, "WSBROKER_CODE", "0")));
}

static bool
is_number(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return length > 0 && (length == 1 || text[0] != '0');
}

static void
print_json(sd_journal *journal, uint64_t usec, const struct Kind *kind)
{
    char date[MOMENT_SIZE];

    printf("{\"time\":\"%s\",\"kind\":\"%s\"", moment_to_utc(usec, date), kind->name);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        size_t length;
        const char *value = get_field(journal, members[i].field, &length);

        if (!value || (members[i].is_number && !is_number(value, length)))
            continue;
        printf(",\"%s\":", members[i].member);
        if (members[i].is_number)
            printf("%.*s", (int)length, value);
        else
            output_json_string(value, length);
    }
    printf("}\n");
}

static void
print_text(sd_journal *journal, uint64_t usec)
{
    size_t length = 0;
    const char *message = get_field(journal, "MESSAGE", &length);
    char date[MOMENT_SIZE];

    printf("%s  ", moment_to_local(usec, date));
    output_escaped(stdout, message ? message : "", length);
    putchar('\n');
}

/* Prints the entry that JOURNAL is at, if it is wanted. Returns 1 if it was printed, 0, or a negative
 * errno. */
static int
print_entry(sd_journal *journal, const Arguments *arguments)
{
    const struct Kind *kind = find_kind(journal);
    uint64_t usec;
    int r;

    if (!is_wanted(journal, arguments, kind))
        return 0;
    r = sd_journal_get_realtime_usec(journal, &usec);
    if (r < 0)
        return r;
    if (arguments->json)
        print_json(journal, usec, kind);
    else
        print_text(journal, usec);
    return 1;
}

static int
add_matches(sd_journal *journal)
{
    int r = sd_journal_add_match(journal, SERVICE_UNIT, /* size= */ 0);

    for (size_t i = 0; r >= 0 && i < N_KINDS; i++) {
        char match[64];

        snprintf(match, sizeof(match), "MESSAGE_ID=%s", kinds[i].id);
        r = sd_journal_add_match(journal, match, /* size= */ 0);
    }
    return r;
}

/* Puts JOURNAL before the first entry to be shown. */
static int
seek_start(sd_journal *journal, const Arguments *arguments)
{
    int r;

    if (arguments->since_usec != SINCE_UNSET)
        return sd_journal_seek_realtime_usec(journal, arguments->since_usec);
    if (!arguments->follow)
        return sd_journal_seek_head(journal);
    r = sd_journal_seek_tail(journal);
    if (r >= 0)
        r = sd_journal_previous_skip(journal, LINES_BEFORE_FOLLOWING + 1);
    /* With fewer than that, all are shown. */
    return r >= 0 && r <= LINES_BEFORE_FOLLOWING ? sd_journal_seek_head(journal) : r;
}

/* Prints to the end of the journal, and with --follow goes on from there until a signal ends the program.
 * Returns 1 if anything was printed, 0, or a negative errno. */
static int
print_all(sd_journal *journal, const Arguments *arguments)
{
    int printed = 0;
    int r;

    for (;;) {
        r = sd_journal_next(journal);
        if (r > 0)
            r = print_entry(journal, arguments);
        else if (r == 0 && !arguments->follow)
            return printed;
        else if (r == 0)
            r = output_flush() ? sd_journal_wait(journal, /* timeout_usec= */ UINT64_MAX) : -EIO;
        if (r < 0)
            return r;
        printed = printed || r > 0;
    }
}

static ExitStatus
print_journal(sd_journal *journal, const Arguments *arguments)
{
    int r = add_matches(journal);

    if (r >= 0)
        r = seek_start(journal, arguments);
    if (r >= 0)
        r = print_all(journal, arguments);
    if (r < 0) {
        output_problem("the journal cannot be read: %s", strerror(-r));
        return EXIT_FAILED;
    }
    if (r == 0)
        output_note("nothing was found%s",
                    geteuid() == 0 ? "" : "; only root and the groups adm and systemd-journal see it all");
    return output_flush() ? EXIT_OK : EXIT_FAILED;
}

ExitStatus
ctl_audit(const Arguments *arguments)
{
    sd_journal *journal = NULL;
    ExitStatus status;
    int r = arguments->directory ? sd_journal_open_directory(&journal, arguments->directory, /* flags= */ 0)
                                 : sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);

    if (r < 0) {
        output_problem("the journal cannot be opened: %s", strerror(-r));
        return EXIT_FAILED;
    }
    status = print_journal(journal, arguments);
    sd_journal_close(journal);
    return status;
}
