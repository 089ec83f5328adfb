/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the arguments of Connect are for each option, as they cross the bus (ACCEPTANCE rows 10, 13, 20, 21,
 * 25). */

#include "options.h"

#include "local-bus.h"
#include "row.h"
#include "scratch-folder.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define PEM_MAX ((gsize)1 << 20)

static sd_bus_message *
message_new(sd_bus *bus)
{
    sd_bus_message *m = NULL;

    g_assert_cmpint(sd_bus_message_new_method_call(bus, &m, "a.b", "/", "a.b", "Connect"), >=, 0);
    return m;
}

static void print_value(sd_bus_message *m, GString *out);

static void
print_elements(sd_bus_message *m, GString *out)
{
    while (sd_bus_message_at_end(m, FALSE) == 0) {
        print_value(m, out);
        g_string_append_c(out, ' ');
    }
    g_string_truncate(out, out->str[out->len - 1] == ' ' ? out->len - 1 : out->len);
}

static void
print_bytes(sd_bus_message *m, GString *out)
{
    const void *bytes;
    size_t length;

    g_assert_cmpint(sd_bus_message_read_array(m, 'y', &bytes, &length), >=, 0);
    g_string_append_printf(out, "<%.*s>", (int)MIN(length, 16), length > 0 ? (const char *)bytes : "");
}

static void
print_container(sd_bus_message *m, char type, const char *contents, GString *out)
{
    g_assert_cmpint(sd_bus_message_enter_container(m, type, contents), >, 0);
    g_string_append_c(out, type == 'a' ? '[' : '(');
    print_elements(m, out);
    g_string_append_c(out, type == 'a' ? ']' : ')');
    g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
}

/* The next value of M: a string as it is, bytes in <>, an array in [], an entry or variant in (). */
static void
print_value(sd_bus_message *m, GString *out)
{
    const char *contents, *string;
    guint32 number;
    char type;

    g_assert_cmpint(sd_bus_message_peek_type(m, &type, &contents), >, 0);
    if (type == 's') {
        g_assert_cmpint(sd_bus_message_read_basic(m, type, &string), >, 0);
        g_string_append(out, string);
    } else if (type == 'u') {
        g_assert_cmpint(sd_bus_message_read_basic(m, type, &number), >, 0);
        g_string_append_printf(out, "%u", number);
    } else if (type == 'a' && g_str_equal(contents, "y"))
        print_bytes(m, out);
    else
        print_container(m, type, contents, out);
}

/* What OPTIONS are on the bus; free it. */
static char *
options_to_string(const wsb_options *options)
{
    sd_bus *bus = local_bus_new();
    sd_bus_message *m = message_new(bus);
    GString *out = g_string_new(NULL);

    g_assert_cmpint(connect_arguments_append(m, "ws://host/", options), >=, 0);
    g_assert_cmpstr(sd_bus_message_get_signature(m, TRUE), ==, "sa{sv}");
    g_assert_cmpint(sd_bus_message_seal(m, 1, 0), >=, 0);
    print_elements(m, out);
    sd_bus_message_unref(m);
    sd_bus_unref(bus);
    return g_string_free(out, FALSE);
}

static void
assert_options(wsb_options *options, const char *expected)
{
    g_autofree char *actual = options_to_string(options);

    g_assert_cmpstr(actual, ==, expected);
    wsb_options_free(options);
}

static wsb_options *
options_new(void)
{
    wsb_options *options = NULL;

    g_assert_cmpint(wsb_options_new(&options), ==, 0);
    return options;
}

static void
test_none(void)
{
    assert_options(NULL, "ws://host/ []");
    assert_options(options_new(), "ws://host/ []");
}

static void
test_headers(void)
{
    wsb_options *options = options_new();

    g_assert_cmpint(wsb_options_add_header(options, "name1", "value1"), ==, 0);
    g_assert_cmpint(wsb_options_add_header(options, "name2", ""), ==, 0);
    g_assert_cmpint(wsb_options_add_header(options, "name1", "value2"), ==, 0);
    g_assert_cmpint(wsb_options_add_header(options, "Name1", "other"), ==, 0);
    assert_options(options, "ws://host/ [(header ([(name1 [value1 value2]) (name2 []) (Name1 [other])]))]");
}

