/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A stream on BASE (referenced, pollable), for TLS to stand on: it reads as much as there is, not what it is asked for. */
GIOStream *read_ahead_new(GIOStream *base);
