/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Prints all commands and options on stdout, which is not flushed. */
void help_print(void);
