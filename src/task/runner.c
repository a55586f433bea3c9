/* SPDX-License-Identifier: Apache-2.0 */
#include "task/runner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "task/batch.h"
#include "task/change.h"
#include "task/succession.h"

#define PRUNE_INTERVAL_MS (10 * 60 * 1000)
#define TROUBLE_RETRY_MS  3000
#define CLOCK_STEP_NS     (3600LL * 1000000000)
#define BLOCKED_LOOK_NS   1000000000LL

struct Runner {
        RunnerConfig config;
        StepWorld world;
        AttemptOwner owner;
        WorkPlace place;
        Attempt *attempts[WORKER_COUNT_MAX];
        size_t attempt_count;
        Succession succession;
        bool is_broken;
        int64_t clock_offset; /* wall − boot at start */
        bool has_begun;
        bool is_resting;
        Batch begun; /* between runner_begin and runner_begun */
        int handle_count;
        uv_timer_t wake_timer;  /* now */
        uv_timer_t later_timer; /* the next retry, or after trouble */
        uv_timer_t prune_timer;
};

static void on_attempt_end(void *owner, Attempt *attempt);

/* Stored: a daemon that ends meanwhile must not start the count again. */
static int count_death(Runner *runner, const Step *step, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (transaction_begin(runner->world.database, &transaction, err) < 0)
                return -1;
        int deaths = step_count_death(&runner->world, step, err);
        return deaths < 0 || transaction_commit(&transaction, err) < 0 ? -1 : deaths;
}

static void on_later(uv_timer_t *timer) {
        runner_wake(timer->data);
}

static void look_again_in(Runner *runner, int64_t milliseconds) {
        (void)uv_timer_start(&runner->later_timer, on_later,
                             milliseconds > 0 ? (uint64_t)milliseconds : 0, 0);
}

/* The state could not be written: said, and tried again from what is stored, unless a new process
 * must look at it. */
static void meet_trouble(Runner *runner, const Error *err) {
        log_error("runner: %s", err->message);
        if (!database_is_broken(runner->world.database)) {
                look_again_in(runner, TROUBLE_RETRY_MS);
                return;
        }
        runner->is_broken = true;
        if (runner->config.on_broken)
                runner->config.on_broken(runner->config.context, err);
}

static void announce(Runner *runner, const Batch *batch) {
        if (!runner->config.on_commit)
                return;
        for (size_t i = 0; i < batch->change_count; i++)
                runner->config.on_commit(runner->config.context, batch->changes[i]);
}

static int record_stop(Runner *runner, const Batch *batch, bool is_partial, const Error *why,
                       Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (transaction_begin(runner->world.database, &transaction, err) < 0)
                return -1;
        if ((batch->is_retry
                     ? step_record_retry(&runner->world, &batch->stopped, batch->retry_ms, err)
                     : step_record_failure(&runner->world, &batch->stopped, is_partial, why, err)) <
            0)
                return -1;
        return transaction_commit(&transaction, err);
}

/* An attempt that died or whose commit failed has left traces; one that failed by itself has not,
 * unless there was one before it. */
static bool has_left_traces(const Batch *batch) {
        /* What waited is committed. */
        if (batch->stopped.task->status == TASK_WAIT)
                return true;
        return batch->ended && batch->stopped.task->id == batch->ended->step.task->id &&
               (batch->ended->end != ATTEMPT_ERROR || batch->stopped.task->attempt > 1);
}

static int stop_at(Runner *runner, Batch *batch, const Error *why, Error *err) {
        if (record_stop(runner, batch, has_left_traces(batch), why, err) < 0)
                return -1;
        if (runner->config.on_commit)
                runner->config.on_commit(runner->config.context, batch->stopped.task->change);
        return 0;
}

/* Of the tasks with running workers. */
typedef struct Busy {
        int64_t ids[WORKER_COUNT_MAX];
        const Task *tasks[WORKER_COUNT_MAX];
} Busy;

static Batch make_batch(const Runner *runner, Busy *busy) {
        for (size_t i = 0; i < runner->attempt_count; i++) {
                busy->tasks[i] = runner->attempts[i]->step.task;
                busy->ids[i] = busy->tasks[i]->id;
        }
        return (Batch){
                .world = &runner->world,
                .is_cautious = runner->succession.is_cautious,
                .is_resting = runner->is_resting,
                .busy = busy->ids,
                .running = busy->tasks,
                .busy_count = runner->attempt_count,
        };
}

/* One batch, and when a step stops it, again with the steps before that one only. Returns 1 when
 * `ended` is settled and there may be more to do, 0 when there is not. */
