/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"

#include "section-kind.h"
#include "section.h"

/* What policy.c, which loads, has for policy-access.c, which decides. */

/* NULL if there is none; owned by POLICY. */
const Section *policy_find_section(const Policy *policy, const char *identity);
