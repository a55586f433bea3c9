/* SPDX-License-Identifier: Apache-2.0 */
#include "task/batch.h"

#include "base/clock.h"

static void touch(Batch *batch, int64_t change) {
        for (size_t i = 0; i < batch->change_count; i++)
                if (batch->changes[i] == change)
                        return;
        if (batch->change_count < ARRAY_COUNT(batch->changes))
                batch->changes[batch->change_count++] = change;
}

static bool contains(const int64_t *tasks, size_t count, int64_t task) {
        for (size_t i = 0; i < count; i++)
                if (tasks[i] == task)
                        return true;
        return false;
}

static bool is_left_alone(const Batch *batch, int64_t task) {
        /* The ended one is among the busy; a batch that settles it may go on to its next step. */
        if (batch->ended && batch->ended->step.task->id == task)
                return false;
        return contains(batch->busy, batch->busy_count, task);
}

/* Returns 0, or -1 with `stopped` filled. */
static int finish_step(Batch *batch, Step *owned_step, int outcome, Error *err) {
        if (outcome == TASK_OUTCOME_DONE) {
                touch(batch, owned_step->task->change);
                batch->done_count++;
                batch->last_task = owned_step->task->id;
                step_done(owned_step);
                return 0;
        }
        batch->is_retry = outcome > 0;
        if (batch->is_retry)
                (void)error_set(err, ERROR_BUSY, "to be tried again");
        batch->stopped = step_take(owned_step);
        return -1;
}

static int save_traces(const Batch *batch, Error *err) {
        const Attempt *attempt = batch->ended;
        int64_t task = attempt->step.task->id, time = clock_get_boot() - attempt->started_at;

        for (size_t i = 0; i < attempt->log_count; i++)
                if (task_add_log(batch->world->database, task, false, attempt->log[i], err) < 0)
                        return -1;
        int r = attempt->step.direction == DIRECTION_UNDO
                        ? database_run(batch->world->database, err,
                                       "UPDATE task SET undoing_ns = undoing_ns + ? WHERE id = ?",
                                       "ii", time, task)
                        : database_run(batch->world->database, err,
                                       "UPDATE task SET doing_ns = doing_ns + ? WHERE id = ?", "ii",
                                       time, task);
        return r < 0 ? -1 : 0;
}

/* The task is read again: a batch that is repeated must not see what the first one made of it, and
 * an attempt that is not the stored one (aborted meanwhile) counts for nothing. */
static int settle(Batch *batch, Error *err) {
        const Attempt *attempt = batch->ended;
        Step step = { 0 };
        int r = step_load(batch->world, attempt->step.task->id, &step, err);

        if (r <= 0)
                return r;
        if (step.direction != attempt->step.direction ||
            (step.direction != DIRECTION_CLEAN &&
             step.task->attempt != attempt->step.task->attempt)) {
                step_done(&step);
                return 0;
        }
        r = save_traces(batch, err);
        if (r == 0 && attempt->end != ATTEMPT_RESULT) {
                *err = attempt->error;
                r = -1;
        }
        if (r == 0)
                r = step_commit(batch->world, &step, attempt->job, attempt->result,
                                &batch->retry_ms, err);
        return finish_step(batch, &step, r, err);
}

/* What can be done now.  A retry further ahead than any is planned for (an hour) was planned before
 * the clock was set back: it is due.  Undo goes backwards also where no edge says so. */
/* The first unfinished change of each snap; what is queued behind it is no candidate. */
#define FIRSTS                                                                          \
        "WITH first AS MATERIALIZED (SELECT s.instance, min(c.id) AS id FROM change c " \
        "CROSS JOIN change_snap s ON s.change = c.id WHERE c.ready_at IS NULL GROUP BY 1) "

#define IS_QUEUED                                                                       \
        "EXISTS (SELECT 1 FROM change q JOIN change_snap mine ON mine.change = q.id "   \
        "JOIN first ON first.instance = mine.instance "                                 \
        "WHERE q.id = t.change AND q.is_queued = 1 AND ifnull(q.queued_until > ?1, 1) " \
        "AND first.id < q.id)"

static const char *const CANDIDATES = FIRSTS
        "SELECT t.id FROM task t "
        "WHERE t.status NOT IN ('Done', 'Undone', 'Hold', 'Error') "
        "AND (?2 = 0 OR t.change = ?2) "
        "AND (t.retry_at IS NULL OR t.retry_at <= ?1 OR t.retry_at > ?1 + 3600000000000) "
        "AND CASE t.status "
        "WHEN 'Do' THEN NOT EXISTS (SELECT 1 FROM task_wait w JOIN task b ON b.id = w.waits_for "
        "WHERE w.task = t.id AND b.status <> 'Done') AND NOT " IS_QUEUED " "
        "WHEN 'Undo' THEN NOT EXISTS (SELECT 1 FROM task_wait w JOIN task a ON a.id = w.task "
        "WHERE w.waits_for = t.id AND a.status NOT IN ('Done', 'Undone', 'Hold', 'Error')) "
        "WHEN 'Wait' THEN t.wait_name IS NULL ELSE 1 END "
        "ORDER BY CASE t.status WHEN 'Undo' THEN -t.id ELSE t.id END";

/* CROSS: from the few changes that are not clean, never over all tasks there ever were. */
static const char *const CLEANABLE =
        "SELECT t.id FROM change c CROSS JOIN task t ON t.change = c.id "
        "WHERE c.is_clean = 0 AND c.ready_at IS NOT NULL AND t.is_clean = 0 AND ?1 AND ?2 = 0 "
        "ORDER BY t.id";

