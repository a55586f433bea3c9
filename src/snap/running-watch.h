/* SPDX-License-Identifier: Apache-2.0
 *
 * RunningWatch: wakes the changes that wait for programs to end, when one of these ends.  The
 * kernel says it (pidfds of who holds the leases); a slow timer stands in for what cannot be seen.
 * Nothing of it is stored: a starting daemon looks who waits.
 */
#pragma once

#include <uv.h>

#include "snap/places.h"

/* What tasks wait for (task.h). */
#define RUNNING_EVENT "running-apps"

typedef struct RunningWatch RunningWatch;

typedef struct RunningWatchConfig {
        uv_loop_t *loop;
        Database *database;
        const Places *places;
        /* Waits were ended: the runner has something to do. */
        void (*on_end)(void *context);
        void *context;
} RunningWatchConfig;

RunningWatch *running_watch_new(const RunningWatchConfig *config);
/* After a commit, and once at start: looks who waits now.  Cheap while nobody does. */
void running_watch_update(RunningWatch *watch);
/* The memory goes when the loop has run once more. */
RunningWatch *running_watch_free(RunningWatch *watch);
