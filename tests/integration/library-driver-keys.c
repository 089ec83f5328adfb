/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The KEY=VALUE words of library-driver's connect. */

#include "library-driver-keys.h"

#include "library-driver-output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
add_header_word(wsb_options *options, char *value)
{
    char *separator = strchr(value, ':'), *name, *text;
    size_t length;
    int r;

    if (!separator)
        return false;
    *separator = '\0';
    name = from_base64(value, &length);
    text = from_base64(separator + 1, &length);
    r = name && text ? wsb_options_add_header(options, name, text) : -EINVAL;
    free(name);
    free(text);
    return r >= 0;
}

static char **
find_key(Keys *keys, const char *key)
{
    const struct {
        const char *name;
        char **value;
    } table[] = {
        { "cert", &keys->cert },
        { "key", &keys->key },
        { "certPath", &keys->cert_path },
        { "keyPath", &keys->key_path },
        { "keyPassword", &keys->key_password },
        { "proxyHost", &keys->proxy_host },
        { "proxyUser", &keys->proxy_user },
        { "proxyPassword", &keys->proxy_password },
        { "exclude", &keys->exclude[keys->n_exclude] },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(table[i].name, key) == 0)
            return table[i].value;
    return NULL;
}

static int
set_single(Keys *keys, const char *key, const char *value, size_t length)
{
    if (strcmp(key, "protocol") == 0)
        return wsb_options_set_protocol(keys->options, value);
    if (strcmp(key, "ca") == 0)
        return wsb_options_set_ca(keys->options, value, length);
    if (strcmp(key, "caPath") == 0)
        return wsb_options_set_ca_path(keys->options, value);
    if (strcmp(key, "proxy") == 0)
        return wsb_options_set_proxy(keys->options, value);
    if (strcmp(key, "minTlsVersion") == 0)
        return wsb_options_set_min_tls_version(keys->options, value);
    return -EINVAL;
}

static bool
add_word(Keys *keys, char *word)
{
    char *value = strchr(word, '='), *bytes, **kept;
    size_t length;
    int r = 0;

    if (strcmp(word, "nocallback") == 0)
        return (keys->no_callback = true);
    if (strcmp(word, "nostream") == 0)
        return wsb_options_set_stream(keys->options, false) >= 0;
    if (!value)
        return false;
    *value++ = '\0';
    if (strcmp(word, "header") == 0)
        return add_header_word(keys->options, value);
    if (strcmp(word, "proxyPort") == 0)
        return (keys->proxy_port = (unsigned)strtoul(value, NULL, 10)), true;
    if (strcmp(word, "pingInterval") == 0)
        return wsb_options_set_ping_interval(keys->options, (uint32_t)strtoul(value, NULL, 10)) >= 0;
    if (strcmp(word, "pongTimeout") == 0)
        return wsb_options_set_pong_timeout(keys->options, (uint32_t)strtoul(value, NULL, 10)) >= 0;

    bytes = from_base64(value, &length);
    if (!bytes)
        return false;
    kept = find_key(keys, word);
    if (!kept) {
        r = set_single(keys, word, bytes, length);
        free(bytes);
        return r >= 0;
    }
    keys->n_exclude += kept == &keys->exclude[keys->n_exclude];
    free(*kept);
    *kept = bytes;
    return true;
}

static int
apply_keys(Keys *keys)
{
    int r = 0;

    if (keys->cert_path || keys->key_path)
        r = wsb_options_set_client_cert_path(keys->options, keys->cert_path, keys->key_path,
                                             keys->key_password);
    else if (keys->cert || keys->key)
        r = wsb_options_set_client_cert(keys->options, keys->cert, keys->cert ? strlen(keys->cert) : 0,
                                        keys->key, keys->key ? strlen(keys->key) : 0, keys->key_password);
    if (r >= 0 && keys->proxy_host)
        r = wsb_options_set_proxy_host(keys->options, keys->proxy_host, keys->proxy_port,
                                       keys->n_exclude > 0 ? (const char *const *)keys->exclude : NULL,
                                       keys->proxy_user, keys->proxy_password);
    return r;
}

void
keys_clear(Keys *keys)
{
    char *owned[] = { keys->cert,         keys->key,        keys->cert_path,  keys->key_path,
                      keys->key_password, keys->proxy_host, keys->proxy_user, keys->proxy_password };

    wsb_options_free(keys->options);
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
        free(owned[i]);
    for (size_t i = 0; i < keys->n_exclude; i++)
        free(keys->exclude[i]);
}

bool
keys_read(Keys *keys, char **words)
{
    bool good = wsb_options_new(&keys->options) >= 0;

    for (; good && *words; words++)
        good = add_word(keys, *words);
    return good && apply_keys(keys) >= 0;
}
