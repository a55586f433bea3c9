/* SPDX-License-Identifier: Apache-2.0
 *
 * BpfMachine: runs seccomp programs in the test itself, as often as one likes, and checks them as
 * the kernel does when one is loaded.
 */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct BpfProgram {
        const struct sock_filter *code;
        size_t count;
} BpfProgram;

/* NULL when it is right, else what is wrong with it. */
const char *bpf_check(BpfProgram program);
/* Of a program that is right.  Adds what it took to `steps`, unless NULL. */
uint32_t bpf_run(BpfProgram program, const struct seccomp_data *data, size_t *steps);
/* The kernel's answer to several: the strictest; among equals that of the last loaded. */
uint32_t bpf_run_all(const BpfProgram *programs, size_t count, const struct seccomp_data *data,
                     size_t *steps);
/* Whether the kernel (since 5.11) sees that a call is always allowed, and runs nothing for it: it
 * follows the program for as long as that looks at nothing but number and architecture. */
bool bpf_is_always_allowed(BpfProgram program, uint32_t architecture, uint32_t number);
