/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "scene.h"
#include "task/work-place.h"

static void assert_status(Scene *scene, int64_t task, const char *expected) {
        autofree char *status = scene_get_status(scene, task);

        assert_string_equal(status, expected);
}

static void assert_trace(Scene *scene, const char *expected) {
        autofree char *trace = scene_get_trace(scene);

        assert_string_equal(trace, expected);
}

static json_t *describe(Scene *scene, int64_t change) {
        json_t *object = NULL;
        Error err;

        assert_int_equal(change_describe(scene->database, change, &object, &err), 1);
        return object;
}

/* One transaction: a chain of tasks "kind name". */
static int64_t add_chain(Scene *scene, const char *const (*chain)[2], size_t count,
                         int64_t *ret_first) {
        autotransaction transaction = TRANSACTION_INIT;
        int64_t task = 0;

        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, "hello");
        for (size_t i = 0; i < count; i++) {
                task = scene_add_task(scene, change, chain[i][0], chain[i][1], task);
                if (i == 0)
                        *ret_first = task;
        }
        scene_commit(&transaction);
        return change;
}

static void a_chain_is_done_in_order(void **state) {
        static const char *const CHAIN[][2] = {
                { "note", "a" }, { "work", "b" }, { "note", "c" }, { "work", "d" }
        };
        Scene *scene = *state;
        int64_t first;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, ARRAY_COUNT(CHAIN), &first);
        scene_run_until_ready(scene, change);
        assert_trace(scene, "+a +b +c +d");
        assert_true(scene_has_file(scene, "b") && scene_has_file(scene, "d"));
        for (int i = 0; i < 4; i++)
                assert_status(scene, first + i, "Done");

        autojson object = describe(scene, change);
        assert_string_equal(json_get_string(object, "status", ""), "Done");
        assert_true(json_get_bool(object, "ready", false));
        assert_null(json_object_get(object, "err"));
        json_t *task = json_array_get(json_object_get(object, "tasks"), 1);
        assert_non_null(strstr(json_string_value(json_array_get(json_object_get(task, "log"), 0)),
                               "Z INFO wrote a file"));
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM task WHERE "
                                            "json_extract(data, '$.written') = 1"),
                         2);
        scene_close(scene);
}

static int commit_count;
static void count_commits(bool is_after) {
        commit_count += is_after;
}

/* What an install looks like: few workers between many steps of the state. */
static void steps_without_worker_share_commits(void **state) {
        static const char *const CHAIN[][2] = {
                { "note", "a" }, { "work", "b" }, { "note", "c" }, { "note", "d" }, { "note", "e" },
                { "work", "f" }, { "note", "g" }, { "note", "h" }, { "note", "i" }, { "work", "j" },
                { "note", "k" }, { "note", "l" }, { "note", "m" },
        };
        Scene *scene = *state;
        int64_t first;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, ARRAY_COUNT(CHAIN), &first);
        commit_count = 0;
        database_set_commit_probe_for_test(count_commits);
        int64_t start = clock_get_boot();
        scene_run_until_ready(scene, change);
        int64_t took = clock_get_boot() - start;
        database_set_commit_probe_for_test(NULL);
        print_message("13 tasks, 3 workers: %d commits, %.1f ms\n", commit_count,
                      (double)took / 1e6);
        /* a with b's mark; then one for each worker's end, the last with the change's own. */
        assert_int_equal(commit_count, 4);
        assert_trace(scene, "+a +b +c +d +e +f +g +h +i +j +k +l +m");
        scene_close(scene);
}

typedef struct FailureCase {
        const char *kind, *name_of_case, *error;
} FailureCase;

