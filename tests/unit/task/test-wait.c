/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks that wait: for another boot, another daemon, an event.
 */
#include <string.h>

#include "scene.h"
#include "state/verify.h"

static bool is_in_wait(Scene *scene, int64_t change) {
        (void)change;
        return scene_count(scene, "SELECT count(*) FROM task WHERE wait_name IS NOT NULL") == 1;
}

static void end_event(Scene *scene, const char *name, int expected_count) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        assert_int_equal(task_end_waits(scene->database, name, NULL, &err), expected_count);
        scene_commit(&transaction);
}

/* Several turns of an idle loop: what could go on would have. */
static void run_idle(Scene *scene) {
        for (int i = 0; i < 5; i++) {
                runner_wake(scene->runner);
                (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
        }
}

static void what_follows_a_task_that_waits_waits_too(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, wait-event b, note c");
        scene_run_until(scene, is_in_wait, change);
        run_idle(scene);
        scene_assert_statuses(scene, change, "Done Wait Do");
        scene_assert_trace(scene, "+a +b");
        end_event(scene, "another", 0);
        run_idle(scene);
        scene_assert_statuses(scene, change, "Done Wait Do");
        end_event(scene, "event", 1);
        scene_run_until_ready(scene, change);
        scene_assert_trace(scene, "+a +b !b +c");
        scene_assert_change(scene, change, "Done", "");
        scene_close(scene);
}

/* A restart is another daemon, and the same boot. */
static void a_wait_ends_with_what_it_is_for_and_with_nothing_else(void **state) {
        static const struct {
                const char *tasks, *before, *after;
        } CASES[] = {
                { "wait-daemon a, note b", "Wait Do", "Done Done" },
                { "wait-boot a, note b", "Wait Do", "Wait Do" },
                { "wait-event a, note b", "Wait Do", "Wait Do" },
        };
        Scene *scene = *state;
        int64_t waits_for;
        Error err;

        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                scene_open(scene);
                int64_t change = scene_add_chain(scene, CASES[i].tasks);
                scene_run_until(scene, is_in_wait, change);
                scene_assert_statuses(scene, change, CASES[i].before);
                assert_int_equal(
                        task_find_wait(scene->database, TASK_WAIT_DAEMON, &waits_for, &err),
                        i == 0);
                scene_close(scene);
                scene_open(scene);
                if (state_verify(scene->database, &err) < 0)
                        fail_msg("%s", err.message);
                if (strstr(CASES[i].after, "Done"))
                        scene_run_until_ready(scene, change);
                else
                        run_idle(scene);
                scene_assert_statuses(scene, change, CASES[i].after);
                if (i > 0) {
                        /* Another boot, as far as the state knows. */
                        autotransaction transaction = TRANSACTION_INIT;
                        scene_begin(scene, &transaction);
                        assert_true(database_run(scene->database, &err,
                                                 "UPDATE task SET wait_value = 'before' "
                                                 "WHERE wait_name = 'boot'",
                                                 "") >= 0);
                        scene_commit(&transaction);
                        scene_close(scene);
                        scene_open(scene);
                        if (i == 2)
                                end_event(scene, "event", 1);
                        scene_run_until_ready(scene, change);
                        scene_assert_statuses(scene, change, "Done Done");
                }
                static const char *const FORGET = "DELETE FROM setting";
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                assert_true(database_run(scene->database, &err, FORGET, "") >= 0);
                scene_commit(&transaction);
                scene_close(scene);
        }
}

static void an_abort_undoes_what_waits_at_once(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, wait-boot b, note c");
        scene_run_until(scene, is_in_wait, change);
        scene_abort(scene, change);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Undone Hold");
        scene_assert_trace(scene, "+a +b -b -a");
        scene_close(scene);
}

/* An undo that waits holds up the undo of what came before it; no second abort cuts that short. */
static void an_undo_may_wait_too(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, wait-event b, fail-plan c");
        scene_run_until(scene, is_in_wait, change);
        end_event(scene, "event", 1);
        scene_run_until(scene, is_in_wait, change);
        scene_assert_statuses(scene, change, "Undo Wait Error");
        scene_abort(scene, change);
        run_idle(scene);
        scene_assert_statuses(scene, change, "Undo Wait Error");
        scene_assert_trace(scene, "+a +b !b -b");
        end_event(scene, "event", 1);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Undone Error");
        scene_assert_trace(scene, "+a +b !b -b !b -a");
        scene_close(scene);
}

static void what_comes_back_wrong_is_undone_and_in_error(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, fail-resume-event b, note c");
        scene_run_until(scene, is_in_wait, change);
        end_event(scene, "event", 1);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error Hold");
        scene_assert_trace(scene, "+a +b -b -a");
        scene_assert_change(scene, change, "Error", "b came back as another");
        scene_close(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_new, scene_free)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(what_follows_a_task_that_waits_waits_too),
                TEST(a_wait_ends_with_what_it_is_for_and_with_nothing_else),
                TEST(an_abort_undoes_what_waits_at_once),
                TEST(an_undo_may_wait_too),
                TEST(what_comes_back_wrong_is_undone_and_in_error),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
