/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"

/*
 * Reads the policy's files again, and looks up the accounts that they name, which may take as long as a directory server
 * likes, aside. Who asks while that is under way is not content with its outcome, as the files may have changed since it
 * began: for all of these together they are read once more.
 */
typedef struct PolicyReader PolicyReader;

/* Another policy without an error, which the callee takes. */
typedef void (*PolicyRead)(Policy *policy, gpointer user_data);

/* What came of asking: ERROR is NULL after PolicyRead, or a coded one that says why the policy in force stays. It is valid
 * during the call. */
typedef void (*PolicyAnswered)(const GError *error, gpointer user_data);

/* FOLDERS as for policy_load(), copied. READ is called from the main context. */
PolicyReader *policy_reader_new(const char *const *folders, PolicyRead read, gpointer user_data);
/* Answers whoever still waits, and does not wait for what is being read. */
void policy_reader_free(PolicyReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicyReader, policy_reader_free)

/* Reads what the files are from now on. ANSWERED is called once, later. FALSE and an error when too many wait. */
gboolean policy_reader_ask(PolicyReader *reader, PolicyAnswered answered, gpointer user_data, GError **error);

gboolean policy_reader_is_reading(const PolicyReader *reader);
