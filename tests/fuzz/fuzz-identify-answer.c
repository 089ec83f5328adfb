/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A packet of the identity helper, up to what is believed of the process in it. */

#include "fuzz.h"

#include "identify-protocol.h"
#include "process.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gid_t gid = 1000;
    g_autofree IdentifyAnswer *packet = g_new0(IdentifyAnswer, 1);
    g_autoptr(Subject) subject = subject_new_for_uid(1000);

    if (size > sizeof(*packet))
        return 0;
    memcpy(packet, data, size);
    if (!identify_answer_is_valid(packet, size) || packet->result != 0)
        return 0;
    g_array_append_val(subject->groups, gid);
    if (process_complete_subject(&packet->facts, subject)) {
        g_autofree char *text = subject_to_string(subject);

        g_assert_cmpuint(packet->facts.uid, ==, 1000);
        g_assert_nonnull(text);
    }
    return 0;
}
