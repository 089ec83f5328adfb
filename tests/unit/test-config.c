/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* wsbroker.conf: defaults, every key, its bounds, and drop-ins. */

#include "config.h"

#include "row.h"
#include "scratch-folder.h"

#include <string.h>

static void
assert_defaults(const BrokerConfig *config)
{
    g_assert_cmpint(config->connect_timeout, ==, 20 * G_TIME_SPAN_SECOND);
    g_assert_cmpint(config->close_timeout, ==, 5 * G_TIME_SPAN_SECOND);
    g_assert_cmpint(config->fence_timeout, ==, 30 * G_TIME_SPAN_SECOND);
    g_assert_cmpint(config->ping_interval, ==, 30 * G_TIME_SPAN_SECOND);
    g_assert_cmpint(config->pong_timeout, ==, 30 * G_TIME_SPAN_SECOND);
    g_assert_cmpint(config->exit_on_idle, ==, 0);
    g_assert_cmpuint(config->max_url_length, ==, 1024);
    g_assert_cmpuint(config->max_message_size, ==, 16777216);
    g_assert_cmpuint(config->max_buffered_bytes, ==, 262144);
    g_assert_cmpuint(config->max_connections, ==, 64);
    g_assert_cmpuint(config->max_connect_rate, ==, 10);
    g_assert_cmpint(config->max_connect_interval, ==, G_TIME_SPAN_SECOND);
    g_assert_cmpuint(config->max_pending_handshakes, ==, 8);
    g_assert_cmpuint(config->max_pending_handshakes_total, ==, 64);
    g_assert_cmpuint(config->max_connections_per_user, ==, 512);
    g_assert_cmpuint(config->max_websockets_per_user, ==, 1024);
    g_assert_cmpuint(config->max_websockets, ==, 10000);
    g_assert_false(config->permessage_deflate);
    g_assert_null(config->proxy);
    g_assert_nonnull(config->no_proxy);
    g_assert_cmpuint(g_strv_length(config->no_proxy), ==, 0);
}

static BrokerConfig *
load(const ScratchFolder *scratch)
{
    g_autoptr(Problems) problems = problems_new();
    BrokerConfig *config = broker_config_load(scratch->folders, problems);

    for (guint i = 0; i < problems_count(problems); i++)
        g_test_message("%s", problems_get(problems, i));
    g_assert_cmpuint(problems_count(problems), ==, 0);
    g_assert_nonnull(config);
    return config;
}

static void
test_defaults(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(BrokerConfig) missing = load(scratch);
    g_autoptr(BrokerConfig) empty = NULL;

    assert_defaults(missing);
    scratch_folder_write(scratch, "wsbroker.conf", "[Broker]\n", -1);
    empty = load(scratch);
    assert_defaults(empty);
}

/* The defaults as DESIGN spells them are what they are. */
static void
test_defaults_spelled_out(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(BrokerConfig) config = NULL;

    scratch_folder_write(
        scratch, "wsbroker.conf",
        "[Broker]\nConnectTimeout=20s\nCloseTimeout=5s\nFenceTimeout=30s\nPingInterval=30s\n"
        "PongTimeout=30s\nMaxUrlLength=1024\nMaxMessageSize=16M\nMaxBufferedBytes=256K\n"
        "MaxConnections=64\nMaxConnectRate=10/s\nMaxPendingHandshakes=8\n"
        "MaxPendingHandshakesTotal=64\nMaxConnectionsPerUser=512\nMaxWebSocketsPerUser=1024\n"
        "MaxWebSockets=10000\nProxy=\nNoProxy=\nPermessageDeflate=no\nExitOnIdle=0\n",
        -1);
    config = load(scratch);
    assert_defaults(config);
}

