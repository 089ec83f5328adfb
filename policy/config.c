/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The service's own limits. One table has every key with its kind of value, its bounds and its default, all
 * in the spelling of the file, so that a default or a bound passes through the same parser as what an
 * administrator writes and an error can quote them.
 */

#include "config.h"

#include "files.h"
#include "ini.h"
#include "value.h"

#include <gio/gio.h>
#include <string.h>

#define SECTION_NAME "Broker"

typedef struct ConfigKey ConfigKey;

/* Sets the member of KEY to what TEXT says. FALSE, and nothing set, if TEXT is no such value or out of
 * bounds. */
typedef gboolean (*AssignFunction)(const ConfigKey *key, BrokerConfig *config, const char *text);

struct ConfigKey {
    const char *name;
    AssignFunction assign;
    gsize offset;         /* in BrokerConfig */
    const char *standard; /* the default */
    const char *minimum;  /* of numbers */
    const char *maximum;
    gboolean may_be_zero; /* below the minimum, for none or never */
};

static gboolean assign_time(const ConfigKey *key, BrokerConfig *config, const char *text);
static gboolean assign_size(const ConfigKey *key, BrokerConfig *config, const char *text);
static gboolean assign_count(const ConfigKey *key, BrokerConfig *config, const char *text);
static gboolean assign_rate(const ConfigKey *key, BrokerConfig *config, const char *text);
static gboolean assign_boolean(const ConfigKey *key, BrokerConfig *config, const char *text);
static gboolean assign_proxy(const ConfigKey *key, BrokerConfig *config, const char *text);
static gboolean assign_no_proxy(const ConfigKey *key, BrokerConfig *config, const char *text);

/* What each kind of value looks like, for messages. */
static const struct Syntax {
    AssignFunction assign;
    const char *text;
} syntaxes[] = {
    { assign_time, "a time in ms, s or min" },
    { assign_size, "a number of bytes, or of K, M or G" },
    { assign_count, "a number" },
    { assign_rate, "a number for each /s or /min" },
    { assign_boolean, "yes or no" },
    { assign_proxy,
      "a proxy's URL such as http://proxy.example:3128 or socks5://proxy.example:1080, or nothing" },
    { assign_no_proxy, "a list of host names, .domains, addresses and ranges, separated by ;, or nothing" },
};

#define MEMBER(name) G_STRUCT_OFFSET(BrokerConfig, name)

/* clang-format off */
static const ConfigKey keys[] = {
    { "ConnectTimeout", assign_time, MEMBER(connect_timeout), "20s", "10ms", "10min", FALSE },
    { "CloseTimeout", assign_time, MEMBER(close_timeout), "5s", "10ms", "10min", FALSE },
    { "FenceTimeout", assign_time, MEMBER(fence_timeout), "30s", "10ms", "60min", FALSE },
    { "PingInterval", assign_time, MEMBER(ping_interval), "30s", "10ms", "1440min", TRUE },
    { "PongTimeout", assign_time, MEMBER(pong_timeout), "30s", "10ms", "1440min", TRUE },
    { "ExitOnIdle", assign_time, MEMBER(exit_on_idle), "0", "10ms", "1440min", TRUE },
    { "MaxUrlLength", assign_size, MEMBER(max_url_length), "1024", "16", "8192", FALSE },
    { "MaxMessageSize", assign_size, MEMBER(max_message_size), "16M", "1", "1G", FALSE },
    { "MaxBufferedBytes", assign_size, MEMBER(max_buffered_bytes), "256K", "1K", "1G", FALSE },
    { "MaxConnections", assign_count, MEMBER(max_connections), "64", "1", "1000000", FALSE },
    { "MaxConnectRate", assign_rate, MEMBER(max_connect_rate), "10/s", "1", "1000000", FALSE },
    { "MaxPendingHandshakes", assign_count, MEMBER(max_pending_handshakes), "8", "1", "1000000", FALSE },
    { "MaxPendingHandshakesTotal", assign_count, MEMBER(max_pending_handshakes_total), "64", "1", "1000000",
      FALSE },
    { "MaxConnectionsPerUser", assign_count, MEMBER(max_connections_per_user), "512", "1", "1000000", FALSE },
    { "MaxWebSocketsPerUser", assign_count, MEMBER(max_websockets_per_user), "1024", "1", "1000000", FALSE },
    { "MaxWebSockets", assign_count, MEMBER(max_websockets), "10000", "1", "1000000", FALSE },
    { "PermessageDeflate", assign_boolean, MEMBER(permessage_deflate), "no", NULL, NULL, FALSE },
    { "Proxy", assign_proxy, MEMBER(proxy), "", NULL, NULL, FALSE },
    { "NoProxy", assign_no_proxy, MEMBER(no_proxy), "", NULL, NULL, FALSE },
};
/* clang-format on */

