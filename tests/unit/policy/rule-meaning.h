/* SPDX-License-Identifier: Apache-2.0
 *
 * RuleMeaning: what rules (policy/seccomp.h) say, taken literally: each is tried on the call, with
 * arithmetic of 64 bits.  Slow, and short enough to be seen to be right.
 */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/seccomp-rule.h"

typedef struct MeaningCondition {
        unsigned argument;
        SeccompCompare compare; /* COUNT: (argument & mask) == value */
        uint64_t mask;
        uint64_t value;
} MeaningCondition;

typedef struct MeaningRule {
        uint32_t number;
        bool is_refusal;
        uint32_t action;
        MeaningCondition conditions[SECCOMP_ARGUMENT_COUNT_MAX];
        size_t count;
} MeaningRule;

typedef struct RuleMeaning {
        MeaningRule *rules; /* owned */
        size_t count;
        uint32_t otherwise;
} RuleMeaning;

/* Of a text that is right. */
RuleMeaning meaning_read(const char *text);
void meaning_done(RuleMeaning *meaning);
uint32_t meaning_answer(const RuleMeaning *meaning, const struct seccomp_data *data);
/* True when refusals of the call, or the other rules about it, have different answers: another
 * generator may let another of them decide. */
bool meaning_is_contested(const RuleMeaning *meaning, uint32_t number);
/* True when the call has more than one rule and one of them compares with <, <=, >, >= or !=.
 * libseccomp 2.5.4 joins such rules wrongly: given "prctl <4294967294 4294967294" and
 * "prctl <=1 >4294967295" it allows prctl(2, 1 << 32), which neither does; and some twenty of them
 * keep it busy for longer than anybody waited. */
bool meaning_is_beyond_library(const RuleMeaning *meaning, uint32_t number);
/* Whatever its arguments are. */
bool meaning_is_always_allowed(const RuleMeaning *meaning, uint32_t number);
