/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wsbroker.h"

#include <stdbool.h>
#include <stddef.h>

/* What the program ends with. */
typedef enum ExitStatus {
    EXIT_OK = 0,
    EXIT_FAILED = 1, /* refused, wrong or failed; the reason is on stderr, unless it is the answer itself */
    EXIT_USAGE = 2,
} ExitStatus;

#define LINGER_UNSET UINT64_MAX
#define SINCE_UNSET UINT64_MAX

/* What the command line says. Pointers are into argv. */
typedef struct Arguments {
    wsb_bus bus;
    bool json;
    bool verbose;
    bool no_legend;
    bool binary;
    const char **headers; /* "Name: value"; the array is owned */
    size_t n_headers;
    const char *protocol;
    uint64_t count; /* messages to wait for, intervals to watch; 0: not given */
    uint64_t interval_usec;
    uint64_t linger_usec;   /* LINGER_UNSET: not given */
    const char *config_dir; /* instead of the standard folders; NULL: not given */
    bool live;
    const char *directory; /* of the journal; NULL: the system's */
    uint64_t since_usec;   /* realtime; SINCE_UNSET: not given */
    bool follow;
    bool refused;
    char **operands; /* after the verb */
    int n_operands;
} Arguments;

/* The verbs: each runs to its end. */
ExitStatus ctl_audit(const Arguments *arguments);
ExitStatus ctl_connect(const Arguments *arguments);
ExitStatus ctl_list(const Arguments *arguments);
ExitStatus ctl_monitor(const Arguments *arguments);
ExitStatus ctl_policy_check(const Arguments *arguments);
ExitStatus ctl_policy_explain(const Arguments *arguments);
ExitStatus ctl_policy_show(const Arguments *arguments);
ExitStatus ctl_policy_test(const Arguments *arguments);
ExitStatus ctl_show(const Arguments *arguments);
ExitStatus ctl_status(const Arguments *arguments);

/* The client on the bus that ARGUMENTS names, or NULL after saying why not. Unref it. */
wsb_client *ctl_open_client(const Arguments *arguments);
