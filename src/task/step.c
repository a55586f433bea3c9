/* SPDX-License-Identifier: Apache-2.0 */
#include "task/step.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "task/change.h"

static int refuse_unknown(const TaskStep *step, json_t **ret_job, Error *err) {
        TaskStatus status = step->task->status;
        bool is_undo = status == TASK_UNDO || status == TASK_UNDOING;

        (void)ret_job;
        return error_set(err, ERROR_NOT_IMPLEMENTED, "this pawld knows no tasks of kind %s%s",
                         step->task->kind,
                         is_undo ? " and cannot undo it: what it did stays (see pawl verify)" : "");
}

static int refuse_unknown_resume(const TaskStep *step, Error *err) {
        return refuse_unknown(step, NULL, err);
}

#define REFUSED \
        { .plan = refuse_unknown, .resume = refuse_unknown_resume }

/* What it did, if anything, nobody here knows. */
static const TaskKind UNKNOWN_KIND = { .name = "", .run = REFUSED, .undo = REFUSED };

static const TaskKind *find_kind(const StepWorld *world, const char *name) {
        for (size_t i = 0; i < world->kind_count; i++)
                if (string_equal(world->kinds[i].name, name))
                        return &world->kinds[i];
        return &UNKNOWN_KIND;
}

/* In the place of every part of a task whose data cannot be read. */
static int refuse(const Task *task, Error *err) {
        bool is_undo = task->status == TASK_UNDO || task->status == TASK_UNDOING;

        return error_set(
                err, ERROR_CORRUPT,
                is_undo ? "cannot be undone, as its data in the state cannot be read (%s): "
                          "what it did stays (see pawl verify)"
                        : "its data in the state cannot be read (%s)",
                task->fault);
}

static int refuse_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        (void)ret_job;
        return refuse(step->task, err);
}

static int refuse_commit(const TaskStep *step, const json_t *job, const json_t *result,
                         Error *err) {
        (void)job;
        (void)result;
        return refuse(step->task, err);
}

static int refuse_resume(const TaskStep *step, Error *err) {
        return refuse(step->task, err);
}

static const TaskPart UNREADABLE = { .plan = refuse_plan,
                                     .commit = refuse_commit,
                                     .resume = refuse_resume };

static TaskDirection find_direction(const Task *task) {
        if (task_status_is_ready(task->status))
                return DIRECTION_CLEAN;
        return task->status == TASK_DO || task->status == TASK_DOING ||
                               task->waited_status == TASK_DONE
                       ? DIRECTION_RUN
                       : DIRECTION_UNDO;
}

static bool is_empty_part(const TaskPart *part) {
        return !part->plan && !part->work && !part->commit && !part->resume;
}

static const TaskPart *get_part(const TaskKind *kind, TaskDirection direction) {
        return direction == DIRECTION_RUN    ? &kind->run
               : direction == DIRECTION_UNDO ? &kind->undo
                                             : &kind->clean;
}

int step_load(const StepWorld *world, int64_t id, Step *ret, Error *err) {
        Task *task;
        int r = task_load(world->database, id, &task, err);

        if (r <= 0)
                return r;
        const TaskKind *kind = find_kind(world, task->kind);
        TaskDirection direction = find_direction(task);
        const TaskPart *part = get_part(kind, direction);
        /* Where there is nothing to undo or to clean, nobody asks what it is about. */
        if (task->fault && (direction == DIRECTION_RUN || !is_empty_part(part)))
                part = &UNREADABLE;
        *ret = (Step){ task, kind, part, direction };
        return 1;
}

void step_done(Step *step) {
        (void)task_free(step->task);
        *step = (Step){ 0 };
}

int step_needs_worker(const StepWorld *world, const Step *step, Error *err) {
        const TaskStep view = { world->database, step->task, world->context, NULL, NULL };

        /* Abort is only turned into Undo here; the undo comes in its turn. */
        if (!step->part->work || step->task->status == TASK_ABORT ||
            step->task->status == TASK_WAIT)
                return 0;
        /* What has begun goes on as it began. */
        bool is_begun = step->task->status == TASK_DOING || step->task->status == TASK_UNDOING;
        return !step->part->has_work || is_begun ? 1 : step->part->has_work(&view, err);
}

int step_plan(const StepWorld *world, const Step *step, json_t **ret_job, Error *err) {
        TaskStep view = { world->database, step->task, world->context, NULL, NULL };

        *ret_job = NULL;
        return step->part->plan ? step->part->plan(&view, ret_job, err) : 0;
}

/* Both marks, and with the last the change's, in the transaction of the clean itself. */
static int set_clean(const StepWorld *world, const Task *task, Error *err) {
        if (database_run(world->database, err, "UPDATE task SET is_clean = 1 WHERE id = ?", "i",
                         task->id) < 0)
                return -1;
        return database_run(world->database, err,
                            "UPDATE change SET is_clean = 1 WHERE id = ? AND NOT EXISTS "
                            "(SELECT 1 FROM task WHERE change = ?1 AND is_clean = 0)",
                            "i", task->change) < 0
                       ? -1
                       : 0;
}

