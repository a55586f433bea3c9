/* SPDX-License-Identifier: Apache-2.0
 *
 * PolicyUse: which compiled policies are needed, as rows of the state (artefact, kind "policy"):
 * one for each generation of the daemon, revision and policy that a launch was given.  What no row
 * names is removed from R/var/lib/pawl/policy when the daemon is idle.
 *
 * A row goes when its revision does; when the running generation would no longer give that policy
 * to any program of the current revision; and with its generation, of which the last few that ran
 * keep theirs, so that the way back finds its own.  While a change is unfinished nothing goes: it
 * may end either way, also as another generation.
 */
#pragma once

#include "base/digest.h"
#include "base/error.h"
#include "state/database.h"

#define POLICY_SEEN_SIZE        96
#define POLICY_GENERATION_COUNT 4 /* that keep their policies, with the running one */

typedef struct PolicyUse {
        Database *database;   /* borrowed */
        const char *root;     /* borrowed */
        const char *template; /* borrowed: the rules of every program of this generation */
        char generation[DIGEST_SHA256_HEX_SIZE];
        char seen[POLICY_SEEN_SIZE]; /* what the state was like when it was last collected */
} PolicyUse;

/* A launch of this revision is given the policy.  1 when a row had to be written. */
int policy_use_note(PolicyUse *use, const char *instance, const char *revision, const char *digest,
                    Error *err);
/* How many policies were removed.  Not while one is being compiled. */
int policy_use_collect(PolicyUse *use, Error *err);
