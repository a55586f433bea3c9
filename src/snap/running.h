/* SPDX-License-Identifier: Apache-2.0
 *
 * Running: programs of a package that hold a lease.  Who they are is looked up only to say it, or
 * to be told when they end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "snap/places.h"

#define RUNNING_PID_COUNT_MAX 64

/* Whether programs of such a package stand in the way of its refresh: of a base none are its own.
 */
bool running_counts(const char *type);
/* The lease that is descriptor `fd` of a process, as "INSTANCE/REVISION/UID"; `fds` is its
 * /proc/PID/fd.  False: another file. */
bool running_find_lease(const Places *places, int fds, const char *fd, char *ret, size_t size);
/* Who holds leases of that revision, as far as /proc shows it; how many of them are in `ret`. */
size_t running_list(const Places *places, const char *instance, const char *revision,
                    pid_t ret[RUNNING_PID_COUNT_MAX]);
/* `, pids: 12,34`, or "" where none can be seen. */
char *running_format(const Places *places, const char *instance, const char *revision);
/* Whether its last program has ended, or does so shortly: one that was just killed lets go of its
 * lease a moment later.  For workers. */
bool running_has_ended(const Places *places, const char *instance, const char *revision);
/* ERROR_BUSY: `snap "x" has running apps, pids: 12,34`; returns -1. */
int running_explain(const Places *places, const char *instance, const char *revision, Error *err);
