/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The options of Connect: each key with its types, and everything else refused by name. */

#include "connect-arguments.h"

#include "bytes.h"
#include "coded-error.h"
#include "local-bus.h"
#include "scratch-message.h"

#include <string.h>

typedef struct Fixture {
    sd_bus *bus;
    sd_bus_message *message;
    ConnectOptions options;
    GError *error;
} Fixture;

static void
set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    fixture->bus = local_bus_new();
    fixture->message = scratch_message_new(fixture->bus);
    fixture->options = CONNECT_OPTIONS_INIT;
}

static void
tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    connect_options_clear(&fixture->options);
    g_clear_error(&fixture->error);
    sd_bus_message_unref(fixture->message);
    sd_bus_unref(fixture->bus);
}

static gboolean
read_back(Fixture *fixture)
{
    gboolean read;

    scratch_message_turn(fixture->message);
    read = connect_arguments_read(fixture->message, &fixture->options, &fixture->error);
    if (read)
        g_assert_cmpint(sd_bus_message_at_end(fixture->message, /* complete= */ 1), >, 0);
    return read;
}

/* Appends a whole a{sv} as sd_bus_message_append() takes it, and reads it. */
static gboolean
read_options(Fixture *fixture, ...)
{
    va_list values;

    va_start(values, fixture);
    g_assert_cmpint(sd_bus_message_appendv(fixture->message, "a{sv}", values), >=, 0);
    va_end(values);
    return read_back(fixture);
}

/* Refused with an error that names WHAT, and nothing is left in the options. */
static void
assert_refused(Fixture *fixture, gboolean read, const char *what)
{
    g_assert_false(read);
    g_assert_error(fixture->error, CODED_ERROR, WSB_CODE_PARAMETER);
    if (!strstr(fixture->error->message, what))
        g_error("\"%s\" does not name %s", fixture->error->message, what);
    g_assert_null(fixture->options.headers);
    g_assert_null(fixture->options.protocols);
}

static void
test_none(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_true(read_options(fixture, 0));
    g_assert_no_error(fixture->error);
    g_assert_null(fixture->options.headers);
    g_assert_null(fixture->options.protocols);
    g_assert_null(fixture->options.tls.ca);
    g_assert_false(fixture->options.tls.has_client);
    g_assert_false(fixture->options.tls.only_tls_1_3);
    g_assert_cmpint(fixture->options.proxy.mode, ==, PROXY_SYSTEM);
    g_assert_cmpint(fixture->options.ping_interval, ==, -1);
    g_assert_cmpint(fixture->options.pong_timeout, ==, -1);
}

static void
assert_header(Fixture *fixture, guint index, const char *name, const char *value)
{
    const Header *header;

    g_assert_cmpuint(header_list_length(fixture->options.headers), >, index);
    header = header_list_get(fixture->options.headers, index);
    g_assert_cmpstr(header->name, ==, name);
    g_assert_cmpstr(header->value, ==, value);
}

static void
test_header(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_true(read_options(fixture, 1, "header", "a{ss}", 2, "A", "1", "B", ""));
    g_assert_cmpuint(header_list_length(fixture->options.headers), ==, 2);
    assert_header(fixture, 0, "A", "1");
    assert_header(fixture, 1, "B", "");
}

static void
test_header_repeated(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_true(read_options(fixture, 1, "header", "a{sas}", 3, "A", 2, "1", "2", "B", 0, "C", 1, "3"));
    g_assert_cmpuint(header_list_length(fixture->options.headers), ==, 3);
    assert_header(fixture, 0, "A", "1");
    assert_header(fixture, 1, "A", "2");
    assert_header(fixture, 2, "C", "3");
}

static void
test_header_forbidden(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 1, "header", "a{ss}", 2, "A", "1", "Host", "x"), "Host");
}

static void
test_header_forbidden_repeated(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 1, "header", "a{sas}", 1, "A", 2, "1", "a\r\nb"), "header");
}

static gboolean
read_many_headers(Fixture *fixture, guint count, gsize size_each)
{
    sd_bus_message *message = fixture->message;
    g_autofree char *value = g_strnfill(size_each - 1, 'v');

    g_assert_cmpint(sd_bus_message_open_container(message, 'a', "{sv}"), >=, 0);
    g_assert_cmpint(sd_bus_message_open_container(message, 'e', "sv"), >=, 0);
    g_assert_cmpint(sd_bus_message_append(message, "s", "header"), >=, 0);
    g_assert_cmpint(sd_bus_message_open_container(message, 'v', "a{ss}"), >=, 0);
    g_assert_cmpint(sd_bus_message_open_container(message, 'a', "{ss}"), >=, 0);
    for (guint i = 0; i < count; i++)
        g_assert_cmpint(sd_bus_message_append(message, "{ss}", "N", value), >=, 0);
    for (guint i = 0; i < 4; i++)
        g_assert_cmpint(sd_bus_message_close_container(message), >=, 0);
    return read_back(fixture);
}