static int run_one_batch(Runner *runner, Attempt *ended, int *step_max, Batch *batch, Error *err) {
        Busy busy;
        Error why = ERROR_INIT;

        *batch = make_batch(runner, &busy);
        batch->ended = ended;
        batch->step_max = *step_max;
        batch->is_marking = *step_max == BATCH_STEPS_MAX;
        if (batch_run(batch, &why) == 0) {
                announce(runner, batch);
                bool is_full = batch->done_count >= *step_max || !batch->is_marking ||
                               batch->is_to_be_continued;
                *step_max = BATCH_STEPS_MAX;
                return is_full;
        }
        batch->start_count = 0;
        if (batch->done_count > 0 && *step_max > 1) {
                /* Which step is to blame is known, or, at the commit, found one by one. */
                *step_max = batch->stopped.task ? batch->done_count : 1;
                return 2;
        }
        *step_max = BATCH_STEPS_MAX;
        /* The commit itself failed, with one step in it: that one wrote what may not be. */
        if (!batch->stopped.task && batch->done_count == 1 &&
            step_load(&runner->world, batch->last_task, &batch->stopped, err) < 0)
                return -1;
        if (!batch->stopped.task) {
                *err = why;
                return -1;
        }
        return stop_at(runner, batch, &why, err) < 0 ? -1 : 1;
}

static void forget_attempt(Runner *runner, const Attempt *attempt) {
        for (size_t i = 0; i < runner->attempt_count; i++)
                if (runner->attempts[i] == attempt)
                        runner->attempts[i] = runner->attempts[--runner->attempt_count];
}

static int fail_start(Runner *runner, Step *step, const Error *why, Error *err) {
        Batch batch = { .stopped = step_take(step) };
        /* Not the first attempt: an earlier one may have left something. */
        bool is_partial = batch.stopped.task->attempt > 1;

        int r = record_stop(runner, &batch, is_partial, why, err);
        if (r == 0 && runner->config.on_commit)
                runner->config.on_commit(runner->config.context, batch.stopped.task->change);
        batch_done(&batch);
        return r;
}

static int start_worker(Runner *runner, int64_t task, Error *err) {
        Step step = { 0 };
        json_t *job = NULL;
        Error why;
        int r = step_load(&runner->world, task, &step, err);

        if (r <= 0)
                return r;
        if (step_plan(&runner->world, &step, &job, &why) < 0) {
                json_decref(job);
                r = fail_start(runner, &step, &why, err);
                runner_wake(runner);
                return r;
        }
        return attempt_start(&runner->owner, &step, job, &runner->attempts[runner->attempt_count],
                             err) < 0
                       ? -1
                       : (int)(runner->attempt_count++, 0);
}

static int start_workers(Runner *runner, const Batch *batch, Error *err) {
        for (size_t i = 0; i < batch->start_count; i++)
                if (start_worker(runner, batch->starts[i], err) < 0)
                        return -1;
        return 0;
}

void runner_begin(Runner *runner, Transaction *transaction, int64_t change) {
        Batch *batch = &runner->begun;
        Busy busy;
        Error err = ERROR_INIT;

        if (runner->is_broken || runner->is_resting || runner->succession.is_cautious ||
            transaction_try(transaction, &err) < 0)
                return;
        *batch = make_batch(runner, &busy);
        batch->only = change;
        batch->step_max = BATCH_STEPS_MAX;
        batch->is_marking = true;
        int r = batch_fill(batch, &err);
        batch->busy_count = 0; /* what it points to ends here */
        if (r == 0 && transaction_keep(transaction, &err) == 0)
                return;
        transaction_take_back(transaction);
        batch_done(batch);
        *batch = (Batch){ 0 };
}

void runner_begun(Runner *runner, bool is_committed) {
        Batch batch = runner->begun;
        Error err;

        runner->begun = (Batch){ 0 };
        if (is_committed) {
                announce(runner, &batch);
                if (start_workers(runner, &batch, &err) < 0)
                        meet_trouble(runner, &err);
        }
        batch_done(&batch);
}

/* Everything that can be done now.  `ended` may be NULL. */
static int advance(Runner *runner, Attempt *ended, Error *err) {
        int step_max = BATCH_STEPS_MAX, r;

        do {
                Batch batch = { 0 };
                r = run_one_batch(runner, ended, &step_max, &batch, err);
                if (r >= 0 && r < 2 && ended) {
                        forget_attempt(runner, ended);
                        ended = NULL;
                }
                if (r >= 0 && start_workers(runner, &batch, err) < 0)
                        r = -1;
                batch_done(&batch);
        } while (r > 0);
        return r;
}

