/* SPDX-License-Identifier: Apache-2.0
 *
 * Places: every directory of ARCHITECTURE.md "Places on disk" that holds packages, beneath one root
 * and held open, so that nothing is ever looked up through a path that somebody else may change.
 * Workers use the copies that fork made; the descriptors are CLOEXEC, programs never see them.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "state/database.h"

typedef struct Places {
        char *root;     /* "" for the machine's own, else absolute without a trailing slash */
        char *launcher; /* what links in snap/bin point to */
        int root_fd;
        int images;   /* R/var/lib/pawl/images, 0700 */
        int incoming; /* R/var/lib/pawl/incoming, 0700 */
        int trash;    /* R/var/lib/pawl/trash, 0700 */
        int var_snap; /* R/var/snap, 0755 */
        int snap;     /* R/snap, 0755 */
        int snap_bin; /* R/snap/bin, 0755 */
} Places;

/* Opens all of them and makes, durably, what is missing.  `root` is "" or absolute. */
int places_open(const char *root, const char *launcher, Places **ret, Error *err);
Places *places_close(Places *places);
DEFINE_AUTOPTR(Places, places_close);

/* R/var/lib/pawl/state and the like: `path` (from the root, no slash first) with the root before
 * it. */
char *places_format_path(const Places *places, const char *path);
/* The image's path, or that of the directory it is tried from, as clients are shown it. */
char *places_format_image_path(const Places *places, const char *file);

/* Removes what no row names: all of trash/, files in incoming/ that no unfinished change wants,
 * images of no revision, half copies of data.  At start, after the state was verified and before
 * any task runs; returns how many entries it removed. */
int places_sweep(const Places *places, Database *database, Error *err);

/* Removes `name` from `directory`: in one step into trash/ under a name of its own, durable on both
 * sides, then for good.  What is not there is success; a kill in between leaves it to the sweep. */
int places_discard(const Places *places, int directory, const char *name, Error *err);

/* Only the step into trash/, which does not block for long. */
int places_set_aside(const Places *places, int directory, const char *name, Error *err);

typedef struct RevisionName {
        const char *instance;
        const char *revision; /* NULL: every one of them */
} RevisionName;

/* As places_discard, but while a program of that revision runs what it uses stays in trash/, for a
 * later places_empty_trash or the sweep. */
int places_discard_revision(const Places *places, int directory, const char *name,
                            const RevisionName *revision, Error *err);
/* Of a revision's `file`, NULL for none: a directory that it is tried from is never touched.
 * `revision` NULL: nobody runs it. */
int places_discard_image(const Places *places, const char *file, const RevisionName *revision,
                         Error *err);
/* Removes what nobody uses any more; for workers, or while none runs. */
int places_empty_trash(const Places *places, Error *err);

/* True while a program of that revision (NULL: of any) runs, or may: what cannot be seen counts;
 * leases are R/run/pawl/lease/INSTANCE/REVISION/UID, locked by what holds the view. */
bool places_has_lease(const Places *places, const char *instance, const char *revision);

#define PLACES_FD_COUNT 7
/* What a worker must keep open to use these places. */
void places_list_fds(const Places *places, int ret_fds[PLACES_FD_COUNT]);
