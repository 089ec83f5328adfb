/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is appended is read again as a caller would read it. */

#include "bus-append.h"

#include "bus.h"

#include "bytes.h"
#include "local-bus.h"
#include "scratch-message.h"

#include <string.h>

typedef struct Fixture {
    sd_bus *bus;
    sd_bus_message *message;
} Fixture;

static void
set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    fixture->bus = local_bus_new();
    fixture->message = scratch_message_new(fixture->bus);
}

static void
tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    sd_bus_message_unref(fixture->message);
    sd_bus_unref(fixture->bus);
}

static void
test_text(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    const char *text = NULL;

    g_assert_cmpint(bus_append_text(fixture->message, "caf\xe9"), >=, 0);
    scratch_message_turn(fixture->message);
    g_assert_cmpint(sd_bus_message_read(fixture->message, "s", &text), >, 0);
    g_assert_cmpstr(text, ==, "caf\xc3\xa9");
}

/* Appends the variant's strings to LIST, each with '|' behind it. */
static void
read_values(sd_bus_message *message, GString *list)
{
    const char *type = NULL, *value = NULL;

    g_assert_cmpint(sd_bus_message_peek_type(message, NULL, &type), >, 0);
    g_string_append_printf(list, "%s ", type);
    g_assert_cmpint(sd_bus_message_enter_container(message, 'v', type), >, 0);
    if (g_str_equal(type, "as"))
        g_assert_cmpint(sd_bus_message_enter_container(message, 'a', "s"), >, 0);
    while (sd_bus_message_read_basic(message, 's', &value) > 0)
        g_string_append_printf(list, "%s|", value);
    if (g_str_equal(type, "as"))
        g_assert_cmpint(sd_bus_message_exit_container(message), >, 0);
    g_assert_cmpint(sd_bus_message_exit_container(message), >, 0);
}

/* A dictionary of headers as "name=type value|… ", in the order of the message. */
static char *
read_headers(sd_bus_message *message)
{
    GString *list = g_string_new(NULL);
    const char *name = NULL;

    g_assert_cmpint(sd_bus_message_enter_container(message, 'a', "{sv}"), >, 0);
    while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
        g_assert_cmpint(sd_bus_message_read_basic(message, 's', &name), >, 0);
        g_string_append_printf(list, "%s=", name);
        read_values(message, list);
        g_string_append_c(list, ' ');
        g_assert_cmpint(sd_bus_message_exit_container(message), >, 0);
    }
    g_assert_cmpint(sd_bus_message_exit_container(message), >, 0);
    return g_string_free(list, FALSE);
}

static HeaderList *
some_headers(void)
{
    HeaderList *headers = header_list_new();

    header_list_append(headers, "Server", "x");
    header_list_append(headers, "Set-Cookie", "a=1");
    header_list_append(headers, "X-Latin", "caf\xe9");
    header_list_append(headers, "set-cookie", "b=2");
    header_list_append(headers, "Empty", "");
    return headers;
}

#define SOME_HEADERS "server=s x| set-cookie=as a=1|b=2| x-latin=s caf\xc3\xa9| empty=s | "

static void
test_headers(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(HeaderList) headers = some_headers();
    g_autofree char *text = NULL;

    g_assert_cmpint(bus_append_headers(fixture->message, headers), >=, 0);
    scratch_message_turn(fixture->message);
    text = read_headers(fixture->message);
    g_assert_cmpstr(text, ==, SOME_HEADERS);
}

static void
test_no_headers(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(HeaderList) headers = header_list_new();
    g_autofree char *text = NULL;

    g_assert_cmpint(bus_append_headers(fixture->message, headers), >=, 0);
    scratch_message_turn(fixture->message);
    text = read_headers(fixture->message);
    g_assert_cmpstr(text, ==, "");
}

static const struct DataCase {
    gboolean text;
    const char *bytes;
    gsize length;
    const char *type;
} data_cases[] = {
    { TRUE, BYTES(""), "s" },
    { TRUE, BYTES("hello"), "s" },
    { TRUE, BYTES("\xf0\x9f\x98\x80"), "s" },
    { TRUE, BYTES("a\0b"), "(say)" },
    { TRUE, BYTES("\xef\xbf\xbf"), "(say)" },
    { TRUE, BYTES("\xef\xb7\x90"), "(say)" },
    { FALSE, BYTES(""), "ay" },
    { FALSE, BYTES("hello"), "ay" },
    { FALSE, BYTES("\0\xff"), "ay" },
};

static void
check_data(sd_bus_message *message, const struct DataCase *row)
{
    const char *type = NULL, *kind = "text", *string = NULL;
    const void *bytes = NULL;
    size_t length = 0;

    g_assert_cmpint(sd_bus_message_peek_type(message, NULL, &type), >, 0);
    g_assert_cmpstr(type, ==, row->type);
    g_assert_cmpint(sd_bus_message_enter_container(message, 'v', type), >, 0);
    if (g_str_equal(type, "s")) {
        g_assert_cmpint(sd_bus_message_read_basic(message, 's', &string), >, 0);
        assert_bytes(string, strlen(string), row->bytes, row->length);
        return;
    }
    if (g_str_equal(type, "(say)")) {
        g_assert_cmpint(sd_bus_message_enter_container(message, 'r', "say"), >, 0);
        g_assert_cmpint(sd_bus_message_read_basic(message, 's', &kind), >, 0);
    }
    g_assert_cmpint(sd_bus_message_read_array(message, 'y', &bytes, &length), >=, 0);
    assert_bytes(bytes, length, row->bytes, row->length);
    g_assert_cmpstr(kind, ==, "text");
}