static void
test_many_headers(void)
{
    wsb_options *options = options_new();
    g_autofree char *text = NULL;

    for (int i = 0; i < 129; i++)
        g_assert_cmpint(wsb_options_add_header(options, "name", "v"), ==, 0);
    text = options_to_string(options);
    g_assert_cmpuint(strlen(text), ==,
                     strlen("ws://host/ [(header ([(name [") + (gsize)129 * 2 - 1 + strlen("])]))]"));
    wsb_options_free(options);
}

static void
test_strings_and_numbers(void)
{
    wsb_options *options = options_new();

    g_assert_cmpint(wsb_options_set_protocol(options, "a"), ==, 0);
    g_assert_cmpint(wsb_options_set_protocol(options, "a, b"), ==, 0);
    g_assert_cmpint(wsb_options_set_ping_interval(options, 0), ==, 0);
    g_assert_cmpint(wsb_options_set_pong_timeout(options, 7), ==, 0);
    g_assert_cmpint(wsb_options_set_min_tls_version(options, "1.3"), ==, 0);
    g_assert_cmpint(wsb_options_set_proxy(options, "no-proxy"), ==, 0);
    assert_options(options,
                   "ws://host/ [(protocol (a, b)) (proxy (no-proxy)) (pingInterval (0)) (pongTimeout (7)) "
                   "(minTlsVersion (1.3))]");
}

static void
test_unset(void)
{
    wsb_options *options = options_new();

    g_assert_cmpint(wsb_options_set_protocol(options, "a"), ==, 0);
    g_assert_cmpint(wsb_options_set_protocol(options, NULL), ==, 0);
    g_assert_cmpint(wsb_options_set_ca(options, "pem", 3), ==, 0);
    g_assert_cmpint(wsb_options_set_ca_path(options, ""), ==, 0);
    g_assert_cmpint(wsb_options_set_client_cert(options, "c", 1, "k", 1, "p"), ==, 0);
    g_assert_cmpint(wsb_options_set_client_cert_path(options, "", "", NULL), ==, 0);
    g_assert_cmpint(wsb_options_set_proxy_host(options, "proxy", 1, NULL, NULL, NULL), ==, 0);
    g_assert_cmpint(wsb_options_set_proxy(options, NULL), ==, 0);
    assert_options(options, "ws://host/ []");
}

static void
test_proxy(void)
{
    static const char *const exclude[] = { "ample.com", "*", NULL };
    wsb_options *options = options_new();

    g_assert_cmpint(wsb_options_set_proxy(options, "system"), ==, 0);
    g_assert_cmpint(wsb_options_set_proxy_host(options, "proxy", 65536, exclude, "user", "word"), ==, 0);
    assert_options(options,
                   "ws://host/ [(proxy ([(host (proxy)) (port (65536)) (exclusionList ([ample.com *])) "
                   "(username (user)) (password (word))]))]");
}

static void
test_pem_bytes(void)
{
    wsb_options *options = options_new();

    g_assert_cmpint(wsb_options_set_ca(options, "", 0), ==, 0);
    g_assert_cmpint(wsb_options_set_client_cert(options, "cert", 4, "key", 3, "word"), ==, 0);
    assert_options(
        options,
        "ws://host/ [(ca (<>)) (clientCert ([(cert (<cert>)) (key (<key>)) (keyPassword (word))]))]");
}

/* What cannot be read travels as no bytes, at once. */
static void
test_pem_files(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autofree char *good = scratch_folder_path(scratch, "good.pem");
    g_autofree char *full = scratch_folder_path(scratch, "full.pem");
    g_autofree char *large = scratch_folder_path(scratch, "large.pem");
    g_autofree char *fifo = scratch_folder_path(scratch, "fifo");
    g_autofree char *missing = scratch_folder_path(scratch, "missing.pem");
    g_autofree char *filling = g_strnfill(PEM_MAX + 1, 'x');
    const struct {
        const char *path, *expected;
    } rows[] = {
        { good, "ws://host/ [(ca (<good>))]" },    { full, "ws://host/ [(ca (<xxxxxxxxxxxxxxxx>))]" },
        { large, "ws://host/ [(ca (<>))]" },       { fifo, "ws://host/ [(ca (<>))]" },
        { missing, "ws://host/ [(ca (<>))]" },     { scratch->path, "ws://host/ [(ca (<>))]" },
        { "/dev/zero", "ws://host/ [(ca (<>))]" },
    };

    scratch_folder_write(scratch, "good.pem", "good", -1);
    scratch_folder_write(scratch, "full.pem", filling, PEM_MAX);
    scratch_folder_write(scratch, "large.pem", filling, PEM_MAX + 1);
    g_assert_no_errno(mkfifo(fifo, 0600));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        wsb_options *options = options_new();

        test_row(rows[i].path);
        g_assert_cmpint(wsb_options_set_ca_path(options, rows[i].path), ==, 0);
        assert_options(options, rows[i].expected);
    }
}