/* The proxy protocols that GIO speaks. */
static const char *const proxy_schemes[] = { "http", "https", "socks", "socks4", "socks4a", "socks5", NULL };

/* Parses TEXT and both bounds of KEY with PARSE. */
static gboolean
parse_bounded(const ConfigKey *key, gboolean (*parse)(const char *, guint64 *), const char *text,
              guint64 *ret_value)
{
    guint64 minimum = 0;
    guint64 maximum = 0;
    guint64 value;

    if (!parse(key->minimum, &minimum) || !parse(key->maximum, &maximum) || !parse(text, &value))
        return FALSE;
    if (value > maximum || (value < minimum && !(value == 0 && key->may_be_zero)))
        return FALSE;
    *ret_value = value;
    return TRUE;
}

static gboolean
assign_time(const ConfigKey *key, BrokerConfig *config, const char *text)
{
    guint64 value;

    if (!parse_bounded(key, value_parse_time, text, &value))
        return FALSE;
    G_STRUCT_MEMBER(gint64, config, key->offset) = (gint64)value;
    return TRUE;
}

static gboolean
assign_size(const ConfigKey *key, BrokerConfig *config, const char *text)
{
    guint64 value;

    if (!parse_bounded(key, value_parse_size, text, &value))
        return FALSE;
    G_STRUCT_MEMBER(gsize, config, key->offset) = (gsize)value;
    return TRUE;
}

static gboolean
assign_count(const ConfigKey *key, BrokerConfig *config, const char *text)
{
    guint64 value;

    if (!parse_bounded(key, value_parse_count, text, &value))
        return FALSE;
    G_STRUCT_MEMBER(guint, config, key->offset) = (guint)value;
    return TRUE;
}

static gboolean
assign_rate(const ConfigKey *key, BrokerConfig *config, const char *text)
{
    g_autofree char *number = g_strndup(text, strcspn(text, "/"));
    guint64 count;
    guint64 interval;

    if (!value_parse_rate(text, &count, &interval) || !assign_count(key, config, number))
        return FALSE;
    config->max_connect_interval = (gint64)interval;
    return TRUE;
}

static gboolean
assign_boolean(const ConfigKey *key, BrokerConfig *config, const char *text)
{
    return value_parse_boolean(text, &G_STRUCT_MEMBER(gboolean, config, key->offset));
}

/* The port is required: what GIO takes without one differs by protocol. */
static gboolean
is_proxy_url(const char *text)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_ENCODED, NULL);

    return uri != NULL && g_strv_contains(proxy_schemes, g_uri_get_scheme(uri)) &&
           g_uri_get_host(uri) != NULL && *g_uri_get_host(uri) != '\0' && g_uri_get_port(uri) > 0 &&
           g_uri_get_port(uri) <= G_MAXUINT16 && g_uri_get_query(uri) == NULL &&
           g_uri_get_fragment(uri) == NULL &&
           (*g_uri_get_path(uri) == '\0' || strcmp(g_uri_get_path(uri), "/") == 0);
}

static gboolean
assign_proxy(const ConfigKey *key, BrokerConfig *config, const char *text)
{
    char **member = &G_STRUCT_MEMBER(char *, config, key->offset);

    if (*text != '\0' && !is_proxy_url(text))
        return FALSE;
    g_free(*member);
    *member = *text == '\0' ? NULL : g_strdup(text);
    return TRUE;
}

