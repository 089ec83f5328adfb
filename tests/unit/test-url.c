/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* URLs taken apart, and every way in which one is refused (ACCEPTANCE rows 2 to 5). */

#include "url.h"

#include "row.h"

#include <string.h>

#define LENGTH_MAX 1024

static const struct Valid {
    const char *text;
    gboolean secure;
    const char *host;
    guint16 port;
    gboolean default_port;
    const char *target;
    const char *user;
    const char *password;
    const char *host_field;
} valid[] = {
    { "ws://h", FALSE, "h", 80, TRUE, "/", NULL, NULL, "h" },
    { "ws://h/", FALSE, "h", 80, TRUE, "/", NULL, NULL, "h" },
    { "wss://h/", TRUE, "h", 443, TRUE, "/", NULL, NULL, "h" },
    { "WS://HOST/", FALSE, "host", 80, TRUE, "/", NULL, NULL, "host" },
    { "wSs://Host/Path", TRUE, "host", 443, TRUE, "/Path", NULL, NULL, "host" },
    { "ws://h:80/", FALSE, "h", 80, TRUE, "/", NULL, NULL, "h" },
    { "ws://h:443/", FALSE, "h", 443, FALSE, "/", NULL, NULL, "h:443" },
    { "wss://h:80/", TRUE, "h", 80, FALSE, "/", NULL, NULL, "h:80" },
    { "wss://h:0443/", TRUE, "h", 443, TRUE, "/", NULL, NULL, "h" },
    { "ws://h:/", FALSE, "h", 80, TRUE, "/", NULL, NULL, "h" },
    { "ws://h:", FALSE, "h", 80, TRUE, "/", NULL, NULL, "h" },
    { "ws://h:1/", FALSE, "h", 1, FALSE, "/", NULL, NULL, "h:1" },
    { "ws://h:65535", FALSE, "h", 65535, FALSE, "/", NULL, NULL, "h:65535" },
    { "ws://h?x=1", FALSE, "h", 80, TRUE, "/?x=1", NULL, NULL, "h" },
    { "ws://h:81?x=1", FALSE, "h", 81, FALSE, "/?x=1", NULL, NULL, "h:81" },
    { "ws://h/a/b?c=d&e=/?", FALSE, "h", 80, TRUE, "/a/b?c=d&e=/?", NULL, NULL, "h" },
    { "ws://h/?", FALSE, "h", 80, TRUE, "/?", NULL, NULL, "h" },
    { "ws://h//a", FALSE, "h", 80, TRUE, "//a", NULL, NULL, "h" },
    { "ws://h/a%20b", FALSE, "h", 80, TRUE, "/a%20b", NULL, NULL, "h" },
    { "ws://h/%2F%00%ff", FALSE, "h", 80, TRUE, "/%2F%00%ff", NULL, NULL, "h" },
    { "ws://h/ü?ü", FALSE, "h", 80, TRUE, "/%C3%BC?%C3%BC", NULL, NULL, "h" },
    { "ws://h/?a[0]={1}|\"<>^`", FALSE, "h", 80, TRUE, "/?a%5B0%5D=%7B1%7D%7C%22%3C%3E%5E%60", NULL, NULL,
      "h" },
    { "ws://h/-._~!$&'()*+,;=:@", FALSE, "h", 80, TRUE, "/-._~!$&'()*+,;=:@", NULL, NULL, "h" },
    { "ws://[::1]:9/", FALSE, "::1", 9, FALSE, "/", NULL, NULL, "[::1]:9" },
    { "ws://[0:0::1]/", FALSE, "::1", 80, TRUE, "/", NULL, NULL, "[::1]" },
    { "ws://[::1]:/", FALSE, "::1", 80, TRUE, "/", NULL, NULL, "[::1]" },
    { "wss://[2001:DB8::1]?q", TRUE, "2001:db8::1", 443, TRUE, "/?q", NULL, NULL, "[2001:db8::1]" },
    { "ws://192.0.2.1/", FALSE, "192.0.2.1", 80, TRUE, "/", NULL, NULL, "192.0.2.1" },
    { "ws://example.com./", FALSE, "example.com", 80, TRUE, "/", NULL, NULL, "example.com" },
    { "ws://bücher.example:8/", FALSE, "xn--bcher-kva.example", 8, FALSE, "/", NULL, NULL,
      "xn--bcher-kva.example:8" },
    { "ws://u@h/", FALSE, "h", 80, TRUE, "/", "u", NULL, "h" },
    { "ws://u:@h/", FALSE, "h", 80, TRUE, "/", "u", "", "h" },
    { "ws://u:p@h:81/", FALSE, "h", 81, FALSE, "/", "u", "p", "h:81" },
    { "ws://:p@h/", FALSE, "h", 80, TRUE, "/", "", "p", "h" },
    { "ws://@h/", FALSE, "h", 80, TRUE, "/", NULL, NULL, "h" },
    { "ws://u%40x:p%3Aq%2F@h/", FALSE, "h", 80, TRUE, "/", "u@x", "p:q/", "h" },
    { "ws://u:p:q@h/", FALSE, "h", 80, TRUE, "/", "u", "p:q", "h" },
    { "ws://ü:%C3%BC@h/", FALSE, "h", 80, TRUE, "/", "ü", "ü", "h" },
    { "ws://h/u:p@x", FALSE, "h", 80, TRUE, "/u:p@x", NULL, NULL, "h" },
    { "ws://h?u:p@x", FALSE, "h", 80, TRUE, "/?u:p@x", NULL, NULL, "h" },
};

