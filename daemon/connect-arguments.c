/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From the a{sv} of Connect to ConnectOptions. A table says which keys there are and of which types; an unknown key, a
 * wrong type or a forbidden value is named and refused before anything else is looked at. The dictionaries inside
 * (clientCert, proxy) are read by the same walk with tables of their own.
 */

#include "connect-arguments.h"

#include "bus-bytes.h"
#include "coded-error.h"
#include "request-headers.h"

#include <errno.h>
#include <string.h>

enum {
    SECONDS_MAX = 24 * 60 * 60 /* a longer interval is as good as this one, and keeps timers in range */
};

typedef struct Argument {
    const char *key;
    const char *types[2]; /* signatures that the value may have */
    /* Reads the content of the variant, of TYPE, at MESSAGE's position. FALSE and *error when the caller is wrong. */
    gboolean (*read)(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error);
} Argument;

typedef struct ArgumentTable {
    const char *prefix; /* for messages: "" or "proxy." */
    const Argument *arguments;
    gsize n_arguments;
} ArgumentTable;

static gboolean read_dictionary(sd_bus_message *message, const ArgumentTable *table, ConnectOptions *options,
                                GError **error);

static gboolean
malformed(GError **error)
{
    (void)coded_error_set(error, WSB_CODE_PARAMETER, "the options are malformed");
    return FALSE;
}

static gboolean
read_string(sd_bus_message *message, char **ret_text, GError **error)
{
    const char *text = NULL;

    if (sd_bus_message_read_basic(message, 's', &text) <= 0)
        return malformed(error);
    g_free(*ret_text);
    *ret_text = g_strdup(text);
    return TRUE;
}

static gboolean
read_uint32(sd_bus_message *message, guint32 *ret_value, GError **error)
{
    return sd_bus_message_read_basic(message, 'u', ret_value) > 0 || malformed(error);
}

/* s or ay. */
static gboolean
read_bytes(sd_bus_message *message, const char *type, GBytes **ret_bytes, GError **error)
{
    g_clear_pointer(ret_bytes, g_bytes_unref);
    *ret_bytes = bus_bytes_read(message, *type);
    return *ret_bytes || malformed(error);
}

/* header */

static gboolean
append_header(ConnectOptions *options, const char *name, const char *value, GError **error)
{
    if (!request_header_check(name, value, error))
        return FALSE;
    header_list_append(options->headers, name, value);
    return request_headers_check(options->headers, error);
}

static gboolean
read_header_values(sd_bus_message *message, const char *name, ConnectOptions *options, GError **error)
{
    const char *value = NULL;
    int r = sd_bus_message_enter_container(message, 'a', "s");

    while (r >= 0 && (r = sd_bus_message_read_basic(message, 's', &value)) > 0) {
        if (!append_header(options, name, value, error))
            return FALSE;
    }
    return (r >= 0 && sd_bus_message_exit_container(message) >= 0) || malformed(error);
}

static gboolean
read_header_field(sd_bus_message *message, gboolean repeated, ConnectOptions *options, GError **error)
{
    const char *name = NULL, *value = NULL;

    if (sd_bus_message_read_basic(message, 's', &name) <= 0)
        return malformed(error);
    if (repeated)
        return read_header_values(message, name, options, error);
    if (sd_bus_message_read_basic(message, 's', &value) <= 0)
        return malformed(error);
    return append_header(options, name, value, error);
}

static gboolean
read_header(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    gboolean repeated = g_str_equal(type, "a{sas}");
    const char *entry = repeated ? "sas" : "ss";
    int r = sd_bus_message_enter_container(message, 'a', repeated ? "{sas}" : "{ss}");

    if (!options->headers)
        options->headers = header_list_new();
    while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', entry)) > 0) {
        if (!read_header_field(message, repeated, options, error))
            return FALSE;
        r = sd_bus_message_exit_container(message);
    }
    return (r >= 0 && sd_bus_message_exit_container(message) >= 0) || malformed(error);
}

static gboolean
read_protocol(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    g_autofree char *text = NULL;

    (void)type;
    if (!read_string(message, &text, error))
        return FALSE;
    g_clear_pointer(&options->protocols, g_strfreev);
    return request_protocols_parse(text, &options->protocols, error);
}

