/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Destroys *source, drops the reference and sets it to NULL; nothing for NULL. */
void source_clear(GSource **source);
