/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"

#define PATIENCE_NS 60000000000LL

static const char *get_name(const Task *task) {
        return json_get_string(task->data, "name", "?");
}

static int add_trace(const TaskStep *step, const char *sign, Error *err) {
        autofree char *entry = string_format("%s%s ", sign, get_name(step->task));

        return database_run(step->database, err,
                            "INSERT INTO setting (key, value) VALUES ('trace', ?1) "
                            "ON CONFLICT (key) DO UPDATE SET value = value || ?1",
                            "s", entry);
}

static int plan_name(const TaskStep *step, json_t **ret_job, Error *err) {
        (void)err;
        *ret_job = json_pack("{s:s,s:I}", "name", get_name(step->task), "attempt",
                             (json_int_t)step->task->attempt);
        return 0;
}

static int commit_note(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        if (database_run(step->database, err, "INSERT INTO setting (key, value) VALUES (?, '')",
                         "s", get_name(step->task)) < 0)
                return -1;
        return add_trace(step, "+", err) < 0 ? -1 : 0;
}

static int commit_unnote(const TaskStep *step, const json_t *job, const json_t *result,
                         Error *err) {
        (void)job;
        (void)result;
        if (database_run(step->database, err, "DELETE FROM setting WHERE key = ?", "s",
                         get_name(step->task)) < 0)
                return -1;
        return add_trace(step, "-", err) < 0 ? -1 : 0;
}

static int work_file(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                     Error *err) {
        const Scene *scene = context;
        const char *name = json_get_string(job, "name", "?");

        worker_report_progress(worker, "writing", 1, 1);
        worker_log(worker, "wrote a file");
        *ret_result = json_pack("{s:s}", "wrote", name);
        return file_write_atomic(scene->directory_fd, name, "x", 1, 0600, err) < 0 ? -1 : 0;
}

static int work_unfile(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                       Error *err) {
        const Scene *scene = context;

        (void)worker;
        (void)ret_result;
        return tree_remove(scene->directory_fd, json_get_string(job, "name", "?"), err);
}

static int commit_work(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        if (!string_equal(json_get_string(result, "wrote", ""), get_name(step->task)))
                return error_set(err, ERROR_FAILED, "the result is another's");
        json_put(step->task->data, "written", json_true());
        return commit_note(step, job, result, err);
}

static int fail_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        (void)ret_job;
        return error_set(err, ERROR_FAILED, "%s cannot be planned", get_name(step->task));
}

static int fail_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                     Error *err) {
        (void)worker;
        (void)context;
        (void)ret_result;
        return error_set(err, ERROR_NOT_FOUND, "%s cannot work", json_get_string(job, "name", "?"));
}

static int fail_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        if (database_run(step->database, err, "INSERT INTO setting (key, value) VALUES (?, '')",
                         "s", "left-by-a-failed-commit") < 0)
                return -1;
        return error_set(err, ERROR_FAILED, "%s cannot be committed", get_name(step->task));
}