static void a_failure_in_the_middle_undoes_backwards(void **state) {
        static const FailureCase CASES[] = {
                { "fail-plan", "plan", "f cannot be planned" },
                { "fail-work", "work", "f cannot work" },
                { "fail-commit", "commit", "f cannot be committed" },
                { "nonsense", "invariant", "FOREIGN KEY constraint failed" },
                { "no-such-kind", "unknown", "this pawld knows no tasks of kind no-such-kind" },
        };
        Scene *scene = *state;

        scene_open(scene);
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                const char *const chain[][2] = { { "note", "a" },
                                                 { "work", "b" },
                                                 { "note", "c" },
                                                 { CASES[i].kind, "f" },
                                                 { "note", "never" } };
                int64_t first;
                int64_t change = add_chain(scene, chain, ARRAY_COUNT(chain), &first);
                scene_run_until_ready(scene, change);

                autofree char *trace = scene_get_trace(scene);
                const char *expected = string_equal(CASES[i].kind, "fail-commit")
                                               ? "+a +b +c -f -c -b -a"
                                               : "+a +b +c -c -b -a";
                assert_string_equal(trace, expected);
                assert_status(scene, first, "Undone");
                assert_status(scene, first + 1, "Undone");
                assert_status(scene, first + 2, "Undone");
                assert_status(scene, first + 3, "Error");
                assert_status(scene, first + 4, "Hold");
                assert_false(scene_has_file(scene, "b"));
                assert_false(scene_has_file(scene, "f"));
                assert_false(scene_has_row(scene, "left-by-a-failed-commit"));

                autojson object = describe(scene, change);
                assert_string_equal(json_get_string(object, "status", ""), "Error");
                const char *text = json_get_string(object, "err", "");
                assert_non_null(strstr(text, "cannot perform the following tasks:\n- Task f ("));
                if (!strstr(text, CASES[i].error) && !strstr(text, "invariant"))
                        fail_msg("%s: %s", CASES[i].name_of_case, text);

                autotransaction transaction = TRANSACTION_INIT;
                Error err;
                scene_begin(scene, &transaction);
                assert_true(database_run(scene->database, &err, "DELETE FROM setting", "") >= 0);
                scene_commit(&transaction);
        }
        scene_close(scene);
}

static void an_ignored_error_stops_nothing(void **state) {
        static const char *const CHAIN[][2] = { { "note", "a" },
                                                { "ignored", "b" },
                                                { "note", "c" } };
        Scene *scene = *state;
        int64_t first;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, ARRAY_COUNT(CHAIN), &first);
        scene_run_until_ready(scene, change);
        assert_trace(scene, "+a +c");
        assert_status(scene, first + 1, "Done");
        scene_close(scene);
}

static void a_task_without_undo_stays_done(void **state) {
        static const char *const CHAIN[][2] = { { "no-undo", "a" }, { "fail-plan", "b" } };
        Scene *scene = *state;
        int64_t first;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, ARRAY_COUNT(CHAIN), &first);
        scene_run_until_ready(scene, change);
        assert_status(scene, first, "Done");
        assert_status(scene, first + 1, "Error");
        scene_close(scene);
}

static void a_failing_lane_leaves_the_other_alone(void **state) {
        Scene *scene = *state;
        int64_t tasks[4], change;
        Error err;

        scene_open(scene);
        {
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                change = scene_add_change(scene, "hello");
                tasks[0] = scene_add_task(scene, change, "work", "a1", 0);
                tasks[1] = scene_add_task(scene, change, "fail-work", "a2", tasks[0]);
                tasks[2] = scene_add_task(scene, change, "work", "b1", 0);
                tasks[3] = scene_add_task(scene, change, "note", "b2", tasks[2]);
                for (int i = 0; i < 4; i++)
                        assert_int_equal(
                                change_add_lane(scene->database, tasks[i], 1 + i / 2, &err), 0);
                scene_commit(&transaction);
        }
        scene_run_until_ready(scene, change);
        assert_status(scene, tasks[0], "Undone");
        assert_status(scene, tasks[1], "Error");
        assert_status(scene, tasks[2], "Done");
        assert_status(scene, tasks[3], "Done");
        assert_true(scene_has_file(scene, "b1") && scene_has_row(scene, "b2"));
        assert_false(scene_has_file(scene, "a1"));
        scene_close(scene);
}

static bool is_waiting(Scene *scene, int64_t change) {
        (void)change;
        return scene_has_file(scene, "b");
}

