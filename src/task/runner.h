/* SPDX-License-Identifier: Apache-2.0
 *
 * Runner: moves every unfinished task on, one daemon step at a time; work happens in forked workers
 * that live in one cgroup (else a process group) and hold R/run/pawl/work.lock.  Survives any kill:
 * what is Doing at start is planned again.
 */
#pragma once

#include <uv.h>

#include "task/task.h"

typedef struct Runner Runner;

typedef struct RunnerConfig {
        uv_loop_t *loop;
        Database *database;
        const TaskKind *kinds;
        size_t kind_count;
        void *context;             /* handed to kinds */
        const char *run_directory; /* R/run/pawl: work.lock lives here */
        /* Called after every commit of a task or change, in the loop: wakes long polls, reconciler,
         * checkpoint. */
        void (*on_commit)(void *context, int64_t change);
} RunnerConfig;

/* Ends the orphans of an earlier daemon before it returns. */
int runner_new(const RunnerConfig *config, Runner **ret, Error *err);
/* Something was added or became possible: look again, soon, from the loop. */
void runner_wake(Runner *runner);
/* True while a worker runs or a task could run now. */
bool runner_is_busy(const Runner *runner);
/* Kills workers and forgets them; the state already says what to do next time. */
Runner *runner_free(Runner *runner);
