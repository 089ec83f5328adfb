/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* wsbroker.conf: it is in force without a fault, and then within bounds, or it is not at all. */

#include "fuzz.h"

#include "config.h"
#include "scratch-folder.h"

static void
assert_bounded(const BrokerConfig *config)
{
    g_assert_cmpint(config->connect_timeout, >, 0);
    g_assert_cmpint(config->close_timeout, >, 0);
    g_assert_cmpint(config->fence_timeout, >, 0);
    g_assert_cmpint(config->ping_interval, >=, 0);
    g_assert_cmpint(config->pong_timeout, >=, 0);
    g_assert_cmpint(config->exit_on_idle, >=, 0);
    g_assert_cmpuint(config->max_url_length, >, 0);
    g_assert_cmpuint(config->max_url_length, <=, 8192);
    g_assert_cmpuint(config->max_message_size, >, 0);
    g_assert_cmpuint(config->max_buffered_bytes, >, 0);
    g_assert_cmpint(config->max_connect_interval, >, 0);
    g_assert_nonnull(config->no_proxy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(ScratchFolder) scratch = scratch_folder_new();
    g_autoptr(Problems) problems = problems_new();
    g_autoptr(BrokerConfig) config = NULL;

    scratch_folder_write(scratch, "wsbroker.conf", (const char *)data, (gssize)size);
    config = broker_config_load(scratch->folders, problems);
    g_assert_cmpint(config == NULL, ==, problems_count(problems) > 0);
    if (config)
        assert_bounded(config);
    return 0;
}
