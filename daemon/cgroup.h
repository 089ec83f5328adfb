/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Reads TEXT, the content of /proc/PID/cgroup (version 1, 2 or both), for a process of user UID. *ret_unit is the
 * unit of the system's manager, *ret_user_unit the unit of that very user's manager; each NULL where there is none.
 * Free both with g_free(). FALSE when the text is malformed: then nothing may be believed of it.
 */
gboolean cgroup_parse(const char *text, uid_t uid, char **ret_unit, char **ret_user_unit);
