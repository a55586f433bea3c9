/* SPDX-License-Identifier: Apache-2.0
 *
 * Task and change as stored, and the kinds that say what a task does.
 *
 *            plan ok, work ok, commit           lane fails
 *      Do ─────────► Doing ─────────► Done ────────────────► Undo ─────► Undoing ─────► Undone
 *       │              │                                                     │
 *       │ lane fails   │ fails: Error (its own partial work undone by it)    └ fails: Error
 *       ▼              ▼ lane fails meanwhile: Abort, then as Done (Undo) or Undone by itself
 *      Hold          Error
 *
 * Final: Done, Undone, Hold, Error.  `Wait` is Done, but waiting for a boot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "state/database.h"

typedef enum TaskStatus {
        TASK_DO,    /* not started */
        TASK_DOING, /* its job is planned, maybe running */
        TASK_DONE,
        TASK_ABORT, /* was Doing when its lane failed */
        TASK_UNDO,  /* was Done, to be undone */
        TASK_UNDOING,
        TASK_UNDONE,
        TASK_HOLD, /* never ran and never will */
        TASK_ERROR,
        TASK_WAIT,
        TASK_STATUS_COUNT,
} TaskStatus;

const char *task_status_get_name(TaskStatus status); /* "Do", "Doing", … as the API shows them */
bool task_status_is_ready(TaskStatus status);

/* A task as loaded for one step of the runner. */
typedef struct Task {
        int64_t id;
        int64_t change;
        char *kind;
        TaskStatus status;
        int64_t attempt;
        json_t *data; /* what it is about; a commit writes changes to it back */
} Task;

/* What a worker (a forked child) may use: nothing of the daemon but this. */
typedef struct Worker Worker;
void worker_report_progress(Worker *worker, const char *label, int64_t done, int64_t total);
void worker_log(Worker *worker, const char *text); /* becomes an INFO line of the task */

/* What the daemon's half of a task sees; `context` is what the runner was made with (roots,
 * helpers). */
typedef struct TaskStep {
        Database *database;
        const Task *task;
        void *context;
} TaskStep;

typedef enum TaskOutcome {
        TASK_OUTCOME_DONE = 0,
        TASK_OUTCOME_RETRY = 1, /* *ret_retry_ms from now */
} TaskOutcome;

/* One trio.  Any part may be NULL. */
typedef struct TaskPart {
        /* In the daemon, read only: fills a self-contained job for the worker.  Fails before
         * anything irreversible. */
        int (*plan)(const TaskStep *step, json_t **ret_job, Error *err);
        /* In a forked child: touches the world, may block or crash; idempotent; undoes its own
         * partial work when it fails.  `context` is the copy the fork made; the database must not
         * be used. */
        int (*work)(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                    Error *err);
        /* In the daemon, inside the one transaction that also sets the final status.  Returns a
         * TaskOutcome. */
        int (*commit)(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
} TaskPart;

typedef struct TaskKind {
        const char *name;
        TaskPart run;
        TaskPart undo; /* all NULL: nothing to undo */
        /* When the whole change is ready: the place for what cannot be undone. */
        TaskPart clean;
        int time_limit_s; /* of a worker's attempt; 0 = 600 */
        bool is_error_ignored;
} TaskKind;
