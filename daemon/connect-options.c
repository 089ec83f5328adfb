/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From the a{sv} of Connect to values that the broker can use. A table says which keys there are; an unknown one, a
 * wrong type or a forbidden value is named and refused, before anything else is looked at.
 */

#include "connect-options.h"

#include "coded-error.h"
#include "request-headers.h"

#include <errno.h>

typedef struct Option {
    const char *key;
    const char *types[2]; /* signatures that the value may have */
    /* MESSAGE stands inside the variant, whose content is TYPE. A negative errno is the bus's fault, FALSE by *error
     * the caller's. */
    gboolean (*read)(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error);
} Option;

void
connect_options_clear(ConnectOptions *options)
{
    g_clear_pointer(&options->headers, header_list_free);
    g_clear_pointer(&options->protocols, g_strfreev);
}

static gboolean
malformed(GError **error)
{
    return coded_error_set(error, WSB_CODE_PARAMETER, "the options are malformed");
}

static gboolean
append_header(ConnectOptions *options, const char *name, const char *value, GError **error)
{
    if (!request_header_check(name, value, error))
        return FALSE;
    header_list_append(options->headers, name, value);
    return request_headers_check(options->headers, error);
}

static gboolean
read_values(sd_bus_message *message, const char *name, ConnectOptions *options, GError **error)
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
read_field(sd_bus_message *message, gboolean repeated, ConnectOptions *options, GError **error)
{
    const char *name = NULL, *value = NULL;

    if (sd_bus_message_read_basic(message, 's', &name) < 0)
        return malformed(error);
    if (repeated)
        return read_values(message, name, options, error);
    if (sd_bus_message_read_basic(message, 's', &value) < 0)
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
        if (!read_field(message, repeated, options, error))
            return FALSE;
        r = sd_bus_message_exit_container(message);
    }
    return (r >= 0 && sd_bus_message_exit_container(message) >= 0) || malformed(error);
}

static gboolean
read_protocol(sd_bus_message *message, const char *type, ConnectOptions *options, GError **error)
{
    const char *text = NULL;

    (void)type;
    if (sd_bus_message_read_basic(message, 's', &text) < 0)
        return malformed(error);
    g_clear_pointer(&options->protocols, g_strfreev);
    return request_protocols_parse(text, &options->protocols, error);
}

static const Option known_options[] = {
    { "header", { "a{ss}", "a{sas}" }, read_header },
    { "protocol", { "s" }, read_protocol },
};

static const Option *
find_option(const char *key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known_options); i++) {
        if (g_str_equal(known_options[i].key, key))
            return &known_options[i];
    }
    return NULL;
}

static gboolean
option_has_type(const Option *option, const char *type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(option->types) && option->types[i]; i++) {
        if (g_str_equal(option->types[i], type))
            return TRUE;
    }
    return FALSE;
}

static gboolean
read_option(sd_bus_message *message, ConnectOptions *options, GError **error)
{
    const char *key = NULL, *type = NULL;
    const Option *option;

    if (sd_bus_message_read_basic(message, 's', &key) < 0 ||
        sd_bus_message_peek_type(message, NULL, &type) < 0)
        return malformed(error);
    option = find_option(key);
    if (!option)
        return coded_error_set(error, WSB_CODE_PARAMETER, "there is no option %.64s", key);
    if (!option_has_type(option, type))
        return coded_error_set(error, WSB_CODE_PARAMETER, "option %s is of type %s, not %.64s", key,
                               option->types[0], type);
    if (sd_bus_message_enter_container(message, 'v', type) < 0)
        return malformed(error);
    if (!option->read(message, type, options, error))
        return FALSE;
    return sd_bus_message_exit_container(message) >= 0 || malformed(error);
}

gboolean
connect_options_read(sd_bus_message *message, ConnectOptions *ret_options, GError **error)
{
    g_auto(ConnectOptions) options = { 0 };
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");

    while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
        if (!read_option(message, &options, error))
            return FALSE;
        r = sd_bus_message_exit_container(message);
    }
    if (r < 0 || sd_bus_message_exit_container(message) < 0)
        return malformed(error);
    *ret_options = options;
    options = (ConnectOptions){ 0 };
    return TRUE;
}