static void
test_valid(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(valid); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Url) url = url_parse(valid[i].text, LENGTH_MAX, &error);
        g_autoptr(Url) authority = NULL;
        g_autofree char *host_field = NULL;

        test_row(valid[i].text);
        g_assert_no_error(error);
        g_assert_cmpint(url->secure, ==, valid[i].secure);
        g_assert_cmpstr(url->host, ==, valid[i].host);
        g_assert_cmpuint(url->port, ==, valid[i].port);
        g_assert_cmpint(url->default_port, ==, valid[i].default_port);
        g_assert_cmpstr(url->target, ==, valid[i].target);
        g_assert_cmpstr(url->user, ==, valid[i].user);
        g_assert_cmpstr(url->password, ==, valid[i].password);
        host_field = url_host_field(url);
        g_assert_cmpstr(host_field, ==, valid[i].host_field);

        g_assert_true(url_parse_authority(valid[i].text, &authority));
        g_assert_cmpint(authority->secure, ==, valid[i].secure);
        g_assert_cmpstr(authority->host, ==, valid[i].host);
        g_assert_cmpuint(authority->port, ==, valid[i].port);
        g_assert_cmpint(authority->default_port, ==, valid[i].default_port);
        g_assert_null(authority->target);
        g_assert_null(authority->user);
    }
}