/* Writes its file, one line per attempt into "attempts", and dies. */
static int work_crash(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                      Error *err) {
        const Scene *scene = context;
        autofd int fd = openat(scene->directory_fd, "attempts",
                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        if (work_file(worker, context, job, ret_result, err) < 0 ||
            fd_write_all(fd, "x", 1, err) < 0)
                return -1;
        (void)raise(SIGKILL);
        return 0;
}

/* Waits until the file "gate" is there. */
static int work_wait(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                     Error *err) {
        const Scene *scene = context;
        const struct timespec pause = { .tv_nsec = 2000000 };

        worker_report_progress(worker, "waiting", 3, 7);
        worker_log(worker, "waits");
        if (work_file(worker, context, job, ret_result, err) < 0)
                return -1;
        worker_report_progress(worker, "waiting", 7, 7);
        while (!file_exists_beneath(scene->directory_fd, "gate"))
                (void)nanosleep(&pause, NULL);
        return 0;
}

static int commit_retry(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        int64_t tries;

        /* Written and rolled back: only the file below remembers. */
        if (commit_note(step, job, result, err) < 0)
                return -1;
        const Scene *scene = step->context;
        autofd int fd = openat(scene->directory_fd, "attempts",
                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        struct stat status;
        if (fstat(fd, &status) < 0 || fd_write_all(fd, "x", 1, err) < 0)
                return -1;
        tries = status.st_size;
        *step->ret_retry_ms = 5;
        return tries < 2 ? TASK_OUTCOME_RETRY : TASK_OUTCOME_DONE;
}

/* Keeps its row, and waits: for the boot, the daemon, or the event that its kind is named after. */
static int commit_wait(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        static const char *const NAMES[] = { TASK_WAIT_BOOT, TASK_WAIT_DAEMON, "event" };

        if (commit_note(step, job, result, err) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(NAMES); i++)
                if (string_has_suffix(step->task->kind, NAMES[i]))
                        *step->ret_wait_for = NAMES[i];
        json_put(step->task->data, "waited", json_true());
        return TASK_OUTCOME_WAIT;
}

static int commit_unwait(const TaskStep *step, const json_t *job, const json_t *result,
                         Error *err) {
        *step->ret_wait_for = "event";
        return commit_unnote(step, job, result, err) < 0 ? -1 : TASK_OUTCOME_WAIT;
}

static int resume_trace(const TaskStep *step, Error *err) {
        if (!json_get_bool(step->task->data, "waited", false))
                return error_set(err, ERROR_FAILED, "what the commit wrote is gone");
        return add_trace(step, "!", err) < 0 ? -1 : TASK_OUTCOME_DONE;
}

static int resume_failing(const TaskStep *step, Error *err) {
        return error_set(err, ERROR_FAILED, "%s came back as another", get_name(step->task));
}

/* What it plans shows which state it saw: the row "a" is there or not. */
static int plan_queued(const TaskStep *step, int64_t *ret_change, Error *err) {
        static const char *const INSTANCES[] = { "hello" };
        ChangeDraft draft = { .kind = "remove-snap", .summary = "Planned" };
        autotransaction part = TRANSACTION_INIT;
        TaskDraft task = { .kind = "work", .summary = "Planned" };
        int64_t first, second, one;

        if (transaction_begin(step->database, &part, err) < 0 ||
            change_check_conflict(step->database, INSTANCES, 1, err) < 0 ||
            change_add(step->database, &draft, INSTANCES, 1, &task.change, err) < 0)
                return -1;
        int r = database_find_int(step->database, &one, err,
                                  "SELECT 1 FROM setting WHERE key = 'a'", "");
        if (r < 0 || change_add_task(step->database, &task,
                                     json_pack("{s:s+}", "name", get_name(step->task),
                                               r ? "-after" : "-before"),
                                     &first, err) < 0)
                return -1;
        task.kind = "note";
        task.waits_for = first;
        if (change_add_task(step->database, &task,
                            json_pack("{s:s+}", "name", get_name(step->task), "-done"), &second,
                            err) < 0)
                return -1;
        *ret_change = task.change;
        return transaction_commit(&part, err);
}

static int commit_queued(const TaskStep *step, const json_t *job, const json_t *result,
                         Error *err) {
        int64_t change = 0;

        (void)job;
        (void)result;
        if (change_begin_plan(step->database, step->task->change, err) < 0)
                return -1;
        transaction_allow_parts(step->database, true);
        int r = plan_queued(step, &change, err);
        transaction_allow_parts(step->database, false);
        if (r == 0 && change != step->task->change)
                return error_set(err, ERROR_FAILED, "the plan went into another change");
        return r;
}

/* A snap whose current revision does not exist: only COMMIT notices. */
static int commit_nonsense(const TaskStep *step, const json_t *job, const json_t *result,
                           Error *err) {
        (void)job;
        (void)result;
        return database_run(step->database, err,
                            "INSERT INTO snap (instance, name, type, current) "
                            "VALUES ('bad', 'bad', 'app', 'x1')",
                            "") < 0
                       ? -1
                       : 0;
}

/* More than a nearly full disk can take. */
static int commit_big(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        return database_run(step->database, err,
                            "INSERT INTO setting (key, value) VALUES ('big', "
                            "replace(hex(zeroblob(1500000)), '00', 'x'))",
                            "") < 0
                       ? -1
                       : 0;
}

static int commit_clean(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        return add_trace(step, "~", err) < 0 ? -1 : 0;
}

static int commit_fatal(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)step;
        (void)job;
        (void)result;
        (void)err;
        (void)raise(SIGKILL);
        return -1;
}

/* The daemon that it belongs to. */
static int work_fatal(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                      Error *err) {
        (void)work_file(worker, context, job, ret_result, err);
        (void)kill(getppid(), SIGKILL);
        (void)pause();
        return 0;
}

/* Fails where another of its kind is at work; stays at work until the gate is open. */
static int work_exclusive(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                          Error *err) {
        const Scene *scene = context;
        autofd int fd =
                openat(scene->directory_fd, "exclusive", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
                return error_set(err, ERROR_BUSY, "another is at work");
        return work_wait(worker, context, job, ret_result, err);
}

static int work_alone(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                      Error *err) {
        const Scene *scene = context;
        const struct timespec pause = { .tv_nsec = 20000000 };
        autofd int fd = openat(scene->directory_fd, "alone", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
                return error_set(err, ERROR_BUSY, "not alone");
        (void)nanosleep(&pause, NULL);
        return work_file(worker, context, job, ret_result, err);
}

static bool is_of_same_kind(const Task *task, const Task *running) {
        return string_equal(task->kind, running->kind);
}

/* Leaves a child behind that ignores the worker's end, in a session of its own. */
static int work_orphan(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                       Error *err) {
        const Scene *scene = context;

        if (fork() == 0) {
                (void)setsid();
                autofree char *pid = string_format("%d", (int)getpid());
                (void)file_write_atomic(scene->directory_fd, "orphan", pid, strlen(pid), 0600, err);
                for (;;)
                        (void)pause();
        }
        return work_wait(worker, context, job, ret_result, err);
}

#define NOTE \
        { .commit = commit_note }
#define UNNOTE \
        { .commit = commit_unnote }
#define UNWORK \
        { plan_name, work_unfile, commit_unnote }

static const TaskKind KINDS[] = {
        { .name = "note", .run = NOTE, .undo = UNNOTE },
        { .name = "work", .run = { plan_name, work_file, commit_work }, .undo = UNWORK },
        { .name = "wait", .run = { plan_name, work_wait, commit_work }, .undo = UNWORK },
        { .name = "no-undo", .run = NOTE },
        { .name = "fail-plan", .run = { fail_plan, NULL, NULL }, .undo = UNNOTE },
        { .name = "fail-work", .run = { plan_name, fail_work, commit_note }, .undo = UNWORK },
        { .name = "fail-commit", .run = { plan_name, work_file, fail_commit }, .undo = UNWORK },
        { .name = "ignored", .run = { fail_plan, NULL, NULL }, .is_error_ignored = true },
        { .name = "crash", .run = { plan_name, work_crash, commit_note }, .undo = UNWORK },
        { .name = "hang",
          .run = { plan_name, work_wait, commit_work },
          .undo = UNWORK,
          .time_limit_s = 1 },
        { .name = "retry", .run = { NULL, NULL, commit_retry }, .undo = UNNOTE },
        { .name = "nonsense", .run = { NULL, NULL, commit_nonsense } },
        { .name = "wait-boot", .run = { .commit = commit_wait }, .undo = UNNOTE },
        { .name = "wait-daemon",
          .run = { .commit = commit_wait, .resume = resume_trace },
          .undo = UNNOTE },
        { .name = "wait-event",
          .run = { .commit = commit_wait, .resume = resume_trace },
          .undo = { .commit = commit_unwait, .resume = resume_trace } },
        { .name = "fail-resume-event",
          .run = { .commit = commit_wait, .resume = resume_failing },
          .undo = UNNOTE },
        { .name = "queued", .run = { .commit = commit_queued } },
        { .name = "big", .run = { NULL, NULL, commit_big } },
        { .name = "cleaned", .run = NOTE, .undo = UNNOTE, .clean = { NULL, NULL, commit_clean } },
        { .name = "clean-work", .run = NOTE, .clean = { plan_name, work_file, commit_clean } },
        { .name = "fail-clean", .run = NOTE, .clean = { plan_name, fail_work, commit_clean } },
        { .name = "fatal", .run = { .commit = commit_fatal }, .undo = UNNOTE },
        { .name = "fatal-work", .run = { plan_name, work_fatal, commit_work }, .undo = UNWORK },
        { .name = "exclusive", .run = { plan_name, work_exclusive, commit_work }, .undo = UNWORK },
        { .name = "alone",
          .run = { plan_name, work_alone, commit_work },
          .undo = UNWORK,
          .is_blocked_by = is_of_same_kind },
        { .name = "orphan", .run = { plan_name, work_orphan, commit_work }, .undo = UNWORK },
};

int scene_new(void **state) {
        Scene *scene = memory_new(sizeof(*scene));
        Error err;

        scratch_make(scene->directory);
        scene->directory_fd = directory_open(scene->directory, &err);
        assert_true(scene->directory_fd >= 0);
        *state = scene;
        return 0;
}

int scene_free(void **state) {
        Scene *scene = *state;

        assert_int_equal(scratch_remove(scene->directory), 0);
        (void)close(scene->directory_fd);
        free(scene);
        return 0;
}

static void count_commit(void *context, int64_t change) {
        Scene *scene = context;

        (void)change;
        scene->commits_seen++;
}

void scene_open(Scene *scene) {
        autofree char *state = string_format("%s/state", scene->directory);
        Error err;

        if (database_open(state, &scene->database, &err) < 0)
                fail_msg("%s", err.message);
        assert_int_equal(uv_loop_init(&scene->loop), 0);
        RunnerConfig config = {
                .loop = &scene->loop,
                .database = scene->database,
                .kinds = KINDS,
                .kind_count = ARRAY_COUNT(KINDS),
                .context = scene,
                .run_directory = scene->directory,
                .kept_fds = &scene->directory_fd,
                .kept_fd_count = 1,
                .on_commit = count_commit,
        };
        if (runner_new(&config, &scene->runner, &err) < 0)
                fail_msg("%s", err.message);
}

void scene_close(Scene *scene) {
        scene->runner = runner_free(scene->runner);
        (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&scene->loop), 0);
        scene->database = database_close(scene->database);
}

void scene_begin(Scene *scene, Transaction *transaction) {
        Error err;

        assert_int_equal(transaction_begin(scene->database, transaction, &err), 0);
}

void scene_commit(Transaction *transaction) {
        Error err;

        if (transaction_commit(transaction, &err) < 0)
                fail_msg("%s", err.message);
}

int64_t scene_add_change(Scene *scene, const char *instance) {
        ChangeDraft draft = { .kind = "install-snap", .summary = "Install something" };
        int64_t change;
        Error err;

        assert_int_equal(
                change_add(scene->database, &draft, &instance, instance != NULL, &change, &err), 0);
        return change;
}

int64_t scene_add_task(Scene *scene, int64_t change, const char *kind, const char *name,
                       int64_t waits_for) {
        autofree char *summary = string_format("Task %s", name);
        int64_t task;
        Error err;

        TaskDraft draft = { change, kind, summary, waits_for };
        assert_int_equal(change_add_task(scene->database, &draft, json_pack("{s:s}", "name", name),
                                         &task, &err),
                         0);
        return task;
}

int64_t scene_add_chain(Scene *scene, const char *tasks) {
        autotransaction transaction = TRANSACTION_INIT;
        autofree char *text = string_copy(tasks);
        int64_t task = 0;
        char *rest = NULL;

        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, "hello");
        for (char *word = strtok_r(text, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest)) {
                const char *name = strtok_r(NULL, " ,", &rest);
                assert_non_null(name);
                task = scene_add_task(scene, change, word, name, task);
        }
        scene_commit(&transaction);
        return change;
}

int64_t scene_add_queued(Scene *scene, const char *name, int64_t until) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, "hello");
        (void)scene_add_task(scene, change, "queued", name, 0);
        assert_int_equal(change_set_queued(scene->database, change, until, &err), 0);
        scene_commit(&transaction);
        return change;
}

