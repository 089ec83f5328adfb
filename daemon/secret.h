/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Overwrites *text, frees it and sets it to NULL; nothing for NULL. */
void secret_clear(char **text);