/* Those whose task was aborted while they ran. */
static int kill_aborted(Runner *runner, Error *err) {
        for (size_t i = 0; i < runner->attempt_count; i++) {
                Attempt *attempt = runner->attempts[i];
                int64_t id;
                int r = database_find_int(runner->world.database, &id, err,
                                          "SELECT id FROM task WHERE id = ? AND status = 'Abort'",
                                          "i", attempt->step.task->id);
                if (r < 0)
                        return -1;
                if (r == 1 && attempt->end == ATTEMPT_RUNS)
                        attempt_kill(attempt);
        }
        return 0;
}

/* What was due when we looked and is still there cannot begin yet: all workers are busy, or one of
 * them stands in its way.  The end of that one is the time to look; a timer that is due at once
 * would fire again and again before the loop hears of any end. */
static int plan_retry(Runner *runner, int64_t looked_at, Error *err) {
        int64_t at;
        int r = database_find_int(runner->world.database, &at, err,
                                  "SELECT min(iif(at > ?1, at, ?1 + ?2)) FROM (SELECT retry_at AS "
                                  "at FROM task WHERE status NOT IN ('Done', 'Undone', 'Hold', "
                                  "'Error') AND retry_at IS NOT NULL UNION ALL SELECT queued_until "
                                  "FROM change WHERE ready_at IS NULL AND is_queued = 1 AND "
                                  "queued_until IS NOT NULL)",
                                  "ii", looked_at, (int64_t)BLOCKED_LOOK_NS);

        if (r == 1)
                look_again_in(runner, (at - clock_get_wall()) / 1000000 + 1);
        return r < 0 ? -1 : 0;
}

static void advance_or_complain(Runner *runner, Attempt *ended) {
        int64_t now = clock_get_wall();
        Error err;

        if (runner->is_broken)
                return;
        if (kill_aborted(runner, &err) < 0 || advance(runner, ended, &err) < 0 ||
            plan_retry(runner, now, &err) < 0)
                meet_trouble(runner, &err);
}

/* Whether its worker is started again.  Where that cannot be counted it is not: a worker that dies
 * for ever is worse than one that had only one life. */
static bool may_try_again(Runner *runner, const Attempt *attempt) {
        Error err;

        /* What runs forward may fail: then it goes back.  Behind undo and clean there is nothing.
         */
        bool is_lost = attempt->end == ATTEMPT_DEATH ||
                       (attempt->end == ATTEMPT_ERROR && attempt->step.direction != DIRECTION_RUN);
        if (!is_lost)
                return false;
        int deaths = count_death(runner, &attempt->step, &err);
        if (deaths < 0)
                log_error("runner: %s", err.message);
        return deaths >= 0 && deaths < WORKER_ATTEMPT_MAX;
}

static void on_attempt_end(void *owner, Attempt *attempt) {
        Runner *runner = owner;

        if (may_try_again(runner, attempt)) {
                /* The task stays as it is stored, so it is planned and worked again. */
                log_warning("task %" PRId64 " (%s): %s", attempt->step.task->id,
                            attempt->step.task->kind, attempt->error.message);
                forget_attempt(runner, attempt);
                advance_or_complain(runner, NULL);
        } else {
                advance_or_complain(runner, attempt);
                /* Also after trouble: the state says what to do again. */
                forget_attempt(runner, attempt);
        }
        (void)attempt_free(attempt);
        if (!runner->attempt_count)
                work_place_leave(&runner->place);
}

static void on_wake(uv_timer_t *timer) {
        advance_or_complain(timer->data, NULL);
}

void runner_wake(Runner *runner) {
        (void)uv_timer_start(&runner->wake_timer, on_wake, 0, 0);
}

bool runner_is_busy(const Runner *runner) {
        return runner->attempt_count > 0 || uv_is_active((const uv_handle_t *)&runner->wake_timer);
}

void runner_rest(Runner *runner) {
        runner->is_resting = true;
}

bool runner_is_working(const Runner *runner) {
        return runner->attempt_count > 0;
}

static int prune(Runner *runner, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (transaction_begin(runner->world.database, &transaction, err) < 0)
                return -1;
        int removed = change_prune(runner->world.database, err);
        if (removed <= 0)
                return removed;
        return transaction_commit(&transaction, err);
}

static int64_t get_clock_offset(void) {
        return clock_get_wall() - clock_get_boot();
}

