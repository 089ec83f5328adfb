/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Reads TEXT, the content of /proc/PID/cgroup, for a process of user UID. UNIFIED says that the system has version 2
 * alone; otherwise systemd keeps units in a hierarchy of its own, if there is one. *ret_unit is the
 * unit of the system's manager, *ret_user_unit the unit of that very user's manager; each NULL where there is none.
 * Free both with g_free(). FALSE when the text is malformed: then nothing may be believed of it.
 */
gboolean cgroup_parse(const char *text, gboolean unified, uid_t uid, char **ret_unit, char **ret_user_unit);
