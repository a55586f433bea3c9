/* SPDX-License-Identifier: Apache-2.0
 *
 * WorkPlace: what keeps the workers of one run directory together, so that those of a killed daemon
 * can be found and ended: a cgroup of their own where cgroup v2 is writable (its path is in the
 * file work.cgroup, as the next daemon may be started from elsewhere), and work.lock, which each
 * worker inherits.  Without cgroups a child of a worker that closed the lock can escape.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

typedef struct WorkPlace {
        int lock_fd;
        int cgroup_fd; /* -1: none now */
        char *cgroup;  /* absolute, NULL: no cgroup v2 that we may write to */
} WorkPlace;

#define WORK_PLACE_INIT ((WorkPlace){ .lock_fd = -1, .cgroup_fd = -1 })

/* Kills what an earlier daemon left and waits until it is gone.  The caller holds the state's lock:
 * no other daemon is alive. */
int work_place_open(const char *run_directory, WorkPlace *ret, Error *err);
/* Removes the empty groups of killed daemons whose roots were never used again, of any root: those
 * directly in the directory `parent` that are not younger than that. */
void work_place_sweep(const char *parent, int64_t fresh_seconds);
/* Before a worker starts: the cgroup for it, made where it is not there; -1 = none. */
int work_place_enter(WorkPlace *place);
/* When no worker runs: ends what they left running in the cgroup, and that, so that no daemon that
 * idles leaves one behind, however it ends. */
void work_place_leave(WorkPlace *place);
/* Kills what is still there. */
void work_place_done(WorkPlace *place);
