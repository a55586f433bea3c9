/* SPDX-License-Identifier: Apache-2.0
 *
 * SeccompRule: one line of a filter as interfaces and profiles write it (docs/seccomp-template.md):
 *
 *   NAME ARGUMENT…    allows a system call; "~NAME ARGUMENT…" refuses it
 *   @unrestricted     everything is allowed;  @complain  what is not allowed is logged
 *
 * An argument is "-" (any), a number, a constant (AF_INET) or u:USER, g:GROUP, and may have one of
 * >= <= ! < > before it, or "|": all of these bits.  At most six, each for the argument at its
 * place, and all must hold.  Numbers are decimal and of 32 bits; those of calls that take owners
 * may be negative, and these look at the low 32 bits alone.
 *
 * Parsing touches nothing but, for u: and g:, the machine's account files.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SECCOMP_ARGUMENT_COUNT_MAX 6
#define SECCOMP_NAME_SIZE          40
#define SECCOMP_LINE_SIZE_MAX      512

typedef enum SeccompCompare {
        SECCOMP_COMPARE_EQUAL,
        SECCOMP_COMPARE_LOW_EQUAL, /* of the low 32 bits */
        SECCOMP_COMPARE_NOT_EQUAL,
        SECCOMP_COMPARE_LESS,
        SECCOMP_COMPARE_LESS_EQUAL,
        SECCOMP_COMPARE_MORE,
        SECCOMP_COMPARE_MORE_EQUAL,
        SECCOMP_COMPARE_BITS, /* all that are set in the value */
        SECCOMP_COMPARE_COUNT,
} SeccompCompare;

typedef struct SeccompArgument {
        unsigned number; /* 0 to 5 */
        SeccompCompare compare;
        uint32_t value;
} SeccompArgument;

typedef enum SeccompRuleKind {
        SECCOMP_RULE_NONE, /* empty, or a comment */
        SECCOMP_RULE_ALLOW,
        SECCOMP_RULE_REFUSE,
        SECCOMP_RULE_UNRESTRICTED,
        SECCOMP_RULE_COMPLAIN,
} SeccompRuleKind;

typedef struct SeccompRule {
        SeccompRuleKind kind;
        char name[SECCOMP_NAME_SIZE];
        SeccompArgument arguments[SECCOMP_ARGUMENT_COUNT_MAX];
        size_t argument_count;
} SeccompRule;

/* `line` has no newline.  A name of a call that nobody knows is no error here. */
int seccomp_rule_parse(const char *line, SeccompRule *ret, Error *err);
/* The number of a call here, negative when this machine has none of that name. */
int seccomp_resolve_call(const char *name);
/* Asks for all of them now, so that children forked later need not: a process forks after it. */
void seccomp_load_calls(void);
/* AF_INET and the like; false when nobody knows it. */
bool seccomp_find_constant(const char *name, uint32_t *ret);
