/* SPDX-License-Identifier: Apache-2.0
 *
 * Timeline: when each task of a change was at work.  The daemon says how long a task did and undid
 * and when it was finished; where only that is known, the beginning is put where the tasks before
 * it ended.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

/* Wall clock, nanoseconds; nothing happened where both are 0.  Without a length it was a commit
 * alone. */
typedef struct Stretch {
        int64_t from, to;
} Stretch;

typedef struct Step {
        const json_t *task; /* of the change: id, summary, status, log */
        const char *id, *summary, *status;
        int64_t lane;  /* its first one, 0: none */
        size_t *waits; /* indices of the steps before it */
        size_t wait_count;
        Stretch doing, undoing;
        int64_t ended; /* as the daemon says, 0: not yet */
        int64_t ready; /* when the steps before it had ended */
} Step;

typedef struct Timeline {
        Step *steps;
        size_t count;
        int64_t from, to; /* of all of them, never empty */
} Timeline;

/* `change` (with detail=timing) is borrowed and must outlive the timeline. */
int timeline_load(const json_t *change, int64_t now, Timeline *ret, Error *err);
void timeline_done(Timeline *timeline);
#define autotimeline __attribute__((cleanup(timeline_done))) Timeline

/* "1.2 s", "350 µs"; with `is_plain` without signs outside ASCII.  Free it. */
char *timeline_format_duration(int64_t ns, bool is_plain);