static void an_abort_while_doing_stops_the_worker_and_undoes(void **state) {
        static const char *const CHAIN[][2] = { { "note", "a" }, { "wait", "b" }, { "note", "c" } };
        Scene *scene = *state;
        int64_t first;
        Error err;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, ARRAY_COUNT(CHAIN), &first);
        scene_run_until(scene, is_waiting, change);
        assert_status(scene, first + 1, "Doing");
        {
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                assert_int_equal(change_abort(scene->database, change, &err), 0);
                scene_commit(&transaction);
        }
        assert_status(scene, first + 1, "Abort");
        scene_run_until_ready(scene, change);
        assert_status(scene, first, "Undone");
        assert_status(scene, first + 1, "Undone");
        assert_status(scene, first + 2, "Hold");
        assert_false(scene_has_file(scene, "b"));
        autojson object = describe(scene, change);
        assert_string_equal(json_get_string(object, "status", ""), "Undone");
        autotransaction transaction = TRANSACTION_INIT;
        autofree char *expected =
                string_format("cannot abort change %lld with nothing pending", (long long)change);
        scene_begin(scene, &transaction);
        assert_int_equal(change_abort(scene->database, change, &err), -1);
        assert_string_equal(err.message, expected);
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        transaction_done(&transaction);
        scene_close(scene);
}

static bool has_progress(Scene *scene, int64_t change) {
        autojson object = describe(scene, change);

        runner_overlay(scene->runner, object);
        json_t *task = json_array_get(json_object_get(object, "tasks"), 0);
        json_t *progress = json_object_get(task, "progress");
        const char *line = json_string_value(json_array_get(json_object_get(task, "log"), 0));
        return json_get_int(progress, "total", 0) == 7 && json_get_int(progress, "done", 0) == 7 &&
               string_equal(json_get_string(progress, "label", ""), "waiting") && line &&
               strstr(line, " INFO waits") &&
               string_equal(json_get_string(task, "status", ""), "Doing");
}

static void progress_of_a_running_worker_shows(void **state) {
        static const char *const CHAIN[][2] = { { "wait", "b" } };
        Scene *scene = *state;
        int64_t first;
        Error err;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, 1, &first);
        scene_run_until(scene, has_progress, change);
        assert_int_equal(file_write_atomic(scene->directory_fd, "gate", "", 0, 0600, &err), 1);
        scene_run_until_ready(scene, change);
        assert_status(scene, first, "Done");
        scene_close(scene);
}

static size_t count_attempts(Scene *scene) {
        Error err;
        autofd int fd = file_open_beneath(scene->directory_fd, "attempts", O_RDONLY, 0, &err);
        autofree char *bytes = NULL;
        size_t length = 0;

        assert_int_equal(file_read_all(fd, 1000, &bytes, &length, &err), 0);
        return length;
}

static void a_worker_that_dies_three_times_fails_its_task(void **state) {
        static const char *const CHAIN[][2] = { { "note", "a" }, { "crash", "b" } };
        Scene *scene = *state;
        int64_t first;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, ARRAY_COUNT(CHAIN), &first);
        scene_run_until_ready(scene, change);
        assert_int_equal(count_attempts(scene), 3);
        assert_status(scene, first, "Undone");
        assert_status(scene, first + 1, "Error");
        /* What it left was taken back by the undo. */
        assert_false(scene_has_file(scene, "b"));
        autojson object = describe(scene, change);
        assert_non_null(strstr(json_get_string(object, "err", ""), "signal 9"));
        scene_close(scene);
}

static void a_worker_over_its_time_limit_is_stopped_and_undone(void **state) {
        static const char *const CHAIN[][2] = { { "hang", "b" } };
        Scene *scene = *state;
        int64_t first;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, 1, &first);
        scene_run_until_ready(scene, change);
        assert_status(scene, first, "Error");
        assert_false(scene_has_file(scene, "b"));
        autojson object = describe(scene, change);
        assert_non_null(strstr(json_get_string(object, "err", ""), "took longer than 1 s"));
        scene_close(scene);
}

static void a_retry_is_planned_again_and_leaves_nothing_of_the_first(void **state) {
        static const char *const CHAIN[][2] = { { "note", "a" },
                                                { "retry", "b" },
                                                { "note", "c" } };
        Scene *scene = *state;
        int64_t first;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, ARRAY_COUNT(CHAIN), &first);
        scene_run_until_ready(scene, change);
        assert_trace(scene, "+a +b +c");
        assert_status(scene, first + 1, "Done");
        scene_close(scene);
}

