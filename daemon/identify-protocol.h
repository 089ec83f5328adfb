/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "process-facts.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Between the service and wsbroker-identify: packets on a SOCK_SEQPACKET socket, in host byte order. A question may
 * carry the process's pidfd. Answers come in any order.
 */

#define IDENTIFY_SOCKET_PATH "/run/wsbroker-identify.socket"

enum {
    IDENTIFY_DEADLINE_SECONDS = 2 /* after which a question has no answer */
};

typedef struct IdentifyQuestion {
    uint32_t cookie; /* comes back in the answer */
    uint32_t uid;    /* whose process it is said to be: for sharing out the helper's places */
    int32_t pid;
    uint32_t has_pidfd;
} IdentifyQuestion;

typedef struct IdentifyAnswer {
    uint32_t cookie;
    int32_t result;     /* 0, or a negative errno: then no facts follow */
    ProcessFacts facts; /* cut off behind the last byte of its texts */
} IdentifyAnswer;

/* Whether a packet of LENGTH bytes, which were received into PACKET, is an answer with all the facts that it claims. */
bool identify_answer_is_valid(const IdentifyAnswer *packet, size_t length);
