/* SPDX-License-Identifier: Apache-2.0
 *
 * Ends that are counted, so that nothing goes on for ever: of workers, of the daemon, of changes.
 */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "scene.h"

#define HOUR_NS 3600000000000LL

static bool has_ended(Scene *scene, int64_t number) {
        (void)number;
        return scene_count(scene, "SELECT count(*) FROM change WHERE is_clean = 0") == 0;
}

/* A daemon that makes the change (NULL: finds it) and ends by itself only when all is done. 1: it
 * was killed. */
static int run_daemon(Scene *scene, const char *tasks,
                      bool (*is_enough)(Scene *scene, int64_t number)) {
        pid_t daemon = fork();
        int status;

        if (daemon == 0) {
                scene_open(scene);
                if (tasks)
                        (void)scene_add_chain(scene, tasks);
                scene_run_until(scene, is_enough, 0);
                if (is_enough != has_ended)
                        (void)raise(SIGKILL);
                scene_close(scene);
                _exit(0);
        }
        assert_int_equal(waitpid(daemon, &status, 0), daemon);
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void a_task_that_ends_the_daemon_is_found_and_failed(void **state) {
        static const struct {
                const char *tasks, *statuses;
                int deaths;
        } CASES[] = {
                { "note a, fatal-work b, note c", "Undone Error Hold", TASK_INTERRUPTION_MAX },
                /* Two more until it is suspected, as it leaves no mark. */
                { "note a, fatal b, note c", "Undone Error Hold", TASK_INTERRUPTION_MAX + 2 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                void *made;
                int deaths = 0;
                assert_int_equal(scene_new(&made), 0);
                Scene *scene = made;
                while (run_daemon(scene, deaths ? NULL : CASES[i].tasks, has_ended) && deaths < 20)
                        deaths++;
                assert_int_equal(deaths, CASES[i].deaths);
                scene_open(scene);
                scene_assert_statuses(scene, 1, CASES[i].statuses);
                scene_assert_change(scene, 1, "Error", "pawld itself ended 5 times");
                assert_false(scene_has_file(scene, "b"));
                scene_close(scene);
                assert_int_equal(scene_free(&made), 0);
        }
}

static bool is_at_work(Scene *scene, int64_t number) {
        (void)number;
        return scene_has_file(scene, "b");
}

static void open_gate(Scene *scene) {
        Error err;

        assert_true(file_write_atomic(scene->directory_fd, "gate", "", 0, 0600, &err) >= 0);
}

static void a_daemon_that_ends_in_order_blames_no_task(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        (void)scene_add_chain(scene, "note a, wait b, note c");
        for (int i = 0; i < TASK_INTERRUPTION_MAX + 3; i++) {
                scene_run_until(scene, is_at_work, 0);
                scene_close(scene);
                scene_open(scene);
        }
        open_gate(scene);
        scene_run_until_ready(scene, 1);
        scene_assert_statuses(scene, 1, "Done Done Done");
        scene_close(scene);
}

static int64_t count_attempts(Scene *scene) {
        struct stat status = { 0 };

        (void)fstatat(scene->directory_fd, "attempts", &status, 0);
        return status.st_size;
}

static bool has_died_twice(Scene *scene, int64_t number) {
        (void)number;
        return scene_count(scene, "SELECT max(deaths) FROM task") >= 2;
}

static void a_restart_does_not_forget_that_a_worker_died(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, crash b");
        scene_run_until(scene, has_died_twice, 0);
        scene_close(scene);
        scene_open(scene);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error");
        /* The third may have been killed with the first daemon. */
        assert_in_range(count_attempts(scene), WORKER_ATTEMPT_MAX, WORKER_ATTEMPT_MAX + 1);
        scene_close(scene);
}

static void set_interrupted(Scene *scene, int64_t ends) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        assert_int_equal(database_run(scene->database, &err,
                                      "UPDATE task SET status = 'Undoing', attempt = 1, "
                                      "interruptions = ? WHERE change = 1",
                                      "i", ends - 1),
                         1);
        scene_commit(&transaction);
}

/* Its world is half undone: given up late, and with the daemon in use meanwhile. */
static void an_undo_that_ends_the_daemon_is_tried_with_pauses(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        (void)scene_add_chain(scene, "work b");
        scene_run_until_ready(scene, 1);
        scene_close(scene);
        /* By hand: twenty real ones take an hour. */
        Database *database;
        Error err;
        autofree char *directory = string_format("%s/state", scene->directory);
        assert_int_equal(database_open(directory, &database, &err), 0);
        scene->database = database;
        autotransaction transaction = TRANSACTION_INIT;
        scene_begin(scene, &transaction);
        assert_int_equal(
                database_run(database, &err, "UPDATE change SET ready_at = NULL, is_clean = 0", ""),
                1);
        assert_int_equal(database_run(database, &err,
                                      "UPDATE task SET status = 'Undo', ready_at = NULL, "
                                      "is_clean = 0",
                                      ""),
                         1);
        scene_commit(&transaction);
        set_interrupted(scene, TASK_INTERRUPTION_MAX + 2);
        scene->database = database_close(database);
        int64_t before = clock_get_wall();
        clock_set_wall_for_test(before);
        scene_open(scene);
        clock_set_wall_for_test(0);
        scene_assert_statuses(scene, 1, "Undoing");
        int64_t retry_at = scene_count(scene, "SELECT retry_at FROM task");
        assert_int_equal((retry_at - before) / 1000000, 4000);
        set_interrupted(scene, TASK_UNDO_INTERRUPTION_MAX + 1);
        scene_close(scene);
        scene_open(scene);
        scene_run_until_ready(scene, 1);
        scene_assert_statuses(scene, 1, "Error");
        scene_assert_change(scene, 1, "Error", "pawld itself ended 20 times");
        scene_close(scene);
}

static void what_may_not_run_together_does_not(void **state) {
        static const char *const NAMES[] = { "p", "q", "r", "s" };
        Scene *scene = *state;
        int64_t change;

        scene_open(scene);
        {
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                change = scene_add_change(scene, "hello");
                for (size_t i = 0; i < ARRAY_COUNT(NAMES); i++)
                        (void)scene_add_task(scene, change, "alone", NAMES[i], 0);
                scene_commit(&transaction);
        }
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Done Done Done Done");
        scene_close(scene);
}

/* Its own lanes only: what is done in another stays. */
static void a_change_of_three_days_ago_is_aborted(void **state) {
        Scene *scene = *state;
        int64_t tasks[3], change;
        Error err;

        scene_open(scene);
        autotransaction transaction = TRANSACTION_INIT;
        scene_begin(scene, &transaction);
        change = scene_add_change(scene, "hello");
        tasks[0] = scene_add_task(scene, change, "note", "a", 0);
        tasks[1] = scene_add_task(scene, change, "wait-event", "b", tasks[0]);
        tasks[2] = scene_add_task(scene, change, "note", "c", 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(change_add_lane(scene->database, tasks[i], 1 + i / 2, &err), 0);
        scene_commit(&transaction);
        while (scene_count(scene, "SELECT count(*) FROM task WHERE status IN ('Do', 'Doing')"))
                (void)uv_run(&scene->loop, UV_RUN_ONCE);
        scene_assert_statuses(scene, change, "Done Wait Done");
        scene_begin(scene, &transaction);
        clock_set_wall_for_test(clock_get_wall() + 71 * HOUR_NS);
        assert_int_equal(change_abort_stale(scene->database, &err), 0);
        clock_set_wall_for_test(clock_get_wall() + 2 * HOUR_NS);
        assert_int_equal(change_abort_stale(scene->database, &err), 1);
        assert_int_equal(change_abort_stale(scene->database, &err), 0);
        clock_set_wall_for_test(0);
        scene_commit(&transaction);
        scene_assert_statuses(scene, change, "Undo Undo Done");
        scene_close(scene);
}

/* The next daemon runs nothing while a worker of the one before is at work. */
static void a_worker_of_a_killed_daemon_is_ended_before_anything_runs(void **state) {
        Scene *scene = *state;

        assert_int_equal(run_daemon(scene, "note a, exclusive b", is_at_work), 1);
        for (int i = 0; i < 3; i++) {
                Error err;
                assert_int_equal(tree_remove(scene->directory_fd, "b", &err), 0);
                assert_int_equal(run_daemon(scene, NULL, is_at_work), 1);
        }
        open_gate(scene);
        scene_open(scene);
        scene_run_until_ready(scene, 1);
        scene_assert_statuses(scene, 1, "Done Done");
        scene_close(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_new, scene_free)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(a_task_that_ends_the_daemon_is_found_and_failed),
                TEST(a_daemon_that_ends_in_order_blames_no_task),
                TEST(a_restart_does_not_forget_that_a_worker_died),
                TEST(an_undo_that_ends_the_daemon_is_tried_with_pauses),
                TEST(what_may_not_run_together_does_not),
                TEST(a_change_of_three_days_ago_is_aborted),
                TEST(a_worker_of_a_killed_daemon_is_ended_before_anything_runs),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
