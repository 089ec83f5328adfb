/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* What org.freedesktop.DBus.GetConnectionCredentials says of a connection. Owns what it points to. */
typedef struct Credentials {
    gboolean has_uid, has_pid, has_groups;
    uid_t uid;
    pid_t pid;
    int pidfd;      /* -1 where the bus gives none */
    GArray *groups; /* of gid_t */
    char *label;    /* as the bus gives it, without the NUL at its end; NULL where it gives none */
} Credentials;

#define CREDENTIALS_INIT                                                                                     \
    ((Credentials){ .uid = (uid_t)-1, .pidfd = -1, .groups = g_array_new(FALSE, FALSE, sizeof(gid_t)) })

void credentials_clear(Credentials *credentials);

/* Reads the a{sv} at REPLY's position into CREDENTIALS, which were made by CREDENTIALS_INIT. A negative errno when it is
 * malformed: then nothing of it may be believed. */
int credentials_read(sd_bus_message *reply, Credentials *credentials);
