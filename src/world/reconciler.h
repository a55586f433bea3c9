/* SPDX-License-Identifier: Apache-2.0
 *
 * Reconciler: makes what other programs of the machine are told of our packages (world.h)
 * equal to the state, at start and after each commit, one worker at a time.
 *
 * What a package should have depends on its row alone, whose epoch every commit moves that touches
 * the package or a connection of it: the epoch is the mark.  A row of `artefact` (kind "backend")
 * is there for packages that have something, or may have: `boot` says of which boot, generation and
 * epoch, `is_stale` that a worker was at it and is not known to have ended.  A row that says
 * otherwise than now counts for nothing; one that is right saves the compiling, not the look.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "base/digest.h"
#include "base/error.h"
#include "state/database.h"

typedef struct Reconciler Reconciler;

typedef struct ReconcilerConfig {
        uv_loop_t *loop;
        Database *database;
        const char *root;       /* borrowed */
        const char *generation; /* borrowed; what decides policy (launch/takeover.h) */
        /* Whether programs of a revision run (launch/lease.h). */
        bool (*is_running)(const char *root, const char *instance, const char *revision);
        void (*changed)(void *context); /* from the loop, when a worker has ended */
        void *context;
} ReconcilerConfig;

/* Everything is looked at once the loop runs. */
int reconciler_new(const ReconcilerConfig *config, Reconciler **ret, Error *err);
/* Not while the loop still runs workers; it must run once more. */
Reconciler *reconciler_free(Reconciler *reconciler);
/* After a commit. */
void reconciler_wake(Reconciler *reconciler);
/* When there is time: what was in use may not be any more. */
void reconciler_retry(Reconciler *reconciler);
/* Programs get a label, and none may start before its profile is loaded. */
bool reconciler_has_labels(const Reconciler *reconciler);
/* 1 what this epoch of the package needs is in force, 0 on its way; negative: it cannot be. */
int reconciler_require(Reconciler *reconciler, const char *instance, int64_t epoch, Error *err);