/* As if the retry had been planned before the clock went back by a day. */
static void a_clock_that_was_set_back_delays_no_retry(void **state) {
        static const char *const CHAIN[][2] = { { "note", "a" } };
        autotransaction transaction = TRANSACTION_INIT;
        Scene *scene = *state;
        Error err;
        int64_t first;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, 1, &first);
        assert_int_equal(transaction_begin(scene->database, &transaction, &err), 0);
        assert_int_equal(database_run(scene->database, &err,
                                      "UPDATE task SET retry_at = ? WHERE id = ?", "ii",
                                      clock_get_wall() + 86400000000000, first),
                         1);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
        scene_run_until_ready(scene, change);
        assert_trace(scene, "+a");
        scene_close(scene);
}

static void clean_runs_once_when_the_change_is_ready(void **state) {
        static const char *const CHAIN[][2] = { { "cleaned", "a" },
                                                { "fail-clean", "b" },
                                                { "note", "c" } };
        Scene *scene = *state;
        int64_t first;

        scene_open(scene);
        int64_t change = add_chain(scene, CHAIN, ARRAY_COUNT(CHAIN), &first);
        scene_run_until_ready(scene, change);
        assert_trace(scene, "+a +b +c ~a");
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM task WHERE is_clean = 1"), 3);
        autojson object = describe(scene, change);
        assert_string_equal(json_get_string(object, "status", ""), "Done");
        scene_close(scene);
}

/* Leaves 64 kB of a small file system. */
static void fill_up(const char *directory) {
        autofree char *path = string_format("%s/filler", directory);
        autofd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        static const char ZEROES[4096];
        struct statvfs space;

        while (fstatvfs(fd, &space) == 0 && space.f_bavail * space.f_frsize > 65536)
                assert_int_equal(write(fd, ZEROES, sizeof(ZEROES)), sizeof(ZEROES));
}

static void a_full_disk_fails_the_change_and_its_undo_is_recorded(void **state) {
        static const char *const CHAIN[][2] = {
                { "note", "a" }, { "work", "b" }, { "note", "c" }, { "big", "d" }, { "note", "e" }
        };
        Scene *scene = *state;
        autofree char *directory = string_format("%s/state", scene->directory);
        autofree char *filler = string_format("%s/filler", directory);
        ChangeDraft draft = { "install-snap", "Install", NULL };
        int64_t first, change, second;
        Error err;

        assert_int_equal(mkdir(directory, 0700), 0);
        if (mount("none", directory, "tmpfs", 0, "size=6m") < 0)
                skip();
        scene_open(scene);
        change = add_chain(scene, CHAIN, ARRAY_COUNT(CHAIN), &first);
        fill_up(directory);
        scene_run_until_ready(scene, change);
        assert_trace(scene, "+a +b +c -c -b -a");
        assert_status(scene, first + 3, "Error");
        assert_false(scene_has_file(scene, "b"));
        autojson object = describe(scene, change);
        assert_non_null(strstr(json_get_string(object, "err", ""), "no space left for the state"));
        {
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                assert_int_equal(change_add(scene->database, &draft, NULL, 0, &second, &err), -1);
                assert_int_equal(err.kind, ERROR_DISK_SPACE);
                assert_int_equal(unlink(filler), 0);
                assert_int_equal(change_add(scene->database, &draft, NULL, 0, &second, &err), 0);
        }
        scene_close(scene);
        assert_int_equal(umount(directory), 0);
}

static bool has_orphan(Scene *scene, int64_t number) {
        (void)number;
        return scene_has_file(scene, "orphan") && scene_has_file(scene, "o");
}

static pid_t read_orphan(Scene *scene) {
        Error err;
        autofd int fd = file_open_beneath(scene->directory_fd, "orphan", O_RDONLY, 0, &err);
        autofree char *bytes = NULL;
        size_t length;
        int64_t pid = 0;

        assert_int_equal(file_read_all(fd, 20, &bytes, &length, &err), 0);
        assert_int_equal(string_parse_i64(bytes, &pid, &err), 0);
        return (pid_t)pid;
}

