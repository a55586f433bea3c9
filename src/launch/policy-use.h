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
#include "base/text.h"
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

/* A program of a package that was launched once, under whatever generation. */
typedef struct PolicyProgram {
        char *instance, *revision, *name; /* owned */
        bool is_hook;
        char digest[DIGEST_SHA256_HEX_SIZE]; /* of the policy that it would be given; "" not known
                                              */
} PolicyProgram;

/* 1 where the last one that was noted is of another generation; 0 where it is of this one, or there
 * is none. */
int policy_use_is_new(const PolicyUse *use, Error *err);
/* Of current revisions; free with policy_programs_free. */
int policy_use_list(const PolicyUse *use, PolicyProgram **ret, size_t *ret_count, Error *err);
void policy_programs_free(PolicyProgram *programs, size_t count);
/* 1, and the rules that it would be launched with now; 0 when it could not be, or has none. */
int policy_use_write_rules(const PolicyUse *use, const PolicyProgram *program, Text *ret);
/* All whose digest is known, at once. */
int policy_use_note_all(PolicyUse *use, const PolicyProgram *programs, size_t count, Error *err);

/* How many policies were removed.  Not while one is being compiled. */
int policy_use_collect(PolicyUse *use, Error *err);