static const struct Invalid {
    const char *text;
    UrlError code;
    const char *host; /* what domain policy is asked for all the same; NULL: it is not */
} invalid[] = {
    { "", URL_ERROR_SCHEME, NULL },
    { "hello", URL_ERROR_SCHEME, NULL },
    { "123", URL_ERROR_SCHEME, NULL },
    { "192.168.1.1", URL_ERROR_SCHEME, NULL },
    { "http://h/", URL_ERROR_SCHEME, NULL },
    { "https://h/", URL_ERROR_SCHEME, NULL },
    { "//h/", URL_ERROR_SCHEME, NULL },
    { " ws://h/", URL_ERROR_SCHEME, NULL },
    { "w%73://h/", URL_ERROR_SCHEME, NULL },
    { "wsx://h/", URL_ERROR_SCHEME, NULL },
    { "ws", URL_ERROR_SCHEME, NULL },
    { "ws:", URL_ERROR_HOST, NULL },
    { "ws:h", URL_ERROR_HOST, NULL },
    { "ws:/h", URL_ERROR_HOST, NULL },
    { "ws://", URL_ERROR_HOST, NULL },
    { "ws:///x", URL_ERROR_HOST, NULL },
    { "ws://?x", URL_ERROR_HOST, NULL },
    { "ws://:80/", URL_ERROR_HOST, NULL },
    { "ws://u:p@/", URL_ERROR_HOST, NULL },
    { "ws://u@v@h/", URL_ERROR_HOST, NULL },
    { "ws://1.2.3/", URL_ERROR_HOST, NULL },
    { "ws://0x7f.1/", URL_ERROR_HOST, NULL },
    { "ws://127.1/", URL_ERROR_HOST, NULL },
    { "ws://2130706433/", URL_ERROR_HOST, NULL },
    { "ws://a..b/", URL_ERROR_HOST, NULL },
    { "ws://h%00/", URL_ERROR_HOST, NULL },
    { "ws://h%2f/", URL_ERROR_HOST, NULL },
    { "ws://h%20/", URL_ERROR_HOST, NULL },
    { "ws://a_b/", URL_ERROR_HOST, NULL },
    { "ws://*/", URL_ERROR_HOST, NULL },
    { "ws://[fe80::1%25eth0]/", URL_ERROR_HOST, NULL },
    { "ws://[::1/", URL_ERROR_HOST, NULL },
    { "ws://[::1]x/", URL_ERROR_HOST, NULL },
    { "ws://[::1]80/", URL_ERROR_HOST, NULL },
    { "ws://[127.0.0.1]/", URL_ERROR_HOST, NULL },
    { "ws://h:0/", URL_ERROR_PORT, NULL },
    { "ws://h:00/", URL_ERROR_PORT, NULL },
    { "ws://h:65536/", URL_ERROR_PORT, NULL },
    { "ws://h:99999/", URL_ERROR_PORT, NULL },
    { "ws://h:18446744073709551617/", URL_ERROR_PORT, NULL },
    { "ws://h:abc/", URL_ERROR_PORT, NULL },
    { "ws://h:-1/", URL_ERROR_PORT, NULL },
    { "ws://h:+1/", URL_ERROR_PORT, NULL },
    { "ws://h:8o/", URL_ERROR_PORT, NULL },
    { "ws://h:1:2/", URL_ERROR_PORT, NULL },
    { "ws://::1/", URL_ERROR_HOST, NULL },
    { "ws://[::1]:x/", URL_ERROR_PORT, NULL },
    { "ws://h:%38/", URL_ERROR_PORT, NULL },
    { "ws://h/#f", URL_ERROR_FRAGMENT, "h" },
    { "ws://h#", URL_ERROR_FRAGMENT, "h" },
    { "ws://h#@evil/", URL_ERROR_FRAGMENT, "h" },
    { "ws://a b/", URL_ERROR_CHARACTER, NULL },
    { "ws://h/a b", URL_ERROR_CHARACTER, "h" },
    { "ws://h/ ", URL_ERROR_CHARACTER, "h" },
    { "ws://h/a\tb", URL_ERROR_CHARACTER, "h" },
    { "ws://h/a\r\nX: y", URL_ERROR_CHARACTER, "h" },
    { "ws://h/\x7f", URL_ERROR_CHARACTER, "h" },
    { "ws://h/\xc2\x85", URL_ERROR_CHARACTER, "h" },
    { "ws://h/\xc2\xa0", URL_ERROR_CHARACTER, "h" },
    { "ws://h/\xff", URL_ERROR_CHARACTER, "h" },
    { "ws://h\\@e/", URL_ERROR_CHARACTER, NULL },
    { "ws://h\\e/", URL_ERROR_CHARACTER, NULL },
    { "ws://u\n@h/", URL_ERROR_CHARACTER, NULL },
    { "ws://h/\\", URL_ERROR_CHARACTER, "h" },
    { "ws://h/%", URL_ERROR_CHARACTER, "h" },
    { "ws://h/%4", URL_ERROR_CHARACTER, "h" },
    { "ws://h/%4x", URL_ERROR_CHARACTER, "h" },
    { "ws://h/?%zz", URL_ERROR_CHARACTER, "h" },
    { "ws://u%zz@h/", URL_ERROR_CHARACTER, "h" },
    { "ws://u%00@h/", URL_ERROR_CHARACTER, "h" },
    { "ws://u%0a@h/", URL_ERROR_CHARACTER, "h" },
    { "ws://u:%ff@h/", URL_ERROR_CHARACTER, "h" },
    { "ws://u%3av@h/", URL_ERROR_CHARACTER, "h" },
    { "ws://[fe80::1%eth0]/", URL_ERROR_CHARACTER, NULL },
};

