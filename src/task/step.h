/* SPDX-License-Identifier: Apache-2.0
 *
 * Step: one task and the part of its kind that is due.  The functions here write inside the
 * caller's transaction; what they cannot write fails, and the caller rolls back.
 */
#pragma once

#include "task/task.h"

typedef enum TaskDirection {
        DIRECTION_RUN,
        DIRECTION_UNDO,
        DIRECTION_CLEAN,
} TaskDirection;

typedef struct Step {
        Task *task;
        const TaskKind *kind; /* never NULL: that of an unknown task says so when run */
        const TaskPart *part;
        TaskDirection direction;
} Step;

/* What steps are taken with; the runner's. */
typedef struct StepWorld {
        Database *database;
        const TaskKind *kinds;
        size_t kind_count;
        void *context;
        /* What waits recorded under the name of a fact, and end with. */
        const char *boot;
        const char *daemon;
} StepWorld;

/* The next step of a task by its stored status; in DIRECTION_CLEAN when it is ready.  1, or 0 when
 * there is no such task. */
int step_load(const StepWorld *world, int64_t task_id, Step *ret, Error *err);
void step_done(Step *step);
static inline Step step_take(Step *step) {
        Step taken = *step;

        *step = (Step){ 0 };
        return taken;
}

/* 1 or 0. */
int step_needs_worker(const StepWorld *world, const Step *step, Error *err);

int step_plan(const StepWorld *world, const Step *step, json_t **ret_job, Error *err);
/* Commit part and final status, or Wait.  Returns TASK_OUTCOME_DONE or _RETRY. */
int step_commit(const StepWorld *world, const Step *step, const json_t *job, const json_t *result,
                int64_t *ret_retry_ms, Error *err);
/* A step without worker, whole; the same returns. */
int step_run_inline(const StepWorld *world, const Step *step, int64_t *ret_retry_ms, Error *err);
/* Says that a worker is about to start: Do → Doing, Undo → Undoing, and the attempt's number. */
int step_mark(const StepWorld *world, const Step *step, Error *err);
/* `is_partial`: the world may have been touched, so it is undone before it is Error. */
int step_record_failure(const StepWorld *world, const Step *step, bool is_partial, const Error *why,
                        Error *err);
/* A worker died; returns how often the task's did in a row, this time counted. */
int step_count_death(const StepWorld *world, const Step *step, Error *err);
/* The daemon that ran before ended without a word (step_forgive_end): what was to be done then, and
 * what was at work above all, may be why.  Counts that, and gives up what was at work too often.
 * Returns how many tasks it wrote to. */
int step_count_end(const StepWorld *world, Error *err);
/* This daemon ends as it should. */
int step_forgive_end(const StepWorld *world, Error *err);
/* 1: a step without worker may have ended the daemon several times: to be marked like the others
 * before it is taken, so that the next end names it. */
int step_is_suspect(const StepWorld *world, Error *err);
int step_record_retry(const StepWorld *world, const Step *step, int64_t retry_ms, Error *err);
