/* SPDX-License-Identifier: Apache-2.0
 *
 * Making changes and showing them.  All of this runs inside the caller's transaction.
 */
#pragma once

#include "task/task.h"

typedef struct ChangeDraft {
        const char *kind; /* "install-snap" */
        const char *summary;
        json_t *api_data; /* borrowed; {"snap-names":[…]} and the like */
        bool is_removal;  /* frees space: may begin on a full disk too */
} ChangeDraft;

/* Fails with ERROR_CONFLICT (`snap "x" has "install-snap" change in progress (change 12, started 3
 * min ago, 4 of 11 steps done)`) when an unfinished change touches one of `instances`; err->number
 * is that change's id.  What is queued counts too; for a queued change that is being planned only
 * what is older than itself. */
int change_check_conflict(Database *database, const char *const *instances, size_t count,
                          Error *err);
/* The row, its snaps and no tasks yet; ERROR_DISK_SPACE while the disk is full: what cannot be
 * undone is not begun.  Within change_begin_plan the queued change gets all that instead. */
int change_add(Database *database, const ChangeDraft *draft, const char *const *instances,
               size_t count, int64_t *ret_change, Error *err);

/* A queue of changes: one that was asked for while another has one of its snaps may be added all
 * the same and queued, with one task.  The runner takes that task when no older unfinished change
 * touches any of its snaps, or when the wall clock is at `until` (0 = never); its commit makes the
 * plan on the state of that moment, between change_begin_plan and the commit's end. An abort before
 * that is an abort of a task that never ran. */
int change_set_queued(Database *database, int64_t change, int64_t until, Error *err);
/* Before that: whether there is room in the queue, in all and for each of these (limits.h). */
int change_check_queue(Database *database, const char *const *instances, size_t count, Error *err);
int change_begin_plan(Database *database, int64_t change, Error *err);

/* One more snap that it touches; that no other change is at work on it is for the caller to see to.
 */
int change_claim(Database *database, int64_t change, const char *instance, Error *err);
int change_has_claimed(Database *database, int64_t change, const char *instance, Error *err);

typedef struct TaskDraft {
        int64_t change;
        const char *kind;
        const char *summary;
        int64_t waits_for; /* 0 = none; more by change_add_wait */
} TaskDraft;

/* In no lane yet.  `owned_data` may be NULL: {}. */
int change_add_task(Database *database, const TaskDraft *draft, json_t *owned_data,
                    int64_t *ret_task, Error *err);
/* One more edge, within one change. */
int change_add_wait(Database *database, int64_t task, int64_t waits_for, Error *err);
int change_add_lane(Database *database, int64_t task, int64_t lane, Error *err);

/* Aborts what is not finished: Do→Hold, Doing→Abort, Done→Undo.  ERROR_BAD_REQUEST when it is ready
 * already: `cannot abort change 9 with nothing pending`. */
int change_abort(Database *database, int64_t change, Error *err);

/* A task failed: its lanes are aborted likewise, with what waits for them; what sits in another
 * lane in which nothing failed goes on.  The task's own status is the caller's. */
int change_abort_lanes_of(Database *database, int64_t task, Error *err);

/* Aborts what is not ready, in its lanes, of changes that are older than three days.  Returns how
 * many changes that were. */
int change_abort_stale(Database *database, Error *err);

/* It has just become ready with a task in Error: what it paused goes on, and a snap that it began
 * to install, and could not take back, goes. */
int change_release(Database *database, int64_t change, Error *err);

/* Removes ready changes older than a day and all but the newest 500; returns how many. */
int change_prune(Database *database, Error *err);

/* The API's change object (/v2/changes/ID), tasks included. 1 found, 0 no such change. */
int change_describe(Database *database, int64_t change, json_t **ret, Error *err);
/* Gives each task of such an object `waits` and `lanes` (ids), `doing-ns` and `undoing-ns`: ours,
 * not the API's. */
int change_add_timing(Database *database, json_t *change, Error *err);
typedef enum ChangeSelect {
        CHANGE_SELECT_IN_PROGRESS,
        CHANGE_SELECT_READY,
        CHANGE_SELECT_ALL
} ChangeSelect;
/* Array of them; `instance` NULL = of any snap. */
int change_list(Database *database, ChangeSelect select, const char *instance, json_t **ret,
                Error *err);
