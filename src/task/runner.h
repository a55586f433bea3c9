/* SPDX-License-Identifier: Apache-2.0
 *
 * Runner: moves every unfinished task on, one daemon step at a time; work happens in forked workers
 * that live in one cgroup (else a process group each) and hold R/run/pawl/work.lock.  Survives any
 * kill: what is Doing at start is planned again.
 *
 * A step of the daemon is one transaction: the commit part of a worker that has ended, then tasks
 * that need no worker, then the Doing marks of the workers to start.  When one of them fails, the
 * transaction is done again without it and those after it, and the failure is recorded in the next.
 */
#pragma once

#include <uv.h>

#include "base/limits.h"
#include "task/task.h"

typedef struct Runner Runner;

typedef struct RunnerConfig {
        uv_loop_t *loop;
        Database *database;
        const TaskKind *kinds;
        size_t kind_count;
        void *context;             /* handed to kinds */
        const char *run_directory; /* R/run/pawl: work.lock lives here */
        /* Descriptors of the context that a worker may use; all others are closed in it.  Read at
         * each fork. */
        const int *kept_fds;
        size_t kept_fd_count;
        /* Called after every commit of a task or change, in the loop: wakes long polls, reconciler,
         * checkpoint. */
        void (*on_commit)(void *context, int64_t change);
        /* May be NULL.  The state cannot be written any more: end and start again. */
        void (*on_broken)(void *context, const Error *err);
} RunnerConfig;

/* Ends the orphans of an earlier daemon before it returns. */
int runner_new(const RunnerConfig *config, Runner **ret, Error *err);
/* Something was added or became possible: look again, soon, from the loop. */
void runner_wake(Runner *runner);
/* In the transaction that made `change`, as its last: the first steps of it, so that they cost no
 * commit of their own.  What fails is taken back and is left for later; the change itself stands.
 * runner_begun follows the commit, or its failure, at once. */
void runner_begin(Runner *runner, Transaction *transaction, int64_t change);
void runner_begun(Runner *runner, bool is_committed);
/* True while a worker runs or a task could run now. */
bool runner_is_busy(const Runner *runner);
/* Starts no more workers: the daemon restarts soon.  Whether some still run: */
void runner_rest(Runner *runner);
bool runner_is_working(const Runner *runner);
/* Progress and log lines of running workers, which are not stored, put into an object made by
 * change_describe. */
void runner_overlay(const Runner *runner, json_t *change);
/* The job of a worker that runs now, for who answers what the worker's children ask; the runner's.
 * What is changed in it is not seen by the worker; the commit sees it. */
typedef struct RunningJob {
        const char *kind;
        pid_t pid; /* of the worker, whose children are at work for it */
        json_t *job;
} RunningJob;
size_t runner_list_jobs(const Runner *runner, RunningJob ret[WORKER_COUNT_MAX]);
/* Kills workers and forgets them; the state already says what to do next time.  The memory goes
 * when the loop has run once more. */
Runner *runner_free(Runner *runner);