/* ca, clientCert, minTlsVersion */

static gboolean
read_ca(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    return read_bytes(message, type, &options->tls.ca, error);
}

static gboolean
read_certificate(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    return read_bytes(message, type, &options->tls.certificate, error);
}

static gboolean
read_key(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    return read_bytes(message, type, &options->tls.key, error);
}

static gboolean
read_key_password(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    (void)type;
    return read_string(message, &options->tls.key_password, error);
}

static const Argument client_certificate_arguments[] = {
    { "cert", { "s", "ay" }, read_certificate },
    { "key", { "s", "ay" }, read_key },
    { "keyPassword", { "s" }, read_key_password },
};

static const ArgumentTable client_certificate_table = { "clientCert.", client_certificate_arguments,
                                                        G_N_ELEMENTS(client_certificate_arguments) };

static gboolean
read_client_certificate(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    (void)type;
    options->tls.has_client = TRUE;
    return read_dictionary(message, &client_certificate_table, options, error);
}

static gboolean
read_min_tls_version(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    g_autofree char *text = NULL;

    (void)type;
    if (!read_string(message, &text, error))
        return FALSE;
    if (!g_str_equal(text, "1.2") && !g_str_equal(text, "1.3"))
        return coded_error_set(error, WSB_CODE_PARAMETER, "option minTlsVersion is \"1.2\" or \"1.3\"");
    options->tls.only_tls_1_3 = g_str_equal(text, "1.3");
    return TRUE;
}

/* proxy */

static gboolean
read_proxy_host(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    g_autofree char *text = NULL;

    (void)type;
    if (!read_string(message, &text, error))
        return FALSE;
    g_free(options->proxy.host);
    options->proxy.host = request_proxy_host_parse(text);
    return options->proxy.host ||
           coded_error_set(error, WSB_CODE_PARAMETER, "option proxy.host is neither a name nor an address");
}

static gboolean
read_proxy_port(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    guint32 port = 0;

    (void)type;
    if (!read_uint32(message, &port, error))
        return FALSE;
    if (port == 0 || port > G_MAXUINT16)
        return coded_error_set(error, WSB_CODE_PARAMETER, "option proxy.port is from 1 to 65535");
    options->proxy.port = (guint16)port;
    return TRUE;
}

static gboolean
read_proxy_exclusions(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const char *item = NULL;
    int r = sd_bus_message_enter_container(message, 'a', "s");

    (void)type;
    while (r >= 0 && (r = sd_bus_message_read_basic(message, 's', &item)) > 0)
        g_strv_builder_add(builder, item);
    if (r < 0 || sd_bus_message_exit_container(message) < 0)
        return malformed(error);
    g_strfreev(options->proxy.exclusions);
    options->proxy.exclusions = g_strv_builder_end(builder);
    return TRUE;
}

static gboolean
read_proxy_username(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    (void)type;
    return read_string(message, &options->proxy.username, error);
}

static gboolean
read_proxy_password(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    (void)type;
    return read_string(message, &options->proxy.password, error);
}

static const Argument proxy_arguments[] = {
    { "host", { "s" }, read_proxy_host },
    { "port", { "u" }, read_proxy_port },
    { "exclusionList", { "as" }, read_proxy_exclusions },
    { "username", { "s" }, read_proxy_username },
    { "password", { "s" }, read_proxy_password },
};

static const ArgumentTable proxy_table = { "proxy.", proxy_arguments, G_N_ELEMENTS(proxy_arguments) };

static gboolean
read_proxy_word(sd_bus_message *message, ConnectOptions *options, GError **error)
{
    g_autofree char *text = NULL;

    if (!read_string(message, &text, error))
        return FALSE;
    if (!g_str_equal(text, "system") && !g_str_equal(text, "no-proxy"))
        return coded_error_set(error, WSB_CODE_PARAMETER,
                               "option proxy is \"system\", \"no-proxy\" or a dictionary");
    options->proxy.mode = g_str_equal(text, "system") ? PROXY_SYSTEM : PROXY_NONE;
    return TRUE;
}