static void
test_every_key(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(BrokerConfig) config = NULL;

    scratch_folder_write(
        scratch, "wsbroker.conf",
        "# ours\n[Broker]\nConnectTimeout=1s\nCloseTimeout=200ms\nFenceTimeout=2min\n"
        "PingInterval=0\nPongTimeout=3s\nMaxUrlLength=8192\nMaxMessageSize=1G\n"
        "MaxBufferedBytes=1M\nMaxConnections=1\nMaxConnectRate=100/min\nMaxPendingHandshakes=2\n"
        "MaxPendingHandshakesTotal=3\nMaxConnectionsPerUser=4\nMaxWebSocketsPerUser=5\n"
        "MaxWebSockets=6\nProxy=http://proxy.example:3128\nNoProxy=localhost;.example;10.0.0.0/8\n"
        "PermessageDeflate=yes\nExitOnIdle=10min\n",
        -1);
    config = load(scratch);
    g_assert_cmpint(config->connect_timeout, ==, G_TIME_SPAN_SECOND);
    g_assert_cmpint(config->close_timeout, ==, 200 * G_TIME_SPAN_MILLISECOND);
    g_assert_cmpint(config->fence_timeout, ==, 2 * G_TIME_SPAN_MINUTE);
    g_assert_cmpint(config->ping_interval, ==, 0);
    g_assert_cmpint(config->pong_timeout, ==, 3 * G_TIME_SPAN_SECOND);
    g_assert_cmpint(config->exit_on_idle, ==, 10 * G_TIME_SPAN_MINUTE);
    g_assert_cmpuint(config->max_url_length, ==, 8192);
    g_assert_cmpuint(config->max_message_size, ==, 1073741824);
    g_assert_cmpuint(config->max_buffered_bytes, ==, 1048576);
    g_assert_cmpuint(config->max_connections, ==, 1);
    g_assert_cmpuint(config->max_connect_rate, ==, 100);
    g_assert_cmpint(config->max_connect_interval, ==, G_TIME_SPAN_MINUTE);
    g_assert_cmpuint(config->max_pending_handshakes, ==, 2);
    g_assert_cmpuint(config->max_pending_handshakes_total, ==, 3);
    g_assert_cmpuint(config->max_connections_per_user, ==, 4);
    g_assert_cmpuint(config->max_websockets_per_user, ==, 5);
    g_assert_cmpuint(config->max_websockets, ==, 6);
    g_assert_true(config->permessage_deflate);
    g_assert_cmpstr(config->proxy, ==, "http://proxy.example:3128");
    g_assert_cmpuint(g_strv_length(config->no_proxy), ==, 3);
    g_assert_cmpstr(config->no_proxy[1], ==, ".example");
}

static const struct Line {
    const char *line;
    const char *message; /* NULL: taken */
} lines[] = {
    { "ConnectTimeout=10ms", NULL },
    { "ConnectTimeout=10min", NULL },
    { "PongTimeout=0", NULL },
    { "ExitOnIdle=0s", NULL },
    { "MaxUrlLength=8K", NULL },
    { "MaxMessageSize=1", NULL },
    { "MaxConnections=1000000", NULL },
    { "Proxy=http://user:secret@proxy.example:3128", NULL },
    { "Proxy=http://[2001:db8::1]:3128/", NULL },
    { "Proxy=socks5://proxy.example:1080", NULL },
    { "NoProxy=a;b;", NULL },
    { "ConnectTimeout=", "ConnectTimeout: " },
    { "ConnectTimeout=0", "from 10ms to 10min, such as 20s" },
    { "ConnectTimeout=9ms", "from 10ms" },
    { "ConnectTimeout=11min", "to 10min" },
    { "ConnectTimeout=20", "ms, s or min" },
    { "ConnectTimeout=soon", "ms, s or min" },
    { "CloseTimeout=0", "CloseTimeout: " },
    { "FenceTimeout=0", "FenceTimeout: " },
    { "PingInterval=1ms", "or 0, such as 30s" },
    { "PingInterval=1441min", "to 1440min" },
    { "ExitOnIdle=-1", "ExitOnIdle: " },
    { "MaxUrlLength=8193", "to 8192" },
    { "MaxUrlLength=0", "from 16" },
    { "MaxMessageSize=0", "from 1 " },
    { "MaxMessageSize=1025M", "to 1G" },
    { "MaxMessageSize=99999999999999999999G", "MaxMessageSize: " },
    { "MaxMessageSize=16MB", "K, M or G" },
    { "MaxBufferedBytes=1023", "from 1K" },
    { "MaxConnections=0", "from 1 " },
    { "MaxConnections=1000001", "to 1000000" },
    { "MaxConnections=4294967297", "MaxConnections: " },
    { "MaxConnectRate=10", "/s or /min" },
    { "MaxConnectRate=0/s", "from 1 " },
    { "MaxConnectRate=1000001/s", "to 1000000" },
    { "MaxPendingHandshakes=0", "MaxPendingHandshakes: " },
    { "MaxPendingHandshakesTotal=0", "MaxPendingHandshakesTotal: " },
    { "MaxConnectionsPerUser=0", "MaxConnectionsPerUser: " },
    { "MaxWebSocketsPerUser=0", "MaxWebSocketsPerUser: " },
    { "MaxWebSockets=0", "MaxWebSockets: " },
    { "PermessageDeflate=true", "yes or no" },
    { "PermessageDeflate=", "yes or no" },
    { "Proxy=proxy.example:3128", "http://proxy.example:3128" },
    { "Proxy=http://proxy.example", "Proxy: " },
    { "Proxy=http://:3128", "Proxy: " },
    { "Proxy=http://proxy.example:0", "Proxy: " },
    { "Proxy=http://proxy.example:99999", "Proxy: " },
    { "Proxy=http://proxy.example:3128/path", "Proxy: " },
    { "Proxy=ftp://proxy.example:21", "Proxy: " },
    { "NoProxy=a, b", "separated by ;" },
    { "NoProxy=a;;b", "NoProxy: " },
    { "NoProxy=http://a", "NoProxy: " },
    { "connecttimeout=20s", "unknown key; known are ConnectTimeout" },
    { "Timeout=20s", "Timeout: unknown key" },
};

