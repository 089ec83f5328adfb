/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config.h"
#include "ctl.h"
#include "policy.h"

/* Configuration and policy, as the service would read them now. */
typedef struct PolicyFiles {
    Problems *problems;
    BrokerConfig *config; /* both NULL if there are problems */
    Policy *policy;
} PolicyFiles;

/* Reads the folders that ARGUMENTS name. Returns whether there is no problem. Clear it in both cases. */
gboolean policy_files_load(const Arguments *arguments, PolicyFiles *ret);

/* The same, and says on stderr what is wrong. */
gboolean policy_files_load_or_report(const Arguments *arguments, PolicyFiles *ret);

void policy_files_report(const PolicyFiles *files);

void policy_files_clear(PolicyFiles *files);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PolicyFiles, policy_files_clear)