/* Not at start: what was interrupted days ago first has the time to end by itself. */
static int abort_stale(Runner *runner, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        /* A clock that was set meanwhile says nothing about a change's age. */
        if (llabs(get_clock_offset() - runner->clock_offset) > CLOCK_STEP_NS)
                return 0;
        if (transaction_begin(runner->world.database, &transaction, err) < 0)
                return -1;
        int aborted = change_abort_stale(runner->world.database, err);
        if (aborted <= 0)
                return aborted;
        runner_wake(runner);
        return transaction_commit(&transaction, err);
}

static void on_prune(uv_timer_t *timer) {
        Runner *runner = timer->data;
        Error err;

        if (!runner->is_broken && (prune(runner, &err) < 0 || abort_stale(runner, &err) < 0))
                meet_trouble(runner, &err);
}

static const Attempt *find_attempt(const Runner *runner, const char *id) {
        for (size_t i = 0; i < runner->attempt_count; i++) {
                char text[24];
                (void)snprintf(text, sizeof(text), "%" PRId64, runner->attempts[i]->step.task->id);
                if (string_equal(text, id))
                        return runner->attempts[i];
        }
        return NULL;
}

void runner_overlay(const Runner *runner, json_t *change) {
        json_t *tasks = json_object_get(change, "tasks"), *task;
        size_t i;

        json_array_foreach(tasks, i, task) {
                const Attempt *attempt = find_attempt(runner, json_get_string(task, "id", ""));
                if (attempt)
                        attempt_overlay(attempt, task);
        }
}

static int init_timers(Runner *runner, Error *err) {
        uv_timer_t *const timers[] = { &runner->wake_timer, &runner->later_timer,
                                       &runner->prune_timer };

        for (size_t i = 0; i < ARRAY_COUNT(timers); i++) {
                int r = uv_timer_init(runner->config.loop, timers[i]);
                if (r < 0)
                        return error_set_errno(err, -r, "cannot make a timer");
                timers[i]->data = runner;
                runner->handle_count++;
        }
        (void)uv_timer_start(&runner->prune_timer, on_prune, PRUNE_INTERVAL_MS, PRUNE_INTERVAL_MS);
        /* Neither holds up a loop that has nothing else to do. */
        uv_unref((uv_handle_t *)&runner->prune_timer);
        return 0;
}

int runner_new(const RunnerConfig *config, Runner **ret, Error *err) {
        WorkPlace place;

        if (work_place_open(config->run_directory, &place, err) < 0)
                return -1;
        Runner *runner = memory_new(sizeof(*runner));
        *runner = (Runner){ .config = *config, .place = place };
        runner->world = (StepWorld){
                .database = config->database,
                .kinds = config->kinds,
                .kind_count = config->kind_count,
                .context = config->context,
        };
        succession_init(&runner->succession, &runner->world);
        runner->owner = (AttemptOwner){
                .loop = config->loop,
                .place = &runner->place,
                .kept_fds = config->kept_fds,
                .kept_fd_count = config->kept_fd_count,
                .context = config->context,
                .owner = runner,
                .on_end = on_attempt_end,
        };
        if (init_timers(runner, err) < 0 ||
            succession_take_over(&runner->succession, &runner->world, err) < 0 ||
            prune(runner, err) < 0) {
                (void)runner_free(runner);
                return -1;
        }
        runner->clock_offset = get_clock_offset();
        runner->has_begun = true;
        runner_wake(runner);
        *ret = runner;
        return 0;
}

static void on_closed(uv_handle_t *handle) {
        Runner *runner = handle->data;

        if (--runner->handle_count == 0) {
                succession_done(&runner->succession);
                free(runner);
        }
}

size_t runner_list_jobs(const Runner *runner, RunningJob ret[WORKER_COUNT_MAX]) {
        size_t count = 0;

        for (size_t i = 0; i < runner->attempt_count; i++) {
                const Attempt *attempt = runner->attempts[i];
                if (attempt->end == ATTEMPT_RUNS && attempt->pid > 0)
                        ret[count++] = (RunningJob){ attempt->step.task->kind, attempt->pid,
                                                     attempt->job };
        }
        return count;
}

Runner *runner_free(Runner *runner) {
        if (!runner)
                return NULL;
        while (runner->attempt_count)
                (void)attempt_free(runner->attempts[--runner->attempt_count]);
        if (runner->has_begun && !runner->is_broken)
                succession_hand_over(&runner->world);
        work_place_done(&runner->place);
        uv_timer_t *const timers[] = { &runner->wake_timer, &runner->later_timer,
                                       &runner->prune_timer };
        for (int i = runner->handle_count; i-- > 0;)
                uv_close((uv_handle_t *)timers[i], on_closed);
        return NULL;
}
