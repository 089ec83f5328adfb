/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The options of a connect, as an object, so that a later version can have more of them. They are only kept
 * here; connect-arguments.c says how they travel, and the service says which values are valid.
 *
 * Every setter makes its copies first and changes the options only when it has all of them. What replaces a
 * secret wipes it.
 */

#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
free_secret(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static void
free_list(char **list)
{
    for (char **item = list; item && *item; item++)
        free(*item);
    free(list);
}

static char **
copy_list(const char *const *list)
{
    size_t n = 0;
    char **copy;

    while (list[n])
        n++;
    copy = calloc(n + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = strdup(list[i]);
        if (!copy[i]) {
            free_list(copy);
            return NULL;
        }
    }
    return copy;
}

/* Replaces *STRING by a copy of VALUE, which may be NULL. */
static int
set_string(char **string, const char *value)
{
    char *copy = value ? strdup(value) : NULL;

    if (value && !copy)
        return -ENOMEM;
    free_secret(*string);
    *string = copy;
    return 0;
}

/* ---- PEM ---- */

static void
pem_clear(PemSource *pem)
{
    if (pem->bytes)
        explicit_bzero(pem->bytes, pem->length);
    free(pem->bytes);
    free(pem->path);
    *pem = (PemSource){ 0 };
}

static int
pem_from_bytes(PemSource *ret, const void *bytes, size_t length)
{
    *ret = (PemSource){ 0 };
    if (!bytes)
        return length > 0 ? -EINVAL : 0;
    ret->bytes = malloc(length > 0 ? length : 1);
    if (!ret->bytes)
        return -ENOMEM;
    memcpy(ret->bytes, bytes, length);
    ret->length = length;
    return 0;
}

static int
pem_from_path(PemSource *ret, const char *path)
{
    *ret = (PemSource){ 0 };
    if (!path || path[0] == '\0')
        return 0;
    ret->path = strdup(path);
    return ret->path ? 0 : -ENOMEM;
}

static int
set_client_cert(wsb_options *options, PemSource *cert, PemSource *key, const char *key_password)
{
    int r = set_string(&options->key_password, key_password);

    if (r < 0) {
        pem_clear(cert);
        pem_clear(key);
        return r;
    }
    pem_clear(&options->cert);
    pem_clear(&options->key);
    options->cert = *cert;
    options->key = *key;
    return 0;
}

int
wsb_options_set_ca(wsb_options *options, const void *pem, size_t length)
{
    PemSource source;
    int r = options ? pem_from_bytes(&source, pem, length) : -EINVAL;

    if (r < 0)
        return r;
    pem_clear(&options->ca);
    options->ca = source;
    return 0;
}

int
wsb_options_set_ca_path(wsb_options *options, const char *path)
{
    PemSource source;
    int r = options ? pem_from_path(&source, path) : -EINVAL;

    if (r < 0)
        return r;
    pem_clear(&options->ca);
    options->ca = source;
    return 0;
}

int
wsb_options_set_client_cert(wsb_options *options, const void *cert, size_t cert_length, const void *key,
                            size_t key_length, const char *key_password)
{
    PemSource cert_source, key_source;
    int r = options ? pem_from_bytes(&cert_source, cert, cert_length) : -EINVAL;

    if (r < 0)
        return r;
    r = pem_from_bytes(&key_source, key, key_length);
    if (r < 0) {
        pem_clear(&cert_source);
        return r;
    }
    return set_client_cert(options, &cert_source, &key_source, key_password);
}

int
wsb_options_set_client_cert_path(wsb_options *options, const char *cert_path, const char *key_path,
                                 const char *key_password)
{
    PemSource cert_source, key_source;
    int r = options ? pem_from_path(&cert_source, cert_path) : -EINVAL;

    if (r < 0)
        return r;
    r = pem_from_path(&key_source, key_path);
    if (r < 0) {
        pem_clear(&cert_source);
        return r;
    }
    return set_client_cert(options, &cert_source, &key_source, key_password);
}

/* ---- The others ---- */

int
wsb_options_new(wsb_options **ret)
{
    wsb_options *options;

    if (!ret)
        return -EINVAL;
    options = calloc(1, sizeof(*options));
    if (!options)
        return -ENOMEM;
    *ret = options;
    return 0;
}

wsb_options *
wsb_options_free(wsb_options *options)
{
    if (!options)
        return NULL;
    for (size_t i = 0; i < options->n_headers; i++) {
        free(options->headers[i].name);
        free_secret(options->headers[i].value);
    }
    free(options->headers);
    free(options->protocol);
    pem_clear(&options->ca);
    pem_clear(&options->cert);
    pem_clear(&options->key);
    free_secret(options->key_password);
    free(options->proxy);
    free(options->proxy_host);
    free_list(options->exclusion_list);
    free_secret(options->proxy_username);
    free_secret(options->proxy_password);
    free(options->min_tls_version);
    free(options);
    return NULL;
}

int
wsb_options_add_header(wsb_options *options, const char *name, const char *value)
{
    OptionHeader header = { 0 };

    if (!options || !name || !value)
        return -EINVAL;
    if (options->n_headers == options->n_headers_allocated) {
        size_t allocated = options->n_headers_allocated > 0 ? options->n_headers_allocated * 2 : 8;
        OptionHeader *headers = reallocarray(options->headers, allocated, sizeof(*headers));

        if (!headers)
            return -ENOMEM;
        options->headers = headers;
        options->n_headers_allocated = allocated;
    }
    header.name = strdup(name);
    header.value = strdup(value);
    if (!header.name || !header.value) {
        free(header.name);
        free_secret(header.value);
        return -ENOMEM;
    }
    options->headers[options->n_headers++] = header;
    return 0;
}

int
wsb_options_set_protocol(wsb_options *options, const char *protocol)
{
    return options ? set_string(&options->protocol, protocol) : -EINVAL;
}

static void
clear_proxy(wsb_options *options)
{
    free(options->proxy);
    free(options->proxy_host);
    free_list(options->exclusion_list);
    free_secret(options->proxy_username);
    free_secret(options->proxy_password);
    options->proxy = options->proxy_host = options->proxy_username = options->proxy_password = NULL;
    options->exclusion_list = NULL;
}

int
wsb_options_set_proxy(wsb_options *options, const char *proxy)
{
    char *copy = proxy ? strdup(proxy) : NULL;

    if (!options || (proxy && !copy)) {
        free(copy);
        return options ? -ENOMEM : -EINVAL;
    }
    clear_proxy(options);
    options->proxy = copy;
    return 0;
}

int
wsb_options_set_proxy_host(wsb_options *options, const char *host, uint32_t port,
                           const char *const *exclusion_list, const char *username, const char *password)
{
    wsb_options copy = { .proxy_port = port };

    if (!options || !host)
        return -EINVAL;
    if (set_string(&copy.proxy_host, host) < 0 || set_string(&copy.proxy_username, username) < 0 ||
        set_string(&copy.proxy_password, password) < 0 ||
        (exclusion_list && !(copy.exclusion_list = copy_list(exclusion_list)))) {
        clear_proxy(&copy);
        return -ENOMEM;
    }
    clear_proxy(options);
    options->proxy_host = copy.proxy_host;
    options->proxy_port = copy.proxy_port;
    options->proxy_username = copy.proxy_username;
    options->proxy_password = copy.proxy_password;
    options->exclusion_list = copy.exclusion_list;
    return 0;
}

int
wsb_options_set_ping_interval(wsb_options *options, uint32_t seconds)
{
    if (!options)
        return -EINVAL;
    options->has_ping_interval = true;
    options->ping_interval = seconds;
    return 0;
}

int
wsb_options_set_pong_timeout(wsb_options *options, uint32_t seconds)
{
    if (!options)
        return -EINVAL;
    options->has_pong_timeout = true;
    options->pong_timeout = seconds;
    return 0;
}

int
wsb_options_set_min_tls_version(wsb_options *options, const char *version)
{
    return options ? set_string(&options->min_tls_version, version) : -EINVAL;
}

int
wsb_options_set_stream(wsb_options *options, bool stream)
{
    if (!options)
        return -EINVAL;
    options->no_stream = !stream;
    return 0;
}
