/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "process-facts.h"
#include "user-names.h"

#include <glib.h>

/* Finds out about processes: by the helper that may look into everybody's, or, where there is none, by itself. */
typedef struct Identifier Identifier;

/* One question. */
typedef struct Identification Identification;

/* FACTS is NULL when nothing could be learned, or not in time; else valid during the call. */
typedef void (*IdentifierAnswer)(const ProcessFacts *facts, gpointer user_data);

/* SOCKET: where the helper listens; NULL for no helper. The helper is connected to at the first question, and again
 * after it was lost. */
Identifier *identifier_new(const char *socket);
/* Questions that are not answered yet never are; free them before. */
void identifier_free(Identifier *identifier);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Identifier, identifier_free)

/* For questions about users. Owned by IDENTIFIER. */
UserNames *identifier_get_user_names(Identifier *identifier);

/*
 * Asks about process PID of user UID, or, where PIDFD is one, about the process that it stands for (it is duplicated).
 * ANSWER is called once, later, from the main context, within the deadline. Free the question with
 * identification_free(), before that to take it back, or else from within ANSWER or later.
 */
Identification *identifier_ask(Identifier *identifier, pid_t pid, int pidfd, uid_t uid,
                               IdentifierAnswer answer, gpointer user_data);
void identification_free(Identification *identification);
