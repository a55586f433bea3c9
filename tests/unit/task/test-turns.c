/* SPDX-License-Identifier: Apache-2.0
 *
 * Who gets a worker when there are fewer workers than work.
 */
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/file.h"
#include "scene.h"
#include "task/batch.h"

/* Before any of it was begun a cleaning that is never passed over has had its turn. */
#define LOAD_MAX (WORKER_COUNT_MAX * 10)

static int64_t add_load(Scene *scene, const char *kind, const char *name) {
        autotransaction transaction = TRANSACTION_INIT;

        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, NULL);
        (void)scene_add_task(scene, change, kind, name, 0);
        scene_commit(&transaction);
        return change;
}

static bool are_all_busy(Scene *scene, int64_t count) {
        return scene_count(scene, "SELECT count(*) FROM task WHERE status = 'Doing'") == count;
}

/* More to begin than there are workers, whatever was begun meanwhile. */
static void keep_up_load(Scene *scene, int64_t *begun) {
        while (scene_count(scene, "SELECT count(*) FROM task WHERE status = 'Do'") <
               2 * WORKER_COUNT_MAX) {
                autofree char *name = string_format("load-%lld", (long long)++*begun);
                (void)add_load(scene, "work", name);
        }
}

static int64_t load_count;

static bool is_clean_under_load(Scene *scene, int64_t change) {
        int64_t at;
        Error err;

        keep_up_load(scene, &load_count);
        if (load_count > LOAD_MAX)
                fail_msg("%lld tasks were begun since, and the change is not cleaned up",
                         (long long)load_count);
        return database_find_int(scene->database, &at, &err,
                                 "SELECT 1 FROM change WHERE id = ? AND is_clean = 1", "i",
                                 change) == 1;
}

static void a_cleaning_by_a_worker_has_its_turn_under_steady_load(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        load_count = 0;
        int64_t change = scene_add_chain(scene, "clean-work a, work b");
        scene_run_until(scene, is_clean_under_load, change);
        assert_true(load_count >= 2 * WORKER_COUNT_MAX);
        assert_true(scene_has_file(scene, "a"));
        scene_close(scene);
}

static void set_retry(Scene *scene, int64_t change, int64_t at) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        assert_int_equal(database_run(scene->database, &err,
                                      "UPDATE task SET retry_at = ? WHERE change = ?", "ii", at,
                                      change),
                         1);
        scene_commit(&transaction);
}

static bool has_ticked;

static void on_tick(uv_timer_t *timer) {
        has_ticked = true;
        uv_close((uv_handle_t *)timer, NULL);
}

static bool is_after_tick(Scene *scene, int64_t number) {
        (void)scene;
        (void)number;
        return has_ticked;
}

static void start_tick(Scene *scene, uv_timer_t *timer) {
        has_ticked = false;
        assert_int_equal(uv_timer_init(&scene->loop, timer), 0);
        assert_int_equal(uv_timer_start(timer, on_tick, 50, 0), 0);
}

/* The loop goes round: an end of a worker, a client, a signal are heard. */
static void a_retry_that_is_due_while_all_workers_are_busy_stops_nothing(void **state) {
        static const struct itimerval PATIENCE = { .it_value.tv_sec = 120 }, NONE;
        Scene *scene = *state;
        uv_timer_t timer;
        Error err;

        scene_open(scene);
        for (int i = 0; i < WORKER_COUNT_MAX; i++) {
                autofree char *name = string_format("busy-%d", i);
                (void)add_load(scene, "wait", name);
        }
        scene_run_until(scene, are_all_busy, WORKER_COUNT_MAX);
        int64_t change = add_load(scene, "work", "late");
        set_retry(scene, change, clock_get_wall() - 1000000000);
        /* Otherwise this test would never end. */
        assert_int_equal(setitimer(ITIMER_REAL, &PATIENCE, NULL), 0);
        start_tick(scene, &timer);
        scene_run_until(scene, is_after_tick, 0);
        assert_true(file_write_atomic(scene->directory_fd, "gate", "", 0, 0600, &err) >= 0);
        scene_run_until_ready(scene, change);
        assert_int_equal(setitimer(ITIMER_REAL, &NONE, NULL), 0);
        assert_true(scene_has_file(scene, "late"));
        scene_close(scene);
}

static int commit_count;

static void count_commits(bool is_after) {
        commit_count += is_after;
}

/* A change of two tasks, begun in the transaction that makes it. */
static int64_t add_begun(Scene *scene, const char *first_kind, bool is_committed) {
        autotransaction transaction = TRANSACTION_INIT;

        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, NULL);
        int64_t first = scene_add_task(scene, change, first_kind, "a", 0);
        (void)scene_add_task(scene, change, "wait", "b", first);
        runner_begin(scene->runner, &transaction, change);
        if (is_committed)
                scene_commit(&transaction);
        transaction_done(&transaction);
        runner_begun(scene->runner, is_committed);
        return change;
}

static void open_gate(Scene *scene) {
        Error err;

        assert_true(file_write_atomic(scene->directory_fd, "gate", "", 0, 0600, &err) >= 0);
}

static void the_first_steps_of_a_change_are_durable_with_it(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t other = add_load(scene, "note", "other");
        commit_count = 0;
        database_set_commit_probe_for_test(count_commits);
        int64_t change = add_begun(scene, "note", true);
        database_set_commit_probe_for_test(NULL);
        assert_int_equal(commit_count, 1);
        scene_assert_statuses(scene, change, "Done Doing");
        /* Of another change nothing is at stake in this transaction. */
        scene_assert_statuses(scene, other, "Do");
        open_gate(scene);
        scene_run_until_ready(scene, change);
        scene_assert_change(scene, change, "Done", "");
        scene_assert_trace(scene, "+a +other +b");
        scene_close(scene);
}

static void a_first_step_that_fails_leaves_the_change(void **state) {
        static const struct {
                const char *kind, *tasks, *status;
        } CASES[] = { { "retry", "Done Done", "Done" },
                      { "fail-plan", "Error Hold", "Error" },
                      { "no-such-kind", "Error Hold", "Error" } };
        Scene *scene = *state;

        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                scene_open(scene);
                open_gate(scene);
                int64_t change = add_begun(scene, CASES[i].kind, true);
                scene_assert_statuses(scene, change, "Do Do");
                scene_run_until_ready(scene, change);
                scene_assert_statuses(scene, change, CASES[i].tasks);
                scene_assert_change(scene, change, CASES[i].status, "");
                scene_close(scene);
        }
}

static void what_was_begun_and_not_committed_has_never_been(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        (void)add_begun(scene, "note", false);
        assert_false(runner_is_working(scene->runner));
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM task"), 0);
        assert_false(scene_has_row(scene, "a"));
        scene_close(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_new, scene_free)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(a_cleaning_by_a_worker_has_its_turn_under_steady_load),
                TEST(a_retry_that_is_due_while_all_workers_are_busy_stops_nothing),
                TEST(the_first_steps_of_a_change_are_durable_with_it),
                TEST(a_first_step_that_fails_leaves_the_change),
                TEST(what_was_begun_and_not_committed_has_never_been),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
