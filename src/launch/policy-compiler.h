/* SPDX-License-Identifier: Apache-2.0
 *
 * PolicyCompiler: the child that compiles rules.  It has no power: a uid of its own, no files and
 * no calls but to read and answer; the daemon tells it of the accounts that the rules name, and
 * writes what it says to the disk.
 */
#pragma once

#include "job/series.h"

/* Of the series: its input, and its result are raw instructions. */
int policy_compiler_enter(Error *err);
int policy_compiler_work(const char *input, size_t length, Text *ret, Error *err);
/* In the daemon. */
void policy_compiler_describe(const char *rules, Text *ret);
