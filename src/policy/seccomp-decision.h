/* SPDX-License-Identifier: Apache-2.0
 *
 * SeccompDecision: all rules of one system call, as code that looks at its arguments.  Rules with
 * the same answer make a tree of what they ask first, second, …: what several ask is asked once.
 */
#pragma once

#include "policy/seccomp-list.h"

typedef struct SeccompDecision {
        const SeccompEntry *entries; /* of one call, in the order in which they decide */
        size_t count;
} SeccompDecision;

/* True when no argument matters: the first rule asks for nothing, or there is none. */
bool seccomp_decision_is_constant(const SeccompDecision *decision, uint32_t otherwise,
                                  uint32_t *ret_action);
bool seccomp_decision_equal(const SeccompDecision *a, const SeccompDecision *b);
/* The label of its first instruction; what no rule holds for is answered with `otherwise`. */
size_t seccomp_decision_write(const SeccompDecision *decision, uint32_t otherwise,
                              BpfAssembler *out);
