/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "identifier.h"
#include "subject.h"

#include <systemd/sd-bus.h>

/* Calls that are about connections which have not called themselves. */
typedef struct Inquiries Inquiries;

/* SUBJECT, valid during the call, and UID are as CallerIdentified has them. */
typedef void (*Inquired)(sd_bus_message *call, const Subject *subject, uid_t uid, gpointer user_data);

/* BUS and IDENTIFIER outlive it. */
Inquiries *inquiries_new(sd_bus *bus, Identifier *identifier);
/* What has not been answered is not any more. */
void inquiries_free(Inquiries *inquiries);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inquiries, inquiries_free)

/*
 * Finds out who the connection NAME is, without making a caller of it. ANSWER is called once, later, with CALL, which is
 * kept until then. FALSE when too much is asked at a time, or nothing can be.
 */
gboolean inquiries_start(Inquiries *inquiries, const char *name, sd_bus_message *call, Inquired answer,
                         gpointer user_data);

/* Whether any has not been answered. */
gboolean inquiries_pending(const Inquiries *inquiries);