/* The file is read anew for each connect. */
static void
test_pem_file_changes(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autofree char *cert = scratch_folder_path(scratch, "cert.pem");
    wsb_options *options = options_new();
    g_autofree char *first = NULL;

    g_assert_cmpint(wsb_options_set_client_cert_path(options, cert, NULL, NULL), ==, 0);
    first = options_to_string(options);
    g_assert_cmpstr(first, ==, "ws://host/ [(clientCert ([(cert (<>))]))]");
    scratch_folder_write(scratch, "cert.pem", "new", -1);
    assert_options(options, "ws://host/ [(clientCert ([(cert (<new>))]))]");
}

static int
append(const char *url, wsb_options *options)
{
    sd_bus *bus = local_bus_new();
    sd_bus_message *m = message_new(bus);
    int r = connect_arguments_append(m, url, options);

    sd_bus_message_unref(m);
    sd_bus_unref(bus);
    wsb_options_free(options);
    return r;
}

static void
test_what_no_bus_carries(void)
{
    g_autofree char *huge = g_strnfill(WSB_MESSAGE_MAX, 'x');
    wsb_options *options;

    g_assert_cmpint(append("ws://h\xff/", NULL), ==, -EINVAL);
    g_assert_cmpint(append("ws://\xef\xbf\xbf/", NULL), ==, -EINVAL);
    g_assert_cmpint(append(huge, NULL), ==, -EMSGSIZE);

    options = options_new();
    g_assert_cmpint(wsb_options_add_header(options, "name", "Latin-1: \xe9"), ==, 0);
    g_assert_cmpint(append("ws://h/", options), ==, -EINVAL);

    options = options_new();
    g_assert_cmpint(wsb_options_set_ca(options, huge, WSB_MESSAGE_MAX / 2), ==, 0);
    g_assert_cmpint(wsb_options_set_client_cert(options, huge, WSB_MESSAGE_MAX / 2, "k", 1, NULL), ==, 0);
    g_assert_cmpint(append("ws://h/", options), ==, -EMSGSIZE);
}

static void
test_misuse(void)
{
    wsb_options *options = options_new();

    g_assert_cmpint(wsb_options_new(NULL), ==, -EINVAL);
    g_assert_cmpint(wsb_options_add_header(options, NULL, "v"), ==, -EINVAL);
    g_assert_cmpint(wsb_options_add_header(options, "n", NULL), ==, -EINVAL);
    g_assert_cmpint(wsb_options_set_ca(options, NULL, 1), ==, -EINVAL);
    g_assert_cmpint(wsb_options_set_client_cert(options, "c", 1, NULL, 1, NULL), ==, -EINVAL);
    g_assert_cmpint(wsb_options_set_proxy_host(options, NULL, 1, NULL, NULL, NULL), ==, -EINVAL);
    g_assert_cmpint(wsb_options_set_ping_interval(NULL, 1), ==, -EINVAL);
    assert_options(options, "ws://host/ []");
    wsb_options_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/options/none", test_none);
    g_test_add_func("/library/options/headers", test_headers);
    g_test_add_func("/library/options/many-headers", test_many_headers);
    g_test_add_func("/library/options/strings-and-numbers", test_strings_and_numbers);
    g_test_add_func("/library/options/unset", test_unset);
    g_test_add_func("/library/options/proxy", test_proxy);
    g_test_add_func("/library/options/pem-bytes", test_pem_bytes);
    g_test_add_func("/library/options/pem-files", test_pem_files);
    g_test_add_func("/library/options/pem-file-changes", test_pem_file_changes);
    g_test_add_func("/library/options/what-no-bus-carries", test_what_no_bus_carries);
    g_test_add_func("/library/options/misuse", test_misuse);
    return g_test_run();
}
