/* SPDX-License-Identifier: Apache-2.0
 *
 * Backend: what other programs of the machine must know of one package's grants, as files that they
 * read and a command that tells them.  What the launch enforces by itself (view, seccomp, Landlock,
 * capabilities, devices, buses) is in the plan (launch/plan-grant.h) and needs none of this.
 *
 * compile is pure: equal input, equal artefacts.  apply makes the files right, durably, and then
 * tells; it may run again at any time.  With a root that is not "/" nobody is told.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "interface/grant.h"

#define ARTEFACT_COUNT_MAX 4
#define ARTEFACT_SIZE_MAX  (4u << 20)

typedef struct BackendProgram {
        const char *label; /* "snap.x.app" */
        const GrantSet *grants;
        /* Of other revisions, programs of which still run: for what the kernel keeps by label. */
        const GrantSet *others;
        size_t other_count;
} BackendProgram;

typedef struct BackendInput {
        const char *instance, *name;
        bool is_devmode;
        const BackendProgram *programs; /* none: the package is going */
        size_t program_count;
        const char *profile; /* lines for every AppArmor profile of this build, or NULL */
} BackendInput;

/* A file beneath the root. */
typedef struct Artefact {
        char *directory; /* owned; no slash first */
        char *name;      /* owned */
        char *text;      /* owned; NULL: there is to be no such file */
} Artefact;

/* How each file of ours begins, after the sign of a comment: others have such names too. */
#define ARTEFACT_MARK "Written by pawl: do not edit."

typedef struct Artefacts {
        Artefact items[ARTEFACT_COUNT_MAX];
        size_t count;
} Artefacts;

void artefacts_done(Artefacts *artefacts);
#define autoartefacts __attribute__((cleanup(artefacts_done))) Artefacts

typedef struct Backend {
        const char *name;
        bool is_wall;               /* what it enforces must hold, or nothing is launched */
        bool may_be_read_only;      /* its directory, on some machines: a warning */
        bool (*is_available)(void); /* whoever reads the files is here */
        void (*compile)(const BackendInput *input, Artefacts *ret);
        /* Whether whoever reads it has this very content; NULL: has what the file says. */
        bool (*is_told)(const Artefact *what);
        /* `what` has changed, or gone; blocks: meant for a worker.  1: not all of it can be now. */
        int (*tell)(const Artefact *what, Error *err);
} Backend;

#define BACKEND_COUNT 7

/* Ends with NULL; the first does nothing at all, the next are those that launches wait for. */
extern const Backend *const backends[];

typedef struct BackendOrder {
        const char *root;
        bool is_begun; /* it was begun before and may not have ended: tell of what is there again */
        Text *warnings; /* a line for what went wrong and is not needed */
} BackendOrder;

#define BACKEND_CHANGED 1 /* a file was not as it should be */
#define BACKEND_LATER   2 /* something is still in use: to be done again */

/* Makes the files what `artefacts` says and tells who reads them; bits of the above, or negative.
 */
int backend_apply(const Backend *backend, const BackendOrder *order, const Artefacts *artefacts,
                  Error *err);
/* Whether all of it is so already; looks only. */
bool backend_is_applied(const Backend *backend, const char *root, const Artefacts *artefacts);
/* What apply left, and nobody reads it any longer. */
int backend_remove(const Backend *backend, const BackendOrder *order, const char *instance,
                   Error *err);
