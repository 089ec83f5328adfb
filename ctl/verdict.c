/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A decision of the policy in the words of `policy explain` and `policy test`: those that the journal has. */

#include "verdict.h"

#include "output.h"

char *
verdict_to_string(const Decision *decision)
{
    if (decision->code == 0)
        return g_strdup_printf("allowed: %s", decision->explanation);
    return g_strdup_printf("%s %u: %s", decision->reported ? "reported" : "refused", decision->code,
                           decision->explanation);
}

void
verdict_print_json(const Decision *decision)
{
    printf("\"allowed\":%s,\"reported\":%s,\"code\":%u,", decision->allowed ? "true" : "false",
           decision->reported ? "true" : "false", decision->code);
    output_json_member("explanation", decision->explanation);
    if (decision->rule) {
        putchar(',');
        output_json_member("rule", decision->rule);
    }
}