static void
test_most_headers(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_true(read_many_headers(fixture, 128, 2));
    g_assert_cmpuint(header_list_length(fixture->options.headers), ==, 128);
}

static void
test_too_many_headers(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_many_headers(fixture, 129, 2), "header");
}

static void
test_too_large_headers(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_many_headers(fixture, 65, 1024), "header");
}

static void
test_protocol(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const expected[] = { "a", "b", NULL };

    g_assert_true(read_options(fixture, 1, "protocol", "s", "a, b"));
    g_assert_cmpstrv(fixture->options.protocols, expected);
}

static void
test_protocol_empty(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_true(read_options(fixture, 1, "protocol", "s", ""));
    g_assert_null(fixture->options.protocols);
}

static void
test_protocol_no_token(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 1, "protocol", "s", "a b"), "protocol");
}

static void
test_tls(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    const TlsOptions *tls = &fixture->options.tls;

    g_assert_true(read_options(fixture, 3, "ca", "s", "text", "clientCert", "a{sv}", 3, "cert", "ay", 2, 'a',
                               0, "key", "s", "k", "keyPassword", "s", "secret", "minTlsVersion", "s",
                               "1.3"));
    assert_bytes(g_bytes_get_data(tls->ca, NULL), g_bytes_get_size(tls->ca), "text", 4);
    g_assert_true(tls->has_client);
    assert_bytes(g_bytes_get_data(tls->certificate, NULL), g_bytes_get_size(tls->certificate), "a", 2);
    assert_bytes(g_bytes_get_data(tls->key, NULL), g_bytes_get_size(tls->key), "k", 1);
    g_assert_cmpstr(tls->key_password, ==, "secret");
    g_assert_true(tls->only_tls_1_3);
}

static void
test_tls_version_unknown(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 1, "minTlsVersion", "s", "1.1"), "minTlsVersion");
}

static void
test_client_key_unknown(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 1, "clientCert", "a{sv}", 1, "certPath", "s", "/x"),
                   "clientCert.certPath");
}

static void
test_proxy_words(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_true(read_options(fixture, 1, "proxy", "s", "no-proxy"));
    g_assert_cmpint(fixture->options.proxy.mode, ==, PROXY_NONE);
}

static void
test_proxy_word_unknown(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 1, "proxy", "s", "direct"), "proxy");
}

static void
test_proxy_given(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const exclusions[] = { "a.example", "*", NULL };
    const ProxyOptions *proxy = &fixture->options.proxy;

    g_assert_true(read_options(fixture, 1, "proxy", "a{sv}", 5, "host", "s", "PROXY.example", "port", "u",
                               8080u, "exclusionList", "as", 2, "a.example", "*", "username", "s", "u",
                               "password", "s", "p"));
    g_assert_cmpint(proxy->mode, ==, PROXY_GIVEN);
    g_assert_cmpstr(proxy->host, ==, "proxy.example");
    g_assert_cmpuint(proxy->port, ==, 8080);
    g_assert_cmpstrv(proxy->exclusions, exclusions);
    g_assert_cmpstr(proxy->username, ==, "u");
    g_assert_cmpstr(proxy->password, ==, "p");
}

static void
test_proxy_port(Fixture *fixture, gconstpointer data)
{
    guint port = GPOINTER_TO_UINT(data);

    assert_refused(fixture,
                   read_options(fixture, 1, "proxy", "a{sv}", 2, "host", "s", "p", "port", "u", port),
                   "proxy.port");
}

static void
test_proxy_without_port(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 1, "proxy", "a{sv}", 1, "host", "s", "p"), "proxy");
}

static void
test_proxy_without_host(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 1, "proxy", "a{sv}", 1, "port", "u", 80u), "proxy");
}

static void
test_pings(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_true(read_options(fixture, 2, "pingInterval", "u", 0u, "pongTimeout", "u", 7u));
    g_assert_cmpint(fixture->options.ping_interval, ==, 0);
    g_assert_cmpint(fixture->options.pong_timeout, ==, 7);
}

static void
test_unknown(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 2, "protocol", "s", "a", "caPath", "s", "/etc/x"),
                   "caPath");
}

static void
test_case_counts(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_refused(fixture, read_options(fixture, 1, "Protocol", "s", "a"), "Protocol");
}

