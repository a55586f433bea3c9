/* SPDX-License-Identifier: Apache-2.0
 *
 * SeccompTree: the whole program: architecture, then a search for the number of the call among
 * ranges of numbers that are answered alike, then the decision about its arguments.
 *
 * Up to there only instructions that the kernel follows when it looks for calls that are always
 * allowed (seccomp_is_const_allow: LD of number and architecture, JA, JEQ, JGE, JGT, JSET, AND,
 * RET): since Linux 5.11 it does not run a filter for those at all.
 */
#pragma once

#include "policy/seccomp-list.h"

/* `otherwise` answers what no rule of the list speaks of. */
void seccomp_tree_write(const SeccompList *list, uint32_t otherwise, BpfAssembler *out);
