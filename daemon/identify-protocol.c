/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The service does not take the helper's word for the shape of an answer: a packet has every byte that it claims, and
 * not one more. */

#include "identify-protocol.h"

static const size_t HEAD = offsetof(IdentifyAnswer, facts);
static const size_t FACTS = offsetof(IdentifyAnswer, facts) + offsetof(ProcessFacts, texts);

bool
identify_answer_is_valid(const IdentifyAnswer *packet, size_t length)
{
    const ProcessFacts *facts = &packet->facts;

    if (length < HEAD)
        return false;
    if (packet->result != 0)
        return packet->result < 0;
    /* The bounds come first: the sum of what is within them does not overflow. */
    return length >= FACTS && facts->cgroup_length <= PROCESS_CGROUP_MAX &&
           facts->flatpak_info_length <= PROCESS_FLATPAK_INFO_MAX &&
           length == FACTS + facts->cgroup_length + facts->flatpak_info_length;
}