/* An undo with nothing to undo leaves the task Done, as clients know it. */
static TaskStatus get_final_status(const Step *step) {
        if (step->direction == DIRECTION_RUN)
                return TASK_DONE;
        if (step->task->is_failed)
                return TASK_ERROR;
        return is_empty_part(step->part) ? TASK_DONE : TASK_UNDONE;
}

static int finish(const StepWorld *world, const Step *step, Error *err) {
        return step->direction == DIRECTION_CLEAN ? set_clean(world, step->task, err)
                                                  : task_set_status(world->database, step->task->id,
                                                                    get_final_status(step), err);
}

static const char *get_fact(const StepWorld *world, const char *name) {
        if (string_equal(name, TASK_WAIT_BOOT))
                return world->boot;
        return string_equal(name, TASK_WAIT_DAEMON) ? world->daemon : NULL;
}

static int begin_wait(const StepWorld *world, const Step *step, const char *name, Error *err) {
        TaskWait wait = {
                .name = name,
                .value = get_fact(world, name),
                .after = step->direction == DIRECTION_RUN ? TASK_DONE : TASK_UNDONE,
        };

        return task_set_wait(world->database, step->task->id, &wait, err);
}

/* A commit or its `resume`, and what its outcome says. */
static int conclude(const StepWorld *world, const Step *step, int outcome, const char *wait_for,
                    Error *err) {
        if (outcome < 0 || outcome == TASK_OUTCOME_RETRY)
                return outcome;
        /* Cleaning waits for nothing. */
        if (outcome == TASK_OUTCOME_WAIT && step->direction != DIRECTION_CLEAN)
                return begin_wait(world, step, wait_for, err);
        return finish(world, step, err);
}

int step_commit(const StepWorld *world, const Step *step, const json_t *job, const json_t *result,
                int64_t *ret_retry_ms, Error *err) {
        const char *wait_for = "";
        TaskStep view = { world->database, step->task, world->context, ret_retry_ms, &wait_for };
        autofree char *before = json_format(step->task->data);
        int outcome = TASK_OUTCOME_DONE;

        *ret_retry_ms = 0;
        if (step->task->status == TASK_WAIT)
                outcome = step->part->resume ? step->part->resume(&view, err) : TASK_OUTCOME_DONE;
        else if (step->part->commit)
                outcome = step->part->commit(&view, job, result, err);
        if (outcome != TASK_OUTCOME_RETRY && outcome >= 0 &&
            task_save_data(world->database, step->task, before, err) < 0)
                return -1;
        return conclude(world, step, outcome, wait_for, err);
}

/* Of a run that was never committed: without a worker it left nothing. */
static bool has_nothing_to_undo(const Step *step) {
        return is_empty_part(&step->kind->undo) || !step->kind->run.work;
}

/* A killed or unstarted run: undone where there is an undo, else there was nothing. */
static int leave_abort(const StepWorld *world, const Step *step, Error *err) {
        return task_set_status(world->database, step->task->id,
                               has_nothing_to_undo(step) ? TASK_HOLD : TASK_UNDO, err);
}

int step_run_inline(const StepWorld *world, const Step *step, int64_t *ret_retry_ms, Error *err) {
        autojson job = NULL;

        if (step->task->status == TASK_ABORT)
                return leave_abort(world, step, err);
        if (step->task->status == TASK_WAIT)
                return step_commit(world, step, NULL, NULL, ret_retry_ms, err);
        if (step_plan(world, step, &job, err) < 0)
                return -1;
        return step_commit(world, step, job, NULL, ret_retry_ms, err);
}

int step_mark(const StepWorld *world, const Step *step, Error *err) {
        if (step->direction == DIRECTION_CLEAN)
                return 0;
        if (database_run(world->database, err, "UPDATE task SET attempt = attempt + 1 WHERE id = ?",
                         "i", step->task->id) < 0)
                return -1;
        return task_set_status(world->database, step->task->id,
                               step->direction == DIRECTION_RUN ? TASK_DOING : TASK_UNDOING, err);
}

/* Lanes first: the task itself must not look finished before what it takes with it is set. */
static int fail_run(const StepWorld *world, const Step *step, bool is_partial, Error *err) {
        int64_t id = step->task->id;

        /* Its own attempt may have left something, and nobody can say what. */
        if (step->task->fault)
                is_partial = step->task->status != TASK_DO;
        else if (step->kind->is_error_ignored)
                return task_set_status(world->database, id, TASK_DONE, err);
        if (change_abort_lanes_of(world->database, id, err) < 0)
                return -1;
        if (!is_partial || is_empty_part(&step->kind->undo))
                return task_set_status(world->database, id, TASK_ERROR, err);
        if (database_run(world->database, err, "UPDATE task SET is_failed = 1 WHERE id = ?", "i",
                         id) < 0)
                return -1;
        return task_set_status(world->database, id, TASK_UNDO, err);
}

