/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "subject.h"

/* Asks the system for the names of its users and groups, which may take as long as a directory server likes. */
typedef struct UserNames UserNames;

/* One question. */
typedef struct UserQuestion UserQuestion;

/* SUBJECT is the callee's to free; NULL when there was no answer in time, or the system could not give one, or with ERROR,
 * valid during the call, when what was asked about was no subject. */
typedef void (*UserNamed)(Subject *subject, const GError *error, gpointer user_data);

UserNames *user_names_new(void);
/* Questions that are not answered yet never are; free them before. */
void user_names_free(UserNames *names);

/* Makes the subject of user UID, with its name and GROUPS, of gid_t; with GROUP_NAMES, these by name as well. CALLBACK is
 * called once, later, from the main context, within the deadline. Free the question with user_question_free(), before that
 * to take it back, or else from within CALLBACK or later. */
UserQuestion *user_names_ask(UserNames *names, uid_t uid, const GArray *groups, gboolean group_names,
                             UserNamed callback, gpointer user_data);

/* Makes the subject that TEXT names as subject_parse() reads it, with its groups by name as well. Otherwise the same. */
UserQuestion *user_names_parse(UserNames *names, const char *text, UserNamed callback, gpointer user_data);
void user_question_free(UserQuestion *question);