static void
test_invalid(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(invalid); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Url) authority = NULL;

        test_row(invalid[i].text);
        g_assert_null(url_parse(invalid[i].text, LENGTH_MAX, &error));
        g_assert_error(error, URL_ERROR, (int)invalid[i].code);
        g_assert_cmpint(url_parse_authority(invalid[i].text, &authority), ==, invalid[i].host != NULL);
        g_assert_cmpstr(authority == NULL ? NULL : authority->host, ==, invalid[i].host);
    }
}

/* Bytes, as given: a two-byte character counts twice, though it goes out as six. */
static void
test_length(void)
{
    g_autofree char *filler = g_strnfill(LENGTH_MAX - strlen("ws://h/"), 'a');
    g_autofree char *longest = g_strconcat("ws://h/", filler, NULL);
    g_autofree char *too_long = g_strconcat(longest, "a", NULL);
    g_autofree char *wide = g_strconcat("ws://h/", filler + 2, "ü", NULL);
    g_autofree char *too_wide = g_strconcat("ws://h/", filler + 1, "ü", NULL);
    g_autoptr(Url) url = url_parse(longest, LENGTH_MAX, NULL);
    g_autoptr(Url) wide_url = url_parse(wide, LENGTH_MAX, NULL);
    g_autoptr(Url) authority = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_nonnull(url);
    g_assert_nonnull(wide_url);
    g_assert_null(url_parse(too_long, LENGTH_MAX, &error));
    g_assert_error(error, URL_ERROR, URL_ERROR_LENGTH);
    g_clear_error(&error);
    g_assert_null(url_parse(too_wide, LENGTH_MAX, &error));
    g_assert_error(error, URL_ERROR, URL_ERROR_LENGTH);
    g_assert_true(url_parse_authority(too_long, &authority));
    g_assert_cmpstr(authority->host, ==, "h");
}

static const struct Public {
    const char *text;
    const char *public;
} publics[] = {
    { "ws://h", "ws://h/" },
    { "WSS://u:secret@H:443/a?b", "wss://h/a?b" },
    { "wss://u:secret@h:8443", "wss://h:8443/" },
    { "ws://secret@[::1]:1/ü", "ws://[::1]:1/%C3%BC" },
};

static void
test_public_string(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(publics); i++) {
        g_autoptr(Url) url = url_parse(publics[i].text, LENGTH_MAX, NULL);
        g_autoptr(Url) authority = NULL;
        g_autofree char *text = url_to_public_string(url);
        g_autofree char *authority_text = NULL;

        g_assert_cmpstr(text, ==, publics[i].public);
        g_assert_true(url_parse_authority(publics[i].text, &authority));
        authority_text = url_to_public_string(authority);
        g_assert_null(strstr(authority_text, "secret"));
    }
}

/* An error's message goes to logs. */
static void
test_messages_have_no_password(void)
{
    static const char *const texts[] = {
        "ws://u:secret@a..b/", "ws://u:secret@h:0/",      "ws://u:secret@h/#",  "ws://u:secret%zz@h/",
        "ws://u:secret @h/",   "ws://u:secret@h:secret/", "ws://u:secret\\@h/", "secret",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(url_parse(texts[i], LENGTH_MAX, &error));
        g_assert_null(strstr(error->message, "secret"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/url/valid", test_valid);
    g_test_add_func("/url/invalid", test_invalid);
    g_test_add_func("/url/length", test_length);
    g_test_add_func("/url/public-string", test_public_string);
    g_test_add_func("/url/messages-have-no-password", test_messages_have_no_password);
    return g_test_run();
}
