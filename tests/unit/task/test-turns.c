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
        static const struct itimerval PATIENCE = { .it_value.tv_sec = 20 }, NONE;
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_new, scene_free)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(a_cleaning_by_a_worker_has_its_turn_under_steady_load),
                TEST(a_retry_that_is_due_while_all_workers_are_busy_stops_nothing),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