static void
test_lines(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(ScratchFolder) scratch = scratch_folder_new();
        g_autoptr(Problems) problems = problems_new();
        g_autofree char *text = g_strdup_printf("[Broker]\n%s\n", lines[i].line);
        g_autofree char *prefix = g_strdup_printf("%s/wsbroker.conf:2: ", scratch->path);
        g_autoptr(BrokerConfig) config = NULL;

        test_row(lines[i].line);
        scratch_folder_write(scratch, "wsbroker.conf", text, -1);
        config = broker_config_load(scratch->folders, problems);
        g_assert_cmpint(config == NULL, ==, lines[i].message != NULL);
        g_assert_cmpuint(problems_count(problems), ==, lines[i].message != NULL ? 1 : 0);
        if (lines[i].message != NULL) {
            g_assert_true(g_str_has_prefix(problems_get(problems, 0), prefix));
            g_assert_nonnull(strstr(problems_get(problems, 0), lines[i].message));
        }
    }
}

static void
test_drop_ins(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(BrokerConfig) config = NULL;

    scratch_folder_write(scratch, "wsbroker.conf",
                         "[Broker]\nMaxConnections=1\nNoProxy=a\nProxy=http://p:1\n", -1);
    scratch_folder_write(scratch, "wsbroker.conf.d/20.conf", "[Broker]\nMaxConnections=3\nNoProxy=d\n", -1);
    scratch_folder_write(scratch, "wsbroker.conf.d/10.conf",
                         "[Broker]\nMaxConnections=2\nNoProxy=b;c\nMaxWebSockets=7\nProxy=\n", -1);
    config = load(scratch);
    g_assert_cmpuint(config->max_connections, ==, 3);
    g_assert_cmpuint(config->max_websockets, ==, 7);
    g_assert_null(config->proxy);
    g_assert_cmpuint(g_strv_length(config->no_proxy), ==, 4);
    g_assert_cmpstr(config->no_proxy[0], ==, "a");
    g_assert_cmpstr(config->no_proxy[3], ==, "d");

    scratch_folder_write(scratch, "wsbroker.conf.d/30.conf", "[Broker]\nNoProxy=\n", -1);
    g_clear_pointer(&config, broker_config_free);
    config = load(scratch);
    g_assert_cmpuint(g_strv_length(config->no_proxy), ==, 0);
}

/* In the order of files and lines, though syntax is looked at before the values are. */
static void
test_all_errors(void)
{
    static const char *const places[] = { "wsbroker.conf:1",          "wsbroker.conf:3",
                                          "wsbroker.conf:4",          "wsbroker.conf:5",
                                          "wsbroker.conf:7",          "wsbroker.conf.d/10.conf:2",
                                          "wsbroker.conf.d/10.conf:3" };
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Problems) problems = problems_new();

    scratch_folder_write(scratch, "wsbroker.conf",
                         "MaxWebSockets=1\n[Broker]\nX=1\nCloseTimeout=5\n[Other]\nY=1\n[\n", -1);
    scratch_folder_write(scratch, "wsbroker.conf.d/10.conf", "[Broker]\nMaxConnections=0\nnonsense\n", -1);
    g_assert_null(broker_config_load(scratch->folders, problems));
    for (guint i = 0; i < problems_count(problems); i++)
        g_test_message("%s", problems_get(problems, i));
    g_assert_cmpuint(problems_count(problems), ==, G_N_ELEMENTS(places));
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *prefix = g_strdup_printf("%s/%s: ", scratch->path, places[i]);

        g_assert_true(g_str_has_prefix(problems_get(problems, (guint)i), prefix));
    }
}

/* A password in a proxy's URL stays out of what is printed. */
static void
test_error_has_no_password(void)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Problems) problems = problems_new();

    scratch_folder_write(scratch, "wsbroker.conf", "[Broker]\nProxy=http://user:secret@proxy.example\n", -1);
    g_assert_null(broker_config_load(scratch->folders, problems));
    g_assert_null(strstr(problems_get(problems, 0), "secret"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/defaults", test_defaults);
    g_test_add_func("/config/defaults-spelled-out", test_defaults_spelled_out);
    g_test_add_func("/config/every-key", test_every_key);
    g_test_add_func("/config/lines", test_lines);
    g_test_add_func("/config/drop-ins", test_drop_ins);
    g_test_add_func("/config/all-errors", test_all_errors);
    g_test_add_func("/config/error-has-no-password", test_error_has_no_password);
    return g_test_run();
}