static gboolean
read_proxy(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    ProxyOptions *proxy = &options->proxy;

    if (g_str_equal(type, "s"))
        return read_proxy_word(message, options, error);
    proxy->mode = PROXY_GIVEN;
    if (!read_dictionary(message, &proxy_table, options, error))
        return FALSE;
    if (!proxy->host || proxy->port == 0)
        return coded_error_set(error, WSB_CODE_PARAMETER, "option proxy needs host and port");
    if (proxy->username && strchr(proxy->username, ':'))
        return coded_error_set(error, WSB_CODE_PARAMETER, "option proxy.username has a colon");
    return TRUE;
}

/* pingInterval, pongTimeout */

static gboolean
read_seconds(sd_bus_message *message, gint64 *ret_seconds, GError **error)
{
    guint32 seconds = 0;

    if (!read_uint32(message, &seconds, error))
        return FALSE;
    *ret_seconds = MIN(seconds, SECONDS_MAX);
    return TRUE;
}

static gboolean
read_ping_interval(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    (void)type;
    return read_seconds(message, &options->ping_interval, error);
}

static gboolean
read_pong_timeout(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    (void)type;
    return read_seconds(message, &options->pong_timeout, error);
}

static const Argument connect_arguments[] = {
    { "header", { "a{ss}", "a{sas}" }, read_header },
    { "protocol", { "s" }, read_protocol },
    { "ca", { "s", "ay" }, read_ca },
    { "clientCert", { "a{sv}" }, read_client_certificate },
    { "proxy", { "s", "a{sv}" }, read_proxy },
    { "pingInterval", { "u" }, read_ping_interval },
    { "pongTimeout", { "u" }, read_pong_timeout },
    { "minTlsVersion", { "s" }, read_min_tls_version },
};

static const ArgumentTable connect_table = { "", connect_arguments, G_N_ELEMENTS(connect_arguments) };

/* The walk. */

static const Argument *
find_argument(const ArgumentTable *table, const char *key)
{
    for (gsize i = 0; i < table->n_arguments; i++) {
        if (g_str_equal(table->arguments[i].key, key))
            return &table->arguments[i];
    }
    return NULL;
}

static gboolean
has_type(const Argument *argument, const char *type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(argument->types) && argument->types[i]; i++) {
        if (g_str_equal(argument->types[i], type))
            return TRUE;
    }
    return FALSE;
}

static gboolean
read_argument(sd_bus_message *message, const ArgumentTable *table, ConnectOptions *options, GError **error)
{
    const char *key = NULL, *type = NULL;
    const Argument *argument;

    if (sd_bus_message_read_basic(message, 's', &key) < 0 ||
        sd_bus_message_peek_type(message, NULL, &type) < 0)
        return malformed(error);
    argument = find_argument(table, key);
    if (!argument)
        return coded_error_set(error, WSB_CODE_PARAMETER, "there is no option %s%.64s", table->prefix, key);
    if (!has_type(argument, type))
        return coded_error_set(error, WSB_CODE_PARAMETER, "option %s%s is of type %s, not %.64s",
                               table->prefix, key, argument->types[0], type);
    if (sd_bus_message_enter_container(message, 'v', type) < 0)
        return malformed(error);
    if (!argument->read(message, type, options, error))
        return FALSE;
    return sd_bus_message_exit_container(message) >= 0 || malformed(error);
}

static gboolean
read_dictionary(sd_bus_message *message, const ArgumentTable *table, ConnectOptions *options, GError **error)
{
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");

    while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
        if (!read_argument(message, table, options, error))
            return FALSE;
        r = sd_bus_message_exit_container(message);
    }
    return (r >= 0 && sd_bus_message_exit_container(message) >= 0) || malformed(error);
}

gboolean
connect_arguments_read(sd_bus_message *message, ConnectOptions *ret_options, GError **error)
{
    g_auto(ConnectOptions) options = CONNECT_OPTIONS_INIT;

    if (!read_dictionary(message, &connect_table, &options, error))
        return FALSE;
    *ret_options = options;
    options = CONNECT_OPTIONS_INIT;
    return TRUE;
}
