/* SPDX-License-Identifier: Apache-2.0
 *
 * SeccompTest: what is asked of one argument of a system call, in steps that BPF can take: its
 * machine has 32 bits, so an argument is two words.  Numbers in rules have 32 bits: of the high
 * word only zero is of interest.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/bpf-assembler.h"

typedef enum SeccompTestKind {
        SECCOMP_TEST_HIGH_ZERO,
        /* of the low word alone */
        SECCOMP_TEST_LOW_EQUAL, /* (it & mask) == value */
        SECCOMP_TEST_LOW_LESS,
        SECCOMP_TEST_LOW_LESS_EQUAL,
        /* of both */
        SECCOMP_TEST_NOT_EQUAL,
        SECCOMP_TEST_MORE,
        SECCOMP_TEST_MORE_EQUAL,
} SeccompTestKind;

typedef struct SeccompTest {
        uint8_t argument; /* 0 to 5 */
        uint8_t kind;
        uint32_t mask; /* of LOW_EQUAL; else 0 */
        uint32_t value;
} SeccompTest;

/* What the accumulator holds: a word of an argument, masked. */
typedef struct SeccompWord {
        bool is_known;
        uint8_t argument;
        bool is_high;
        uint32_t mask; /* UINT32_MAX: as it is */
} SeccompWord;

/* Somewhere to go on. */
typedef struct SeccompPlace {
        bool is_answer;
        uint32_t answer;
        size_t entry;     /* label; with whatever is in the accumulator */
        size_t loaded;    /* label; when `word` is in it */
        SeccompWord word; /* not known: there is only the entry */
} SeccompPlace;

bool seccomp_test_equal(const SeccompTest *a, const SeccompTest *b);
/* What is in the accumulator when the test has failed. */
SeccompWord seccomp_test_get_word(const SeccompTest *test);
/* Writes it.  `after`: what is in the accumulator of everybody who comes here, where that is known;
 * nothing is loaded again then. */
SeccompPlace seccomp_test_write(const SeccompTest *test, BpfAssembler *out,
                                const SeccompPlace ways[2], const SeccompWord *after);
