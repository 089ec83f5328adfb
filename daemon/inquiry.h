/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "identifier.h"
#include "subject.h"

#include <systemd/sd-bus.h>

/* Calls that are about somebody who has not called. */
typedef struct Inquiries Inquiries;

/* SUBJECT, or else ERROR, a coded one that says why there is none, is valid during the call. */
typedef void (*Inquired)(sd_bus_message *call, const Subject *subject, const GError *error,
                         gpointer user_data);

/* BUS and IDENTIFIER outlive it. */
Inquiries *inquiries_new(sd_bus *bus, Identifier *identifier);
/* What has not been answered is not any more. */
void inquiries_free(Inquiries *inquiries);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inquiries, inquiries_free)

/*
 * Finds out who WHO is: the unique name of a connection to the bus, without making a caller of it, or a subject as
 * subject_parse() reads it. ANSWER is called once, later, with CALL, which is kept until then. FALSE when too much is
 * asked at a time, or nothing can be.
 */
gboolean inquiries_start(Inquiries *inquiries, const char *who, sd_bus_message *call, Inquired answer,
                         gpointer user_data);

/* Whether any has not been answered. */
gboolean inquiries_pending(const Inquiries *inquiries);
