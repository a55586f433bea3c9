/* SPDX-License-Identifier: Apache-2.0
 *
 * Policies: the compiled filters that launches of the last moments needed, by their rules, each
 * opened or compiled once for everybody who waits for it.  A cache that may be dropped at any time:
 * the objects themselves are in R/var/lib/pawl/policy.
 */
#pragma once

#include <uv.h>

#include "policy/store.h"

typedef struct Policies Policies;

/* `changed` is called from the loop when a compilation has ended, well or not. */
Policies *policies_new(uv_loop_t *loop, const char *root, void (*changed)(void *context),
                       void *context);
/* Not while the loop still runs compilations. */
Policies *policies_free(Policies *policies);
/* 1 there it is, until the next drop; 0 being compiled; negative: it cannot be (tried again at the
 * next call). */
int policies_require(Policies *policies, const char *rules, const PolicyObject **ret, Error *err);
/* All that are not being compiled. */
void policies_drop(Policies *policies);