static void
test_data(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(data_cases); i++) {
        _cleanup_message_ sd_bus_message *message = scratch_message_new(fixture->bus);
        g_autoptr(GBytes) bytes = g_bytes_new(data_cases[i].bytes, data_cases[i].length);

        g_test_message("case %" G_GSIZE_FORMAT, i);
        g_assert_cmpint(bus_append_data(message, data_cases[i].text, bytes), >=, 0);
        scratch_message_turn(message);
        check_data(message, &data_cases[i]);
    }
}

/* The next entry is KEY, with a variant of TYPE, whose content is then to be read. */
static void
enter_entry(sd_bus_message *message, const char *key, const char *type)
{
    const char *found = NULL;

    g_assert_cmpint(sd_bus_message_enter_container(message, 'e', "sv"), >, 0);
    g_assert_cmpint(sd_bus_message_read_basic(message, 's', &found), >, 0);
    g_assert_cmpstr(found, ==, key);
    g_assert_cmpint(sd_bus_message_enter_container(message, 'v', type), >, 0);
}

static void
exit_entry(sd_bus_message *message)
{
    g_assert_cmpint(sd_bus_message_exit_container(message), >, 0);
    g_assert_cmpint(sd_bus_message_exit_container(message), >, 0);
}

static void
test_details_without_answer(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(Failure) failure = failure_new(STAGE_RESOLVE, /* code= */ 0, "no such name");
    const char *stage = NULL;

    g_assert_cmpint(bus_append_details(fixture->message, failure), >=, 0);
    scratch_message_turn(fixture->message);
    g_assert_cmpint(sd_bus_message_enter_container(fixture->message, 'a', "{sv}"), >, 0);
    enter_entry(fixture->message, "stage", "s");
    g_assert_cmpint(sd_bus_message_read_basic(fixture->message, 's', &stage), >, 0);
    g_assert_cmpstr(stage, ==, "resolve");
    exit_entry(fixture->message);
    g_assert_cmpint(sd_bus_message_at_end(fixture->message, /* complete= */ 0), >, 0);
}

static void
test_details_with_answer(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(Failure) failure = failure_new(STAGE_HANDSHAKE, /* code= */ 0, "The server answered 401");
    g_autofree char *headers = NULL;
    sd_bus_message *message = fixture->message;
    const char *stage = NULL;
    const void *body = NULL;
    guint32 status = 0;
    size_t length = 0;

    failure->http_status = 401;
    failure->headers = some_headers();
    failure->body = g_bytes_new(BYTES("no\0\xff"));
    g_assert_cmpint(bus_append_details(message, failure), >=, 0);
    scratch_message_turn(message);

    g_assert_cmpint(sd_bus_message_enter_container(message, 'a', "{sv}"), >, 0);
    enter_entry(message, "stage", "s");
    g_assert_cmpint(sd_bus_message_read_basic(message, 's', &stage), >, 0);
    g_assert_cmpstr(stage, ==, "handshake");
    exit_entry(message);
    enter_entry(message, "httpStatus", "u");
    g_assert_cmpint(sd_bus_message_read_basic(message, 'u', &status), >, 0);
    g_assert_cmpuint(status, ==, 401);
    exit_entry(message);
    enter_entry(message, "headers", "a{sv}");
    headers = read_headers(message);
    g_assert_cmpstr(headers, ==, SOME_HEADERS);
    exit_entry(message);
    enter_entry(message, "body", "ay");
    g_assert_cmpint(sd_bus_message_read_array(message, 'y', &body, &length), >, 0);
    assert_bytes(body, length, "no\0\xff", 4);
    exit_entry(message);
    g_assert_cmpint(sd_bus_message_at_end(message, /* complete= */ 0), >, 0);
}

static const struct StageCase {
    Stage stage;
    const char *name;
    guint code;
} stage_cases[] = {
    { STAGE_RESOLVE, "resolve", 200 },     { STAGE_CONNECT, "connect", 200 },
    { STAGE_PROXY, "proxy", 200 },         { STAGE_TLS, "tls", 200 },
    { STAGE_HANDSHAKE, "handshake", 200 }, { STAGE_PROTOCOL, "protocol", 200 },
    { STAGE_TIMEOUT, "timeout", 200 },     { STAGE_POLICY, "policy", 2302998 },
    { STAGE_LIMIT, "limit", 2302100 },     { STAGE_CANCELLED, "cancelled", 200 },
};

static void
test_stages(G_GNUC_UNUSED Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(stage_cases); i++) {
        g_autoptr(Failure) failure = failure_new(stage_cases[i].stage, /* code= */ 0, "x");
        g_autoptr(Failure) coded = failure_new(stage_cases[i].stage, 201, "x");

        g_assert_cmpstr(stage_to_string(stage_cases[i].stage), ==, stage_cases[i].name);
        g_assert_cmpuint(failure->code, ==, stage_cases[i].code);
        g_assert_cmpuint(coded->code, ==, 201);
    }
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/bus-append/text", test_text);
    ADD("/bus-append/headers", test_headers);
    ADD("/bus-append/no-headers", test_no_headers);
    ADD("/bus-append/data", test_data);
    ADD("/bus-append/details-without-answer", test_details_without_answer);
    ADD("/bus-append/details-with-answer", test_details_with_answer);
    ADD("/bus-append/stages", test_stages);
    return g_test_run();
}
