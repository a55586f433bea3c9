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
#include "interface/grant.h"

#define ARTEFACT_COUNT_MAX 4

typedef struct BackendProgram {
        const char *label; /* "snap.x.app" */
        const GrantSet *grants;
} BackendProgram;

typedef struct BackendInput {
        const char *instance, *name;
        bool is_devmode;
        const BackendProgram *programs; /* none: the package is going */
        size_t program_count;
} BackendInput;

/* A file beneath the root. */
typedef struct Artefact {
        char *directory; /* owned; no slash first */
        char *name;      /* owned */
        char *text;      /* owned; NULL: there is to be no such file */
} Artefact;

typedef struct Artefacts {
        Artefact items[ARTEFACT_COUNT_MAX];
        size_t count;
} Artefacts;

void artefacts_done(Artefacts *artefacts);
#define autoartefacts __attribute__((cleanup(artefacts_done))) Artefacts

typedef struct Backend {
        const char *name;
        bool (*is_available)(void); /* whoever reads the files is here */
        void (*compile)(const BackendInput *input, Artefacts *ret);
        /* `what` has changed, or gone; blocks: meant for a worker. */
        int (*tell)(const Artefact *what, const char *path, Error *err);
} Backend;

/* Ends with NULL; the first does nothing at all. */
extern const Backend *const backends[];

/* `root` is "" or a directory. Makes the files what `artefacts` says; 1 when something was not. */
int backend_apply(const Backend *backend, const char *root, const Artefacts *artefacts, Error *err);
/* What apply left, and nobody reads it any longer. */
int backend_remove(const Backend *backend, const char *root, const char *instance, Error *err);
