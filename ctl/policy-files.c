/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The files behind `wsbrokerctl policy`. They are read by the code and from the folders that the service
 * uses, so that what the tool says of them is what the service will do; as there, one error leaves no policy
 * to be shown or asked.
 */

#include "policy-files.h"

#include "files.h"
#include "output.h"

gboolean
policy_files_load(const Arguments *arguments, PolicyFiles *ret)
{
    const char *folders[CONFIG_FOLDERS_MAX + 1];

    config_folders_choose(arguments->config_dir, folders);
    ret->problems = problems_new();
    config_folders_check(arguments->config_dir, ret->problems);
    ret->config = broker_config_load(folders, ret->problems);
    ret->policy = policy_load(folders, ret->problems);
    if (problems_count(ret->problems) == 0)
        return TRUE;
    g_clear_pointer(&ret->config, broker_config_free);
    g_clear_pointer(&ret->policy, policy_unref);
    return FALSE;
}

gboolean
policy_files_load_or_report(const Arguments *arguments, PolicyFiles *ret)
{
    if (policy_files_load(arguments, ret))
        return TRUE;
    policy_files_report(ret);
    return FALSE;
}

void
policy_files_report(const PolicyFiles *files)
{
    for (guint i = 0; i < problems_count(files->problems); i++)
        output_finding("%s", problems_get(files->problems, i));
}

void
policy_files_clear(PolicyFiles *files)
{
    g_clear_pointer(&files->config, broker_config_free);
    g_clear_pointer(&files->policy, policy_unref);
    g_clear_pointer(&files->problems, problems_free);
}
