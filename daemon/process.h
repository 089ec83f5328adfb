/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "subject.h"

#include <glib.h>
#include <sys/types.h>

/*
 * Completes SUBJECT, whose uid and groups the bus has told, with what the kernel says of process PID: the unit that
 * it belongs to. FALSE when the process is gone, is not that user's, or cannot be read: SUBJECT must then not be used.
 *
 * All is read below one descriptor of /proc/PID, which names one process for good: when that process ends, reading
 * fails, whoever has its number next.
 */
gboolean process_identify(pid_t pid, Subject *subject);