void scene_abort(Scene *scene, int64_t change) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        if (change_abort(scene->database, change, &err) < 0)
                fail_msg("%s", err.message);
        scene_commit(&transaction);
}

void scene_assert_statuses(Scene *scene, int64_t change, const char *expected) {
        autofree char *statuses = NULL;
        Error err;

        assert_int_equal(database_find_text(scene->database, &statuses, &err,
                                            "SELECT group_concat(status, ' ') FROM (SELECT status "
                                            "FROM task WHERE change = ? ORDER BY id)",
                                            "i", change),
                         1);
        assert_string_equal(statuses, expected);
}

void scene_assert_trace(Scene *scene, const char *expected) {
        autofree char *trace = scene_get_trace(scene);

        assert_string_equal(trace, expected);
}

json_t *scene_describe(Scene *scene, int64_t change) {
        json_t *object = NULL;
        Error err;

        assert_int_equal(change_describe(scene->database, change, &object, &err), 1);
        return object;
}

void scene_assert_change(Scene *scene, int64_t change, const char *status, const char *error_part) {
        autojson object = scene_describe(scene, change);
        const char *error = json_get_string(object, "err", "");

        assert_string_equal(json_get_string(object, "status", ""), status);
        if (!strstr(error, error_part))
                fail_msg("not \"%s\": %s", error_part, error);
}

