/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Gives the service manager's watchdog its signs of life from CONTEXT (NULL: the default one), twice in each
 * interval that it asks for in the environment. NULL where nothing watches this process. Destroy and unreference
 * the source to stop.
 */
GSource *watchdog_source_new(GMainContext *context);
