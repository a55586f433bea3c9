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
 *   Doing ────► Wait ────► Done          and likewise            Undoing ────► Wait ────► Undone
 *               │ fails afterwards, or its lane fails: Undo
 *
 * Final: Done, Undone, Hold, Error.  A task whose kind needs no worker skips Doing and Undoing.
 * Who waits has done its work, and its effects are committed; what comes after it waits too.
 *
 * What is stored when:
 *   - A task without `work` goes Do → Done (Undo → Undone) in its one commit; several such in a row
 *     may share a transaction, each with its own status, so all or none of them happened.
 *   - A task with `work` is stored as Doing (Undoing) before its worker starts, in the transaction
 *     of its predecessor where there is one: what may have touched the world is never called Do.
 *     The job and the progress live in memory only: after a restart what is Doing is planned and
 *     worked again, so `work` is idempotent.
 *   - Error without undo means that `work` said so itself (and took back what it had done).  A
 *     worker that was killed, ran out of time or whose commit failed is first undone (`is_failed`:
 *     Undo, Undoing, then Error).  So undo may meet a run that was never committed.
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
        TASK_WAIT, /* its work is committed; Done (Undone) when what it waits for has come */
        TASK_STATUS_COUNT,
} TaskStatus;

const char *task_status_get_name(TaskStatus status); /* "Do", "Doing", … as the API shows them */
bool task_status_is_ready(TaskStatus status);
/* TASK_STATUS_COUNT for a name that is none. */
TaskStatus task_status_parse(const char *name);

/* A task as loaded for one step of the runner. */
typedef struct Task {
        int64_t id;
        int64_t change;
        char *kind;
        TaskStatus status;
        TaskStatus waited_status; /* TASK_DONE or TASK_UNDONE in Wait, else TASK_STATUS_COUNT */
        bool is_wait_over;
        int64_t attempt; /* the number of the last that was started */
        bool is_failed;
        json_t *data; /* what it is about; a commit writes changes to it back */
        char *fault;  /* why the stored data cannot be read; `data` is empty then.  NULL: it can */
} Task;

/* 1 found, 0 no such task.  One whose data cannot be read is found too, with `fault`: it must fail
 * by itself, and hold up no other. */
int task_load(Database *database, int64_t id, Task **ret, Error *err);
Task *task_free(Task *task);
DEFINE_AUTOPTR(Task, task_free);
/* Writes `data` back when it is no longer `before` (its text when loaded). */
int task_save_data(Database *database, const Task *task, const char *before, Error *err);
/* Sets the status and what goes with it: ready times of the task and, with the last one, of its
 * change. */
int task_set_status(Database *database, int64_t task, TaskStatus status, Error *err);
/* Wait, until the fact `name` has another value than `value`, or until task_end_waits; NULL = until
 * that only.  `after`: TASK_DONE or TASK_UNDONE. */
typedef struct TaskWait {
        const char *name;
        const char *value;
        TaskStatus after;
} TaskWait;
int task_set_wait(Database *database, int64_t task, const TaskWait *wait, Error *err);
/* Ends the waits for `name`: all, or with `value` those that recorded another one.  In the caller's
 * transaction; returns how many.  The runner, woken, then calls `resume`. */
int task_end_waits(Database *database, const char *name, const char *value, Error *err);
/* Some change that has a task waiting for `name`: 1 found, 0 none. */
int task_find_wait(Database *database, const char *name, int64_t *ret_change, Error *err);
/* Adds a line to the log that clients see; the oldest beyond TASK_LOG_LINES_MAX go. */
int task_add_log(Database *database, int64_t task, bool is_error, const char *text, Error *err);

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
        int64_t *ret_retry_ms;     /* for a commit that returns TASK_OUTCOME_RETRY */
        const char **ret_wait_for; /* for one that returns TASK_OUTCOME_WAIT */
} TaskStep;

/* Facts that the runner itself knows, so that waits for them end when it starts with another value:
 * the boot id, and which process the daemon is (any restart is another one: whether it is the one
 * that was wanted is for `resume` to find out). Everything else is an event: task_end_waits. */
#define TASK_WAIT_BOOT   "boot"
#define TASK_WAIT_DAEMON "daemon"

typedef enum TaskOutcome {
        TASK_OUTCOME_DONE = 0,
        /* What the commit wrote is rolled back; planned again *step->ret_retry_ms from now. */
        TASK_OUTCOME_RETRY = 1,
        /* What the commit wrote is kept, with status Wait; `resume` follows when
         * *step->ret_wait_for (literal text, a fact of the above or an event's name) has come.
         * Survives any restart. The runner does not restart anything: who waits for the daemon asks
         * for it (on_commit and task_find_wait tell the daemon that somebody waits). */
        TASK_OUTCOME_WAIT = 2,
} TaskOutcome;

/* One trio.  Any part may be NULL.  A commit may add tasks to its change. */
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
        /* After a wait, in the transaction that makes the task Done (Undone); NULL = nothing to do.
         * A TaskOutcome too: it may wait again.  When it fails the task is undone as one whose
         * commit failed, then Error. */
        int (*resume)(const TaskStep *step, Error *err);
        /* 1, or 0 where there is nothing for a worker to do: no process is made then, no attempt
         * stored, and the commit sees no result.  In the transaction of that commit; NULL: 1. */
        int (*has_work)(const TaskStep *step, Error *err);
} TaskPart;

typedef struct TaskKind {
        const char *name;
        TaskPart run;
        TaskPart undo; /* all NULL: nothing to undo */
        /* When the whole change is ready, whatever became of the task: the place for what cannot be
         * undone.  Its failure is logged and not repeated. */
        TaskPart clean;
        /* May be NULL.  True: `task` does not start while `running` (of any kind and change) is at
         * work.  For "never at the same time" only; order is for the edges. */
        bool (*is_blocked_by)(const Task *task, const Task *running);
        int time_limit_s; /* of a worker's attempt; 0 = 600 */
        bool is_error_ignored;
} TaskKind;
