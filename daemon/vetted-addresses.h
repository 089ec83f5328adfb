/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * A GSocketConnectable that stands for exactly ADDRESSES (of GInetAddress) at PORT, so that GSocketClient tries
 * those and never looks up a name again. Free with g_object_unref().
 */
GSocketConnectable *vetted_addresses_new(GPtrArray *addresses, guint16 port);