/* One key with one value of a type that it does not have. */
static const struct TypeCase {
    const char *key;
    const char *type;
} type_cases[] = {
    { "header", "as" },
    { "header", "a{sv}" },
    { "header", "s" },
    { "protocol", "as" },
    { "protocol", "ay" },
    { "ca", "as" },
    { "ca", "h" },
    { "clientCert", "s" },
    { "clientCert", "a{ss}" },
    { "proxy", "as" },
    { "proxy", "a{ss}" },
    { "pingInterval", "i" },
    { "pingInterval", "s" },
    { "pongTimeout", "t" },
    { "minTlsVersion", "d" },
    { "minTlsVersion", "v" },
    { "protocol", "v" },
    { "header", "a{sa{ss}}" },
};

/* Appends a value of TYPE that is as empty as can be. */
static void
append_empty(sd_bus_message *message, const char *type)
{
    static const guint64 zero = 0;
    const int stdin_fd = 0;

    if (*type == 'a') {
        g_assert_cmpint(sd_bus_message_open_container(message, 'a', type + 1), >=, 0);
        g_assert_cmpint(sd_bus_message_close_container(message), >=, 0);
    } else if (*type == 'v') {
        g_assert_cmpint(sd_bus_message_append(message, "v", "s", ""), >=, 0);
    } else if (*type == 's') {
        g_assert_cmpint(sd_bus_message_append_basic(message, 's', ""), >=, 0);
    } else if (*type == 'h') {
        g_assert_cmpint(sd_bus_message_append_basic(message, 'h', &stdin_fd), >=, 0);
    } else {
        g_assert_cmpint(sd_bus_message_append_basic(message, *type, &zero), >=, 0);
    }
}

static void
test_wrong_type(Fixture *fixture, gconstpointer data)
{
    const struct TypeCase *row = data;
    sd_bus_message *message = fixture->message;

    g_assert_cmpint(sd_bus_message_open_container(message, 'a', "{sv}"), >=, 0);
    g_assert_cmpint(sd_bus_message_open_container(message, 'e', "sv"), >=, 0);
    g_assert_cmpint(sd_bus_message_append(message, "s", row->key), >=, 0);
    g_assert_cmpint(sd_bus_message_open_container(message, 'v', row->type), >=, 0);
    append_empty(message, row->type);
    for (guint i = 0; i < 3; i++)
        g_assert_cmpint(sd_bus_message_close_container(message), >=, 0);
    assert_refused(fixture, read_back(fixture), row->key);
    g_assert_nonnull(strstr(fixture->error->message, row->type));
}

/* Milliseconds of so many seconds do not fit into a timer of GLib's. */
static void
test_long_pings(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    const ConnectOptions *options = &fixture->options;

    g_assert_true(read_options(fixture, 2, "pingInterval", "u", 536870912u, "pongTimeout", "u", G_MAXUINT32));
    g_assert_cmpint(options->ping_interval, >=, 24 * 60 * 60);
    g_assert_cmpint(options->pong_timeout, >=, 24 * 60 * 60);
    g_assert_cmpint(options->ping_interval + options->pong_timeout, <=, G_MAXUINT32 / 1000);
}

#define ADD(path, test) g_test_add("/connect-arguments/" path, Fixture, NULL, set_up, test, tear_down)

static void
add_wrong_types(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(type_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/connect-arguments/wrong-type/%s/%s", type_cases[i].key, type_cases[i].type);

        g_test_add(path, Fixture, &type_cases[i], set_up, test_wrong_type, tear_down);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("none", test_none);
    ADD("header", test_header);
    ADD("header-repeated", test_header_repeated);
    ADD("header-forbidden", test_header_forbidden);
    ADD("header-forbidden-repeated", test_header_forbidden_repeated);
    ADD("most-headers", test_most_headers);
    ADD("too-many-headers", test_too_many_headers);
    ADD("too-large-headers", test_too_large_headers);
    ADD("protocol", test_protocol);
    ADD("protocol-empty", test_protocol_empty);
    ADD("protocol-no-token", test_protocol_no_token);
    ADD("tls", test_tls);
    ADD("tls-version-unknown", test_tls_version_unknown);
    ADD("client-key-unknown", test_client_key_unknown);
    ADD("proxy-words", test_proxy_words);
    ADD("proxy-word-unknown", test_proxy_word_unknown);
    ADD("proxy-given", test_proxy_given);
    ADD("proxy-without-port", test_proxy_without_port);
    ADD("proxy-without-host", test_proxy_without_host);
    g_test_add("/connect-arguments/proxy-port/0", Fixture, GUINT_TO_POINTER(0), set_up, test_proxy_port,
               tear_down);
    g_test_add("/connect-arguments/proxy-port/65536", Fixture, GUINT_TO_POINTER(65536), set_up,
               test_proxy_port, tear_down);
    ADD("pings", test_pings);
    ADD("long-pings", test_long_pings);
    ADD("unknown", test_unknown);
    ADD("case-counts", test_case_counts);
    add_wrong_types();
    return g_test_run();
}
