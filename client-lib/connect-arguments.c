/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How URL and options travel in Connect. Here the certificate files are read, in the application's own
 * sandbox, and their bytes passed; for one that cannot be read an empty array travels, so that the error
 * comes from the service in its order of checks. Header values are always lists, as a name may be repeated.
 *
 * A bus disconnects whoever sends too large a message, so all is summed up first; and a string that is not
 * UTF-8 would do the same.
 */

#include "options.h"

#include "pem-file.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is being appended, and how much it has become. */
typedef struct Arguments {
    sd_bus_message *m;
    size_t size;
} Arguments;

static int
account(Arguments *arguments, size_t length)
{
    /* Length, signature and padding of a value, generously. */
    arguments->size += length + 64;
    return arguments->size > WSB_MESSAGE_MAX || length > WSB_MESSAGE_MAX ? -EMSGSIZE : 0;
}

static int
append_string(Arguments *arguments, const char *string)
{
    size_t length = strlen(string);
    int r = account(arguments, length);

    if (r < 0)
        return r;
    if (text_classify(string, length) != TEXT_PLAIN)
        return -EINVAL;
    return sd_bus_message_append_basic(arguments->m, 's', string);
}

static int
append_bytes(Arguments *arguments, const void *bytes, size_t length)
{
    int r = account(arguments, length);

    return r < 0 ? r : sd_bus_message_append_array(arguments->m, 'y', bytes, length);
}

/* ---- One entry of a{sv} ---- */

static int
open_entry(Arguments *arguments, const char *key, const char *type)
{
    int r;

    r = sd_bus_message_open_container(arguments->m, 'e', "sv");
    if (r >= 0)
        r = append_string(arguments, key);
    if (r >= 0)
        r = sd_bus_message_open_container(arguments->m, 'v', type);
    return r;
}

/* R is what came of the value. */
static int
close_entry(Arguments *arguments, int r)
{
    if (r >= 0)
        r = sd_bus_message_close_container(arguments->m);
    if (r >= 0)
        r = sd_bus_message_close_container(arguments->m);
    return r;
}

static int
append_string_entry(Arguments *arguments, const char *key, const char *value)
{
    int r;

    if (!value)
        return 0;
    r = open_entry(arguments, key, "s");
    return close_entry(arguments, r < 0 ? r : append_string(arguments, value));
}

static int
append_number_entry(Arguments *arguments, const char *key, uint32_t value)
{
    int r = open_entry(arguments, key, "u");

    return close_entry(arguments, r < 0 ? r : sd_bus_message_append_basic(arguments->m, 'u', &value));
}

static int
append_pem_entry(Arguments *arguments, const char *key, const PemSource *pem)
{
    void *bytes = NULL;
    size_t length = 0;
    int r;

    if (!pem->path && !pem->bytes)
        return 0;
    if (pem->path && pem_file_read(pem->path, &bytes, &length) == -ENOMEM)
        return -ENOMEM;
    r = open_entry(arguments, key, "ay");
    if (r >= 0)
        r = append_bytes(arguments, pem->path ? bytes : pem->bytes, pem->path ? length : pem->length);
    if (bytes)
        explicit_bzero(bytes, length);
    free(bytes);
    return close_entry(arguments, r);
}

/* ---- header a{sas} ---- */

static bool
is_first_of_name(const wsb_options *options, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(options->headers[i].name, options->headers[index].name) == 0)
            return false;
    return true;
}

/* The entry for the name at INDEX, with the values of all headers that have it. */
static int
append_header(Arguments *arguments, const wsb_options *options, size_t index)
{
    const char *name = options->headers[index].name;
    int r;

    r = sd_bus_message_open_container(arguments->m, 'e', "sas");
    if (r >= 0)
        r = append_string(arguments, name);
    if (r >= 0)
        r = sd_bus_message_open_container(arguments->m, 'a', "s");
    for (size_t i = index; r >= 0 && i < options->n_headers; i++)
        if (strcmp(options->headers[i].name, name) == 0)
            r = append_string(arguments, options->headers[i].value);
    return close_entry(arguments, r);
}

