/* SPDX-License-Identifier: Apache-2.0
 *
 * SeccompList: what a text of rules (policy/seccomp.h) says, by the numbers of system calls.
 *
 * Of several rules for one call the first that holds decides, refusals before all others: the list
 * is in that order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "policy/seccomp-rule.h"
#include "policy/seccomp-test.h"
#include "policy/seccomp.h"

#define SECCOMP_TEST_COUNT_MAX  (2 * SECCOMP_ARGUMENT_COUNT_MAX)
#define SECCOMP_ENTRY_COUNT_MAX 32768 /* a filter is full long before */

typedef struct SeccompEntry {
        uint32_t number; /* of the call */
        uint32_t action; /* SECCOMP_RET_… */
        bool is_refusal;
        uint32_t line; /* the first is 0 */
        size_t test_count;
        SeccompTest tests[SECCOMP_TEST_COUNT_MAX]; /* all must hold; by argument */
} SeccompEntry;

typedef struct SeccompList {
        SeccompEntry *entries; /* owned */
        size_t count;
        SeccompRuleKind
                mode; /* of what no rule speaks of: refused (NONE), COMPLAIN, UNRESTRICTED */
} SeccompList;

void seccomp_list_done(SeccompList *list);
#define autoseccomplist __attribute__((cleanup(seccomp_list_done))) SeccompList

/* A name of another architecture, or that nobody knows, is left out.  Of unrestricted ones nothing
 * else is read.  `start` (NULL: none) has what the text begins with. */
int seccomp_list_parse_after(const SeccompStart *start, const char *rules, SeccompList *ret,
                             Error *err);
/* Same tests and same answer, whatever the call. */
bool seccomp_entry_equal(const SeccompEntry *a, const SeccompEntry *b);
