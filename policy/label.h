/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Security labels: an AppArmor profile, a SELinux context or a Smack label. */

/* What is wrong with LABEL as policy and subjects write it, without AppArmor's mode; NULL if nothing is. */
const char *label_fault(const char *label);

/*
 * Reads RAW, a label as the bus has it from the kernel: "/usr/bin/chat (enforce)", "unconfined",
 * "system_u:system_r:chat_t:s0". *ret_label is the label without a mode, or NULL where it confines nothing:
 * there is none, it is AppArmor's `unconfined`, or its mode is none that enforces. *ret_is_profile tells
 * AppArmor's, whose mode is always there, from the others. FALSE, and nothing set, where RAW cannot be a
 * label. Free *ret_label with g_free().
 */
gboolean label_parse(const char *raw, char **ret_label, gboolean *ret_is_profile) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The Snap to which the profile LABEL belongs: "chat" and "daemon" of "snap.chat.daemon", "chat" and NULL of
 * "snap.chat.hook.configure", NULL twice where the label does not begin with "snap.". FALSE, and nothing set,
 * where it does but is neither of these. Free both with g_free().
 */
gboolean label_parse_snap(const char *label, char **ret_snap, char **ret_app) G_GNUC_WARN_UNUSED_RESULT;
