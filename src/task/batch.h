/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch: one transaction of the runner: an ended attempt, then steps without worker, then the marks
 * of workers to start.  It happens as a whole or, where a step stops it, not at all; then `stopped`
 * says which and why, and `done_count` how many before it went well.
 */
#pragma once

#include "task/attempt.h"

#define BATCH_STEPS_MAX 32

typedef struct Batch {
        const StepWorld *world;
        Attempt *ended;   /* NULL: none */
        int64_t only;     /* steps of this change only, and no cleaning; 0: of any */
        int step_max;     /* how many steps it may take, `ended` counted */
        bool is_marking;  /* and whether it may mark */
        bool is_resting;  /* it marks none: no worker is to start any more */
        bool is_cautious; /* each step without worker is marked in a batch before its own */
        /* Tasks with running workers, which are left alone. */
        const int64_t *busy;
        const Task *const *running; /* the same */
        size_t busy_count;

        int done_count;
        int64_t last_task;                                   /* of those done */
        int64_t changes[BATCH_STEPS_MAX + WORKER_COUNT_MAX]; /* what it touched, once each */
        size_t change_count;
        int64_t starts[WORKER_COUNT_MAX]; /* tasks whose workers may start now */
        Step started[WORKER_COUNT_MAX];   /* the same */
        size_t start_count;
        bool is_to_be_continued;

        Step stopped; /* no task: the database itself failed */
        bool is_retry;
        int64_t retry_ms;
} Batch;

/* Takes the steps, in the caller's transaction.  Returns 0, or -1 and what it wrote must not stay.
 */
int batch_fill(Batch *batch, Error *err);
/* In one of its own: returns 0 when it is committed (or there was nothing to do). */
int batch_run(Batch *batch, Error *err);
void batch_done(Batch *batch);
