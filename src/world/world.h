/* SPDX-License-Identifier: Apache-2.0
 *
 * World: what other programs of the machine are told of our packages, compared with what they
 * should be told, made so, and what nobody wants any more removed.  Knows nothing of the state;
 * blocks: a worker calls it (it has the type of a job's function).
 */
#pragma once

#include "backend/backend.h"
#include "base/digest.h"

typedef struct WorldPackage {
        char *instance; /* owned */
        char digest[DIGEST_SHA256_HEX_SIZE];
        bool is_known; /* only to be looked at: what should be there has this digest */
        bool is_begun; /* an earlier attempt may not have ended */
        bool is_wider; /* has what programs of other revisions need that still run */
        Artefacts wanted[BACKEND_COUNT]; /* what should be there, by backend */
} WorldPackage;

typedef struct World {
        const char *root;
        WorldPackage *packages;
        size_t count;
        const char *known; /* all that may have files, each "\nINSTANCE\n"; NULL: nothing is swept
                            */
} World;

/* Fills `wanted` and `digest`. */
void world_package_compile(WorldPackage *package, const BackendInput *input, const char *root);
/* True where nothing at all should be there. */
bool world_package_is_empty(const WorldPackage *package);
void world_package_done(WorldPackage *package);

/* Whether something is there of a package that is not among `known`; only looks, and quickly. */
bool world_needs_sweep(const World *world);
/* A line for each package: "right X", "other X" (not what `digest` says: compile it), "done X",
 * "later X" (of what goes something is still in use), "failed X WHY"; and before it "warning X
 * TEXT" a line. */
int world_apply(const void *input, Text *ret, Error *err);