static void wake(uv_timer_t *timer) {
        (void)timer;
}

void scene_run_until(Scene *scene, bool (*is_true)(Scene *scene, int64_t number), int64_t number) {
        int64_t limit = clock_get_boot() + PATIENCE_NS;
        uv_timer_t tick;

        assert_int_equal(uv_timer_init(&scene->loop, &tick), 0);
        assert_int_equal(uv_timer_start(&tick, wake, 5, 5), 0);
        runner_wake(scene->runner);
        while (!is_true(scene, number)) {
                if (clock_get_boot() > limit)
                        fail_msg("nothing happened for 60 s");
                (void)uv_run(&scene->loop, UV_RUN_ONCE);
        }
        uv_close((uv_handle_t *)&tick, NULL);
        (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
}

static bool is_ready(Scene *scene, int64_t change) {
        int64_t at;
        Error err;

        return database_find_int(scene->database, &at, &err,
                                 "SELECT ready_at FROM change WHERE id = ? AND is_clean = 1", "i",
                                 change) == 1;
}

void scene_run_until_ready(Scene *scene, int64_t change) {
        scene_run_until(scene, is_ready, change);
}

char *scene_get_status(Scene *scene, int64_t task) {
        char *status = NULL;
        Error err;

        assert_int_equal(database_find_text(scene->database, &status, &err,
                                            "SELECT status FROM task WHERE id = ?", "i", task),
                         1);
        return status;
}

char *scene_get_trace(Scene *scene) {
        char *trace = NULL;
        Error err;

        if (database_find_text(scene->database, &trace, &err,
                               "SELECT trim(value) FROM setting WHERE key = 'trace'", "") != 1)
                trace = string_copy("");
        return trace;
}

bool scene_has_row(Scene *scene, const char *name) {
        int64_t one;
        Error err;

        return database_find_int(scene->database, &one, &err, "SELECT 1 FROM setting WHERE key = ?",
                                 "s", name) == 1;
}

bool scene_has_file(Scene *scene, const char *name) {
        return file_exists_beneath(scene->directory_fd, name);
}

int64_t scene_count(Scene *scene, const char *sql) {
        int64_t count = -1;
        Error err;

        assert_int_equal(database_find_int(scene->database, &count, &err, sql, ""), 1);
        return count;
}