static int
append_headers(Arguments *arguments, const wsb_options *options)
{
    int r;

    if (options->n_headers == 0)
        return 0;
    r = open_entry(arguments, "header", "a{sas}");
    if (r >= 0)
        r = sd_bus_message_open_container(arguments->m, 'a', "{sas}");
    for (size_t i = 0; r >= 0 && i < options->n_headers; i++)
        if (is_first_of_name(options, i))
            r = append_header(arguments, options, i);
    if (r >= 0)
        r = sd_bus_message_close_container(arguments->m);
    return close_entry(arguments, r);
}

/* ---- clientCert and proxy a{sv} ---- */

static int
append_client_cert(Arguments *arguments, const wsb_options *options)
{
    int r;

    if (!options->cert.path && !options->cert.bytes && !options->key.path && !options->key.bytes)
        return 0;
    r = open_entry(arguments, "clientCert", "a{sv}");
    if (r >= 0)
        r = sd_bus_message_open_container(arguments->m, 'a', "{sv}");
    if (r >= 0)
        r = append_pem_entry(arguments, "cert", &options->cert);
    if (r >= 0)
        r = append_pem_entry(arguments, "key", &options->key);
    if (r >= 0)
        r = append_string_entry(arguments, "keyPassword", options->key_password);
    if (r >= 0)
        r = sd_bus_message_close_container(arguments->m);
    return close_entry(arguments, r);
}

static int
append_exclusion_list(Arguments *arguments, char *const *list)
{
    int r;

    if (!list)
        return 0;
    r = open_entry(arguments, "exclusionList", "as");
    if (r >= 0)
        r = sd_bus_message_open_container(arguments->m, 'a', "s");
    for (char *const *host = list; r >= 0 && *host; host++)
        r = append_string(arguments, *host);
    if (r >= 0)
        r = sd_bus_message_close_container(arguments->m);
    return close_entry(arguments, r);
}

static int
append_proxy(Arguments *arguments, const wsb_options *options)
{
    int r;

    if (!options->proxy_host)
        return append_string_entry(arguments, "proxy", options->proxy);
    r = open_entry(arguments, "proxy", "a{sv}");
    if (r >= 0)
        r = sd_bus_message_open_container(arguments->m, 'a', "{sv}");
    if (r >= 0)
        r = append_string_entry(arguments, "host", options->proxy_host);
    if (r >= 0)
        r = append_number_entry(arguments, "port", options->proxy_port);
    if (r >= 0)
        r = append_exclusion_list(arguments, options->exclusion_list);
    if (r >= 0)
        r = append_string_entry(arguments, "username", options->proxy_username);
    if (r >= 0)
        r = append_string_entry(arguments, "password", options->proxy_password);
    if (r >= 0)
        r = sd_bus_message_close_container(arguments->m);
    return close_entry(arguments, r);
}

/* ---- All ---- */

static int
append_options(Arguments *arguments, const wsb_options *options)
{
    int r;

    r = append_headers(arguments, options);
    if (r >= 0)
        r = append_string_entry(arguments, "protocol", options->protocol);
    if (r >= 0)
        r = append_pem_entry(arguments, "ca", &options->ca);
    if (r >= 0)
        r = append_client_cert(arguments, options);
    if (r >= 0)
        r = append_proxy(arguments, options);
    if (r >= 0 && options->has_ping_interval)
        r = append_number_entry(arguments, "pingInterval", options->ping_interval);
    if (r >= 0 && options->has_pong_timeout)
        r = append_number_entry(arguments, "pongTimeout", options->pong_timeout);
    if (r >= 0)
        r = append_string_entry(arguments, "minTlsVersion", options->min_tls_version);
    return r;
}

int
connect_arguments_append(sd_bus_message *m, const char *url, const wsb_options *options)
{
    Arguments arguments = { .m = m };
    int r;

    r = append_string(&arguments, url);
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'a', "{sv}");
    if (r >= 0 && options)
        r = append_options(&arguments, options);
    if (r >= 0)
        r = sd_bus_message_close_container(m);
    return r;
}