/* Lists accumulate; an empty one clears. */
static gboolean
assign_no_proxy(const ConfigKey *key, BrokerConfig *config, const char *text)
{
    char ***member = &G_STRUCT_MEMBER(char **, config, key->offset);
    g_auto(GStrv) items = value_split_list(text);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (char **item = items; item != NULL && *item != NULL; item++)
        if (strpbrk(*item, " \t,\\@?#") != NULL || strstr(*item, "://") != NULL)
            return FALSE;
    if (items == NULL)
        return FALSE;
    if (*items != NULL && *member != NULL)
        g_strv_builder_addv(builder, (const char **)*member);
    g_strv_builder_addv(builder, (const char **)items);
    g_strfreev(*member);
    *member = g_strv_builder_end(builder);
    return TRUE;
}

static const ConfigKey *
find_key(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

/* "a time in ms, s or min, from 10ms to 10min or 0, such as 20s". */
static char *
describe(const ConfigKey *key)
{
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(syntaxes); i++)
        if (syntaxes[i].assign == key->assign)
            g_string_append(text, syntaxes[i].text);
    if (key->minimum != NULL)
        g_string_append_printf(text, ", from %s to %s%s, such as %s", key->minimum, key->maximum,
                               key->may_be_zero ? " or 0" : "", key->standard);
    return g_string_free(text, FALSE);
}

static char *
list_keys(void)
{
    GString *names = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        g_string_append_printf(names, "%s%s", i == 0 ? "" : ", ", keys[i].name);
    return g_string_free(names, FALSE);
}

static void
assign_entry(BrokerConfig *config, const char *path, const IniEntry *entry, Problems *problems)
{
    const ConfigKey *key = find_key(entry->key);
    g_autofree char *help = key == NULL ? list_keys() : describe(key);

    if (key == NULL)
        problems_add(problems, path, entry->line, "%s: unknown key; known are %s", entry->key, help);
    else if (!key->assign(key, config, entry->value))
        /* Not with the value: a proxy's URL may have a password in it. */
        problems_add(problems, path, entry->line, "%s: the value is wrong; it takes %s", key->name, help);
}

static void
assign_file(BrokerConfig *config, const ConfigFile *file, Problems *problems)
{
    g_autoptr(GPtrArray) sections = ini_parse(file->path, file->text, file->length, problems);

    for (guint i = 0; i < sections->len; i++) {
        const IniSection *section = g_ptr_array_index(sections, i);

        if (strcmp(section->name, SECTION_NAME) != 0)
            problems_add(problems, file->path, section->line, "[%s]: unknown section; known is [%s]",
                         section->name, SECTION_NAME);
        for (guint j = 0; j < section->entries->len && strcmp(section->name, SECTION_NAME) == 0; j++)
            assign_entry(config, file->path, g_ptr_array_index(section->entries, j), problems);
    }
}

BrokerConfig *
broker_config_load(const char *const *folders, Problems *problems)
{
    g_autoptr(BrokerConfig) config = g_new0(BrokerConfig, 1);
    g_autoptr(GPtrArray) files = config_files_new();
    guint problems_before = problems_count(problems);

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        keys[i].assign(&keys[i], config, keys[i].standard);
    config_files_add(files, folders, "wsbroker.conf", problems);
    config_files_add_folder(files, folders, "wsbroker.conf.d", problems);
    for (guint i = 0; i < files->len; i++)
        assign_file(config, g_ptr_array_index(files, i), problems);
    return problems_count(problems) == problems_before ? g_steal_pointer(&config) : NULL;
}

gboolean
broker_config_parse_limit(const char *name, const char *text, guint64 *ret_amount, gint64 *ret_interval,
                          char **ret_syntax)
{
    const ConfigKey *key = find_key(name);
    BrokerConfig parsed = { 0 };

    g_return_val_if_fail(key != NULL, FALSE);
    if (!key->assign(key, &parsed, text)) {
        *ret_syntax = describe(key);
        return FALSE;
    }
    *ret_amount = key->assign == assign_size ? G_STRUCT_MEMBER(gsize, &parsed, key->offset)
                                             : G_STRUCT_MEMBER(guint, &parsed, key->offset);
    *ret_interval = parsed.max_connect_interval;
    return TRUE;
}

void
broker_config_free(BrokerConfig *config)
{
    if (config == NULL)
        return;
    g_free(config->proxy);
    g_strfreev(config->no_proxy);
    g_free(config);
}