/* By what runs, or is about to. */
static bool is_blocked(const Batch *batch, const Step *step) {
        bool (*is_blocked_by)(const Task *, const Task *) = step->kind->is_blocked_by;

        if (!is_blocked_by || step->direction == DIRECTION_CLEAN)
                return false;
        for (size_t i = 0; i < batch->busy_count; i++)
                if (is_left_alone(batch, batch->busy[i]) &&
                    is_blocked_by(step->task, batch->running[i]))
                        return true;
        for (size_t i = 0; i < batch->start_count; i++)
                if (is_blocked_by(step->task, batch->started[i].task))
                        return true;
        return false;
}

/* The first candidate that needs a worker, or the first that needs none. */
static int find_step(const Batch *batch, const char *sql, bool with_worker, Step *ret, Error *err) {
        autoquery query = QUERY_INIT;
        int r;

        if (query_open(batch->world->database, &query, err, sql, "ii", clock_get_wall(),
                       batch->only) < 0)
                return -1;
        while ((r = query_next(&query, err)) == 1) {
                int64_t task = query_get_int(&query, 0);
                Step step = { 0 };
                if (is_left_alone(batch, task) || contains(batch->starts, batch->start_count, task))
                        continue;
                if (step_load(batch->world, task, &step, err) < 0)
                        return -1;
                int needs_worker = step_needs_worker(batch->world, &step, err);
                if (needs_worker == (int)with_worker && !is_blocked(batch, &step)) {
                        *ret = step;
                        return 1;
                }
                step_done(&step);
                if (needs_worker < 0)
                        return -1;
        }
        return r;
}

static int find_any_step(const Batch *batch, bool with_worker, Step *ret, Error *err) {
        /* A worker cleans first: the next change of the same snap waits for it, and while there is
         * always something new to begin it would wait for ever. */
        int r = find_step(batch, with_worker ? CLEANABLE : CANDIDATES, with_worker, ret, err);

        return r == 0 ? find_step(batch, with_worker ? CANDIDATES : CLEANABLE, with_worker, ret,
                                  err)
                      : r;
}

static bool is_unmarked(const Step *step) {
        return step->task->status == TASK_DO || step->task->status == TASK_UNDO;
}

/* Taken in the next batch, if there is one. */
static int mark_inline(Batch *batch, Step *owned_step, Error *err) {
        int r = step_mark(batch->world, owned_step, err);

        touch(batch, owned_step->task->change);
        step_done(owned_step);
        batch->is_to_be_continued = true;
        return r;
}

static int run_inline_steps(Batch *batch, Error *err) {
        Step step = { 0 };
        int r = 0;

        while (batch->done_count < batch->step_max &&
               (r = find_any_step(batch, false, &step, err)) == 1) {
                if (batch->is_cautious && is_unmarked(&step))
                        return mark_inline(batch, &step, err);
                r = step_run_inline(batch->world, &step, &batch->retry_ms, err);
                if (finish_step(batch, &step, r, err) < 0)
                        return -1;
        }
        return r < 0 ? -1 : 0;
}

static int mark_starts(Batch *batch, Error *err) {
        size_t running = batch->busy_count - (batch->ended != NULL);
        Step step = { 0 };
        int r = 0;

        while (running + batch->start_count < WORKER_COUNT_MAX &&
               (r = find_any_step(batch, true, &step, err)) == 1) {
                r = step_mark(batch->world, &step, err);
                touch(batch, step.task->change);
                batch->starts[batch->start_count] = step.task->id;
                batch->started[batch->start_count++] = step_take(&step);
                if (r < 0)
                        return -1;
        }
        return r < 0 ? -1 : 0;
}

/* A change that has no tasks had nothing to do. */
static int finish_empty_changes(Batch *batch, Error *err) {
        int64_t change;
        int r = database_find_int(batch->world->database, &change, err,
                                  "SELECT id FROM change WHERE ready_at IS NULL AND NOT EXISTS "
                                  "(SELECT 1 FROM task WHERE change = change.id)",
                                  "");

        if (r <= 0)
                return r;
        touch(batch, change);
        return database_run(batch->world->database, err,
                            "UPDATE change SET ready_at = ?, is_clean = 1 WHERE ready_at IS NULL "
                            "AND NOT EXISTS (SELECT 1 FROM task WHERE change = change.id)",
                            "i", clock_get_wall()) < 0
                       ? -1
                       : 0;
}

int batch_fill(Batch *batch, Error *err) {
        if (batch->ended && settle(batch, err) < 0)
                return -1;
        if (run_inline_steps(batch, err) < 0)
                return -1;
        if (!batch->is_marking)
                return 0;
        if (!batch->only && finish_empty_changes(batch, err) < 0)
                return -1;
        return batch->is_resting ? 0 : mark_starts(batch, err);
}

int batch_run(Batch *batch, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (transaction_begin(batch->world->database, &transaction, err) < 0 ||
            batch_fill(batch, err) < 0)
                return -1;
        /* Nothing written: nothing to sync. */
        return batch->change_count ? transaction_commit(&transaction, err) : 0;
}

void batch_done(Batch *batch) {
        step_done(&batch->stopped);
        for (size_t i = 0; i < ARRAY_COUNT(batch->started); i++)
                step_done(&batch->started[i]);
}
