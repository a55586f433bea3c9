/* SPDX-License-Identifier: Apache-2.0
 *
 * PolicyOf: everything that decides what a revision's programs may do, as one object that can be
 * kept in a file and compared with another: of another revision, or of another build of this
 * daemon. `pawl policy show` prints it, `pawl policy diff` compares.
 *
 *     {"snap", "revision", "confinement", "generation": [digest of all that decides policy],
 *      "template": [rules of every program],
 *      "programs": {"app" or "hook.x": {"plugs"|"slots": {NAME: {"interface", "is-known",
 *                   "is-connected", "fault" of attributes, "grants": [describe-grants.h]}}}}}
 */
#pragma once

#include "base/json.h"
#include "state/database.h"

/* One revision as it is stored. */
typedef struct RevisionRow {
        char *instance, *name, *revision, *confinement; /* owned */
        bool is_devmode, is_jailmode;
        json_t *manifest; /* owned; the normalised one */
} RevisionRow;

void revision_row_done(RevisionRow *row);
#define autorevision __attribute__((cleanup(revision_row_done))) RevisionRow

/* `revision` "" is the current one. */
int revision_row_load(Database *database, const char *instance, const char *revision,
                      RevisionRow *ret, Error *err);

/* One plug or slot that belongs to `program`; what it is granted when connected. */
typedef struct EndpointQuestion {
        Database *database;
        const RevisionRow *row;
        bool is_plug;
        const char *name;
        const json_t *endpoint; /* of the manifest */
        /* While nobody is connected: whose end stands for one, and what it says; or NULL. */
        const char *candidate;
        const json_t *candidate_attributes;
} EndpointQuestion;

int endpoint_describe_grants(const EndpointQuestion *question, json_t **ret, Error *err);
/* Whether the manifest binds it to this app or hook. */
bool endpoint_is_of(const json_t *endpoint, const char *program, bool is_hook);

int policy_of_revision(Database *database, const char *instance, const char *revision, json_t **ret,
                       Error *err);