static bool is_alive(pid_t pid) {
        autofree char *path = string_format("/proc/%d/stat", (int)pid);
        autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
        char text[256] = "";

        if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
                return false;
        const char *state = strrchr(text, ')');
        return state && state[2] != 'Z';
}

static bool ends_soon(pid_t pid) {
        const struct timespec pause = { .tv_nsec = 5000000 };
        int64_t limit = clock_get_boot() + 60000000000LL;

        while (is_alive(pid) && clock_get_boot() < limit)
                (void)nanosleep(&pause, NULL);
        return !is_alive(pid);
}

/* A daemon that is killed leaves a worker's child, in a session of its own, which holds the lock.
 */
static void a_new_runner_ends_the_orphans_of_a_killed_one(void **state) {
        static const char *const CHAIN[][2] = { { "orphan", "o" } };
        Scene *scene = *state;
        int64_t first;
        int status;
        Error err;

        pid_t daemon = fork();
        if (daemon == 0) {
                scene_open(scene);
                int64_t change = add_chain(scene, CHAIN, 1, &first);
                scene_run_until(scene, has_orphan, change);
                (void)raise(SIGKILL);
        }
        assert_int_equal(waitpid(daemon, &status, 0), daemon);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        pid_t orphan = read_orphan(scene);
        assert_true(is_alive(orphan));
        scene_open(scene);
        assert_false(is_alive(orphan));
        /* And the task, which was Doing, goes on. */
        assert_int_equal(file_write_atomic(scene->directory_fd, "gate", "", 0, 0600, &err), 1);
        scene_run_until_ready(scene, 1);
        assert_status(scene, 1, "Done");
        orphan = read_orphan(scene);
        scene_close(scene);
        assert_true(ends_soon(orphan));
}

/* Of daemons that were killed while a worker ran and whose roots nobody uses again. */
static void empty_groups_of_killed_daemons_are_removed(void **state) {
        char parent[SCRATCH_SIZE];
        Error err = ERROR_INIT;
        (void)state;

        scratch_make(parent);
        autofd int fd = directory_open(parent, &err);
        assert_int_equal(mkdirat(fd, "pawl-work.1-2", 0755), 0);
        assert_int_equal(mkdirat(fd, "pawl-work.1-3", 0755), 0);
        assert_int_equal(mkdirat(fd, "pawl-work.1-3/in-use", 0755), 0);
        assert_int_equal(mkdirat(fd, "another", 0755), 0);
        work_place_sweep(parent, 60);
        assert_int_equal(faccessat(fd, "pawl-work.1-2", F_OK, 0), 0);
        work_place_sweep(parent, 0);
        assert_int_equal(faccessat(fd, "pawl-work.1-2", F_OK, 0), -1);
        assert_int_equal(faccessat(fd, "pawl-work.1-3", F_OK, 0), 0);
        assert_int_equal(faccessat(fd, "another", F_OK, 0), 0);
        assert_int_equal(scratch_remove(parent), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_new, scene_free)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(a_chain_is_done_in_order),
                TEST(steps_without_worker_share_commits),
                TEST(a_failure_in_the_middle_undoes_backwards),
                TEST(an_ignored_error_stops_nothing),
                TEST(a_task_without_undo_stays_done),
                TEST(a_failing_lane_leaves_the_other_alone),
                TEST(an_abort_while_doing_stops_the_worker_and_undoes),
                TEST(progress_of_a_running_worker_shows),
                TEST(a_worker_that_dies_three_times_fails_its_task),
                TEST(a_worker_over_its_time_limit_is_stopped_and_undone),
                TEST(a_retry_is_planned_again_and_leaves_nothing_of_the_first),
                TEST(a_clock_that_was_set_back_delays_no_retry),
                TEST(clean_runs_once_when_the_change_is_ready),
                TEST(a_full_disk_fails_the_change_and_its_undo_is_recorded),
                TEST(a_new_runner_ends_the_orphans_of_a_killed_one),
                cmocka_unit_test(empty_groups_of_killed_daemons_are_removed),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
