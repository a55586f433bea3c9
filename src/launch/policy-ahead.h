/* SPDX-License-Identifier: Apache-2.0
 *
 * PolicyAhead: once after the generation of the daemon changed, the policies of all programs that
 * were launched under an earlier one are compiled before anybody waits for them.  A little at a
 * time, so that the loop answers; launches go first (policies.h).  That they are needed is noted at
 * the end, in one transaction: a daemon that is killed before begins again and finds what is there.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "launch/policies.h"
#include "launch/policy-use.h"

typedef struct PolicyAhead PolicyAhead;

/* Of what is borrowed. */
typedef struct PolicyAheadConfig {
        uv_loop_t *loop;
        PolicyUse *use;
        Policies *policies;
        void (*ended)(void *context); /* from the loop, where there was something to do */
        void *context;
} PolicyAheadConfig;

/* NULL: nothing is to be done, or it cannot be said what. */
PolicyAhead *policy_ahead_new(const PolicyAheadConfig *config);
/* May be called at any time, also from `ended`. */
PolicyAhead *policy_ahead_free(PolicyAhead *ahead);