int step_record_failure(const StepWorld *world, const Step *step, bool is_partial, const Error *why,
                        Error *err) {
        const Task *task = step->task;

        if (step->direction == DIRECTION_CLEAN) {
                log_warning("change %" PRId64 ", task %" PRId64 " (%s): not cleaned up: %s",
                            task->change, task->id, task->kind, why->message);
                return set_clean(world, task, err);
        }
        log_error("change %" PRId64 ", task %" PRId64 " (%s): failed: %s", task->change, task->id,
                  task->kind, why->message);
        if (task_add_log(world->database, task->id, true, why->message, err) < 0)
                return -1;
        return step->direction == DIRECTION_RUN
                       ? fail_run(world, step, is_partial, err)
                       : task_set_status(world->database, task->id, TASK_ERROR, err);
}

int step_record_retry(const StepWorld *world, const Step *step, int64_t retry_ms, Error *err) {
        /* Cleaning is tried once. */
        if (step->direction == DIRECTION_CLEAN)
                return set_clean(world, step->task, err);
        /* Never "at once": the loop must get its turn. */
        return database_run(world->database, err,
                            "UPDATE task SET retry_at = ?, deaths = 0 WHERE id = ?", "ii",
                            clock_get_wall() + (retry_ms < 1 ? 1 : retry_ms) * 1000000,
                            step->task->id) < 0
                       ? -1
                       : 0;
}

#define SUSPECT_ENDS  2
#define END_PAUSE_MAX 300000

int step_count_death(const StepWorld *world, const Step *step, Error *err) {
        int64_t deaths = 0;

        if (database_run(world->database, err, "UPDATE task SET deaths = deaths + 1 WHERE id = ?",
                         "i", step->task->id) < 0 ||
            database_find_int(world->database, &deaths, err, "SELECT deaths FROM task WHERE id = ?",
                              "i", step->task->id) < 0)
                return -1;
        return (int)deaths;
}

/* Twice as long each time. */
static int64_t get_pause_ms(int64_t ends) {
        int64_t shift = ends - TASK_INTERRUPTION_MAX;

        return shift > 8 ? END_PAUSE_MAX : 1000LL << shift;
}

/* Of a task that was at work. */
static int judge_ends(const StepWorld *world, int64_t task, int64_t ends, Error *err) {
        Step step = { 0 };
        Error why;
        int r = step_load(world, task, &step, err);

        if (r <= 0)
                return r;
        (void)error_set(&why, ERROR_LOST, "pawld itself ended %lld times while this was at work",
                        (long long)ends);
        if (step.direction == DIRECTION_UNDO && ends < TASK_UNDO_INTERRUPTION_MAX)
                r = step_record_retry(world, &step, get_pause_ms(ends), err);
        else
                r = step_record_failure(world, &step, step.part->work != NULL, &why, err);
        step_done(&step);
        return r;
}

/* What the index of unfinished tasks has: without these very words each of them is looked for among
 * all tasks there ever were. */
#define UNFINISHED "status NOT IN ('Done', 'Undone', 'Hold', 'Error')"

static int find_judged(const StepWorld *world, int64_t after, int64_t *ret_task, int64_t *ret_ends,
                       Error *err) {
        autoquery query = QUERY_INIT;

        if (query_open(world->database, &query, err,
                       "SELECT id, interruptions FROM task WHERE " UNFINISHED
                       " AND status IN ('Doing', 'Undoing') "
                       "AND interruptions >= ? AND id > ? ORDER BY id LIMIT 1",
                       "ii", (int64_t)TASK_INTERRUPTION_MAX, after) < 0)
                return -1;
        int r = query_next(&query, err);
        if (r == 1) {
                *ret_task = query_get_int(&query, 0);
                *ret_ends = query_get_int(&query, 1);
        }
        return r;
}

int step_count_end(const StepWorld *world, Error *err) {
        int64_t task = 0, ends = 0;
        int r, counted = database_run(
                       world->database, err,
                       "UPDATE task SET interruptions = interruptions + 1 WHERE " UNFINISHED
                       " AND status IN ('Do', 'Doing', 'Undo', 'Undoing')",
                       "");

        if (counted <= 0)
                return counted;
        while ((r = find_judged(world, task, &task, &ends, err)) == 1)
                if (judge_ends(world, task, ends, err) < 0)
                        return -1;
        return r < 0 ? -1 : counted;
}

int step_forgive_end(const StepWorld *world, Error *err) {
        return database_run(world->database, err,
                            "UPDATE task SET interruptions = interruptions - 1 WHERE " UNFINISHED
                            " AND status IN ('Do', 'Doing', 'Undo', 'Undoing')",
                            "");
}

int step_is_suspect(const StepWorld *world, Error *err) {
        int64_t one = 0;

        return database_find_int(world->database, &one, err,
                                 "SELECT 1 FROM task WHERE " UNFINISHED
                                 " AND status IN ('Do', 'Undo') "
                                 "AND interruptions >= ?",
                                 "i", (int64_t)SUSPECT_ENDS);
}
