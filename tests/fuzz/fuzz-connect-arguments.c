/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The options of Connect: the bytes choose keys, types and values of an a{sv}, so that every message is one that a bus
 * would pass on. What is read keeps the bounds that the rest of the service relies on, and an error is the caller's.
 */

#include "fuzz-input.h"

#include "bus-text.h"
#include "coded-error.h"
#include "connect-arguments.h"
#include "local-bus.h"
#include "request-headers.h"
#include "scratch-message.h"

#include <string.h>

enum { ENTRIES_MAX = 64, DEPTH_MAX = 4 };

/* The last is replaced by a key from the input. */
static const char *const keys[] = {
    "header",        "protocol",      "ca",       "clientCert",  "proxy", "pingInterval",
    "pongTimeout",   "cert",          "key",      "keyPassword", "host",  "port",
    "minTlsVersion", "exclusionList", "username", "password",    "",
};

static const char *const types[] = {
    "s", "u", "ay", "as", "a{ss}", "a{sas}", "a{sv}", "v",   "b",
    "y", "i", "t",  "d",  "o",     "g",      "(say)", "aas", "a{us}",
};

static void append_value(sd_bus_message *message, FuzzInput *input, const char *type, guint depth);

static void
append_text(sd_bus_message *message, FuzzInput *input)
{
    g_autofree char *text = fuzz_input_take_text(input);
    /* sd-bus does not append a noncharacter. */
    g_autofree char *carried = bus_text_new(text, strlen(text));

    g_assert_cmpint(sd_bus_message_append_basic(message, 's', carried), >=, 0);
}

static void
append_number(sd_bus_message *message, FuzzInput *input, char type)
{
    guint64 number = 0;
    size_t length = 0;
    const uint8_t *bytes =
        fuzz_input_take(input, fuzz_input_take_byte(input) % (sizeof(number) + 1), &length);

    memcpy(&number, bytes, length);
    if (type == 'b')
        number &= 1;
    /* Host byte order: on a machine of the other one the numbers are others. */
    g_assert_cmpint(sd_bus_message_append_basic(message, type, &number), >=, 0);
}

static void
append_bytes(sd_bus_message *message, FuzzInput *input)
{
    g_autoptr(GBytes) field = fuzz_input_take_field(input);
    gsize length = 0;
    gconstpointer bytes = g_bytes_get_data(field, &length);

    g_assert_cmpint(sd_bus_message_append_array(message, 'y', bytes, length), >=, 0);
}

static void
append_variant(sd_bus_message *message, FuzzInput *input, guint depth)
{
    const char *type = types[fuzz_input_take_byte(input) % G_N_ELEMENTS(types)];

    if (depth >= DEPTH_MAX)
        type = "u";
    g_assert_cmpint(sd_bus_message_open_container(message, 'v', type), >=, 0);
    append_value(message, input, type, depth + 1);
    g_assert_cmpint(sd_bus_message_close_container(message), >=, 0);
}

static void
append_key(sd_bus_message *message, FuzzInput *input)
{
    const char *key = keys[fuzz_input_take_byte(input) % G_N_ELEMENTS(keys)];

    if (*key)
        g_assert_cmpint(sd_bus_message_append_basic(message, 's', key), >=, 0);
    else
        append_text(message, input);
}

static void
append_entry(sd_bus_message *message, FuzzInput *input, const char *types_of_entry, guint depth)
{
    g_assert_cmpint(sd_bus_message_open_container(message, 'e', types_of_entry), >=, 0);
    if (*types_of_entry == 's' && types_of_entry[1] == 'v')
        append_key(message, input);
    else
        append_value(message, input, *types_of_entry == 's' ? "s" : "u", depth + 1);
    append_value(message, input, types_of_entry + 1, depth + 1);
    g_assert_cmpint(sd_bus_message_close_container(message), >=, 0);
}

/* TYPE is one of an array's. */
static void
append_array(sd_bus_message *message, FuzzInput *input, const char *type, guint depth)
{
    guint n = fuzz_input_take_byte(input) % ENTRIES_MAX;

    g_assert_cmpint(sd_bus_message_open_container(message, 'a', type + 1), >=, 0);
    for (guint i = 0; i < n && input->size > 0; i++) {
        if (type[1] == '{') {
            g_autofree char *types_of_entry = g_strndup(type + 2, strlen(type) - 3);

            append_entry(message, input, types_of_entry, depth);
        } else {
            append_value(message, input, type + 1, depth + 1);
        }
    }
    g_assert_cmpint(sd_bus_message_close_container(message), >=, 0);
}

static void
append_value(sd_bus_message *message, FuzzInput *input, const char *type, guint depth)
{
    if (g_str_equal(type, "ay"))
        append_bytes(message, input);
    else if (*type == 'a')
        append_array(message, input, type, depth);
    else if (*type == 's')
        append_text(message, input);
    else if (*type == 'v')
        append_variant(message, input, depth);
    else if (*type == 'o' || *type == 'g')
        g_assert_cmpint(sd_bus_message_append_basic(message, *type, *type == 'o' ? "/" : "as"), >=, 0);
    else if (*type == '(')
        g_assert_cmpint(sd_bus_message_append(message, type, "text", 1, 0x80), >=, 0);
    else
        append_number(message, input, *type);
}

static void
assert_bounded(const ConnectOptions *options)
{
    g_assert_cmpint(options->ping_interval, >=, -1);
    g_assert_cmpint(options->ping_interval, <=, 24 * 60 * 60);
    g_assert_cmpint(options->pong_timeout, >=, -1);
    g_assert_cmpint(options->pong_timeout, <=, 24 * 60 * 60);
    if (options->proxy.mode == PROXY_GIVEN) {
        g_assert_nonnull(options->proxy.host);
        g_assert_cmpuint(options->proxy.port, >, 0);
    }
    if (options->headers)
        g_assert_true(request_headers_check(options->headers, NULL));
    for (guint i = 0; options->headers && i < header_list_length(options->headers); i++) {
        const Header *header = header_list_get(options->headers, i);

        g_assert_true(request_header_check(header->name, header->value, NULL));
        g_assert_null(strpbrk(header->value, "\r\n"));
    }
    for (char **protocol = options->protocols; protocol && *protocol; protocol++)
        g_assert_true(header_is_token(*protocol));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static sd_bus *bus = NULL;
    FuzzInput input = { data, size };
    g_auto(ConnectOptions) options = CONNECT_OPTIONS_INIT;
    g_autoptr(GError) error = NULL;
    sd_bus_message *message = NULL;

    if (!bus)
        bus = local_bus_new();
    message = scratch_message_new(bus);
    append_value(message, &input, "a{sv}", /* depth= */ 0);
    scratch_message_turn(message);
    if (connect_arguments_read(message, &options, &error)) {
        g_assert_no_error(error);
        assert_bounded(&options);
    } else {
        g_assert_error(error, CODED_ERROR, WSB_CODE_PARAMETER);
    }
    sd_bus_message_unref(message);
    return 0;
}
