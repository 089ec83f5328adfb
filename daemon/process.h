/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "process-facts.h"
#include "subject.h"

/*
 * Completes SUBJECT, whose uid and groups the bus has told, with what FACTS say of its process: units and sandbox. FALSE
 * when they are not about a process of that user, or leave any doubt: SUBJECT must then not be used.
 */
gboolean process_complete_subject(const ProcessFacts *facts, Subject *subject);
