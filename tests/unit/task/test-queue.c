/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes that wait for their turn behind another one of the same snap.
 */
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "scene.h"
#include "state/verify.h"

static bool is_at_work(Scene *scene, int64_t change) {
        (void)change;
        return scene_has_file(scene, "b");
}

static void open_gate(Scene *scene) {
        Error err;

        assert_true(file_write_atomic(scene->directory_fd, "gate", "", 0, 0600, &err) >= 0);
}

/* The first is at work and stays so until the gate is open. */
static int64_t add_slow(Scene *scene) {
        int64_t change = scene_add_chain(scene, "note a, wait b");

        scene_run_until(scene, is_at_work, change);
        return change;
}

static void assert_conflict(Scene *scene, const char *expected) {
        static const char *const WANTED[] = { "hello" };
        Error err = ERROR_INIT;

        assert_int_equal(change_check_conflict(scene->database, WANTED, 1, &err), -1);
        assert_int_equal(err.kind, ERROR_CONFLICT);
        assert_string_equal(err.message, expected);
}

static void a_queued_change_is_planned_on_the_state_after_those_before_it(void **state) {
        Scene *scene = *state;
        Error err;

        scene_open(scene);
        int64_t first = add_slow(scene);
        int64_t second = scene_add_queued(scene, "q", 0);
        int64_t third = scene_add_queued(scene, "r", 0);
        scene_assert_statuses(scene, second, "Do");
        if (state_verify(scene->database, &err) < 0)
                fail_msg("%s", err.message);
        open_gate(scene);
        scene_run_until_ready(scene, second);
        scene_assert_change(scene, first, "Done", "");
        scene_assert_change(scene, second, "Done", "");
        autojson object = scene_describe(scene, second);
        assert_string_equal(json_get_string(object, "kind", ""), "remove-snap");
        assert_string_equal(json_get_string(object, "summary", ""), "Planned");
        scene_run_until_ready(scene, third);
        scene_assert_change(scene, third, "Done", "");
        scene_assert_trace(scene, "+a +b +q-after +q-done +r-after +r-done");
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM change WHERE is_queued"), 0);
        scene_close(scene);
}

static void a_conflict_names_what_is_in_the_way_and_how_far_it_is(void **state) {
        Scene *scene = *state;
        int64_t now = clock_get_wall();

        clock_set_wall_for_test(now); /* it is said to the second */
        scene_open(scene);
        (void)add_slow(scene);
        (void)scene_add_queued(scene, "q", 0);
        assert_conflict(scene, "snap \"hello\" has \"install-snap\" change in progress "
                               "(change 1, started 0 s ago, 1 of 2 steps done)");
        clock_set_wall_for_test(now + 185 * 1000000000LL);
        assert_conflict(scene, "snap \"hello\" has \"install-snap\" change in progress "
                               "(change 1, started 3 min ago, 1 of 2 steps done)");
        scene_abort(scene, 1);
        scene_run_until_ready(scene, 2);
        clock_set_wall_for_test(0);
        scene_close(scene);
}

static void what_is_only_queued_is_in_the_way_too(void **state) {
        Scene *scene = *state;

        clock_set_wall_for_test(clock_get_wall());
        scene_open(scene);
        (void)scene_add_queued(scene, "q", 0);
        assert_conflict(scene, "snap \"hello\" has \"install-snap\" change in progress "
                               "(change 1, queued 0 s ago)");
        clock_set_wall_for_test(0);
        scene_run_until_ready(scene, 1);
        scene_assert_trace(scene, "+q-before +q-done");
        scene_close(scene);
}

static void an_abort_takes_a_queued_change_out_at_once(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t first = add_slow(scene);
        int64_t second = scene_add_queued(scene, "q", 0);
        scene_abort(scene, second);
        scene_assert_change(scene, second, "Hold", "");
        scene_assert_statuses(scene, first, "Done Doing");
        open_gate(scene);
        scene_run_until_ready(scene, first);
        scene_assert_trace(scene, "+a +b");
        scene_close(scene);
}

static void whose_time_is_up_gives_up(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t first = add_slow(scene);
        int64_t second = scene_add_queued(scene, "q", clock_get_wall() + 50000000);
        scene_run_until_ready(scene, second);
        scene_assert_change(scene, second, "Error",
                            "snap \"hello\" has \"install-snap\" change in progress (change 1, ");
        scene_assert_statuses(scene, first, "Done Doing");
        open_gate(scene);
        scene_run_until_ready(scene, first);
        scene_assert_trace(scene, "+a +b");
        scene_close(scene);
}

static void a_queue_has_a_limit_for_each_snap(void **state) {
        Scene *scene = *state;
        const char *const hello = "hello", *const other = "other";
        Error err = ERROR_INIT;

        scene_open(scene);
        int64_t slow = add_slow(scene);
        for (int i = 0; i < QUEUE_LENGTH_PER_SNAP_MAX; i++) {
                assert_int_equal(change_check_queue(scene->database, &hello, 1, &err), 0);
                (void)scene_add_queued(scene, "q", 0);
        }
        assert_int_equal(change_check_queue(scene->database, &hello, 1, &err), -1);
        assert_int_equal(err.kind, ERROR_BUSY);
        assert_non_null(strstr(err.message, "snap \"hello\" has 50 changes queued already"));
        assert_int_equal(change_check_queue(scene->database, &other, 1, &err), 0);
        for (int i = QUEUE_LENGTH_PER_SNAP_MAX; i < QUEUE_LENGTH_MAX; i++)
                (void)scene_add_queued(scene, "q", 0);
        assert_int_equal(change_check_queue(scene->database, &other, 1, &err), -1);
        assert_non_null(strstr(err.message, "200 changes are queued already"));
        open_gate(scene);
        scene_run_until_ready(scene, slow);
        scene_close(scene);
}

static void a_queue_survives_a_restart(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        (void)add_slow(scene);
        int64_t second = scene_add_queued(scene, "q", clock_get_wall() + 60000000000);
        scene_close(scene);
        scene_open(scene);
        open_gate(scene);
        scene_run_until_ready(scene, second);
        scene_assert_trace(scene, "+a +b +q-after +q-done");
        scene_close(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_new, scene_free)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(a_queued_change_is_planned_on_the_state_after_those_before_it),
                TEST(a_conflict_names_what_is_in_the_way_and_how_far_it_is),
                TEST(what_is_only_queued_is_in_the_way_too),
                TEST(an_abort_takes_a_queued_change_out_at_once),
                TEST(whose_time_is_up_gives_up),
                TEST(a_queue_has_a_limit_for_each_snap),
                TEST(a_queue_survives_a_restart),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
