/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"

/* Reads the policy's files, and looks up the accounts that they name, which may take as long as a directory server likes. */
typedef struct PolicyReader PolicyReader;

/* POLICY is the callee's to unref, or NULL where PROBLEMS, valid during the call, has any. */
typedef void (*PolicyRead)(Policy *policy, const Problems *problems, gpointer user_data);

/* FOLDERS as for policy_load(), copied. CALLBACK is called from the main context, once for each start. */
PolicyReader *policy_reader_new(const char *const *folders, PolicyRead callback, gpointer user_data);
/* Takes back what is being read, and does not wait for it. */
void policy_reader_free(PolicyReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicyReader, policy_reader_free)

/* Reads what the files are from now on. Not while it is reading. */
void policy_reader_start(PolicyReader *reader);

gboolean policy_reader_is_reading(const PolicyReader *reader);
